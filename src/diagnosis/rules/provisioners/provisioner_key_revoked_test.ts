import assert from "node:assert/strict";
import { timeText } from "../../core_events.ts";
import { NOW } from "../../testing.ts";
import { provisionerKeyRevoked as rule } from "./provisioner_key_revoked.ts";
import { absent, ago, daemon, facts, logOf, offline, provisioner, seen, unread } from "./testing.ts";

const BROUGHT = { spec: { key: { existingSecret: "my-key", secretKey: "token" } } };

Deno.test("a key that Coder no longer lists is named, with how to have a new one", () => {
  const [finding, ...more] = rule.find(offline({ keys: seen([{ name: "other-1", tags: {} }]) }));
  assert.deepEqual(more, []);
  assert.equal(
    finding?.cause,
    "The provisioner key gpu-1a2b is no longer good in Coder: the daemons of lab/gpu cannot sign in.",
  );
  assert.equal(finding.confidence, "certain");
  assert.deepEqual(finding.evidence, [{
    source: "provisioner keys of the organization default in Coder",
    at: timeText(NOW),
    quote: "other-1; gpu-1a2b of lab/gpu is not among them",
  }]);
  assert.deepEqual(finding.next[0]?.tool, {
    name: "rotate_provisioner_key",
    arguments: { namespace: "lab", name: "gpu" },
  });
  assert.match(finding.next[0]?.command ?? "", /^kubectl -n lab annotate coderprovisioner gpu coder\.com/);
});

Deno.test("what the operator has seen counts where keys cannot be listed", () => {
  const why = [
    "KeyGone",
    "The key in the Secret is of no use: somebody deleted the present one in Coder",
  ] as const;
  const object = provisioner({ refused: { ProvisionerKeySecretReady: why } });
  const [finding] = rule.find(offline({ provisioner: seen(object), keys: unread }));
  assert.deepEqual(finding?.evidence, [{
    source: "condition ProvisionerKeySecretReady of provisioner lab/gpu",
    at: ago(300),
    quote: `${why[0]}: ${why[1]}`,
  }]);
  const listed = rule.find(offline({ provisioner: seen(object) }));
  assert.deepEqual(listed, [], "Coder lists it again");
});

Deno.test("a daemon that says that its key is refused names a key that somebody brought", () => {
  const line = "2026-11-22 07:59:01 [warn] connect: status code 401: provisioner daemon key invalid";
  const [finding] = rule.find(offline({
    provisioner: seen(provisioner({ ...BROUGHT, status: { provisionerKeyName: "" } })),
    keys: absent,
    ...logOf("starting provisioner daemon", line, "retrying"),
  }));
  assert.equal(
    finding?.cause,
    "Coder refuses the provisioner key in the Secret my-key: the daemons of lab/gpu cannot sign in.",
  );
  assert.deepEqual(finding.evidence, [{
    source: "log of pod lab/provisioner-gpu-0, container provisioner",
    quote: line,
  }]);
  assert.deepEqual(finding.next.map(({ command }) => command), [
    "coder provisioner keys create gpu --org default --tag env=gpu",
    'kubectl -n lab create secret generic my-key --from-literal=token="$KEY" --dry-run=client -o yaml | ' +
    "kubectl -n lab apply -f -",
    "kubectl -n lab logs deployment/provisioner-gpu --tail=50",
  ]);
});

Deno.test("names of keys are one name whatever their case, and an old log counts no more once one is connected", () => {
  assert.deepEqual(rule.find(facts()), []);
  assert.deepEqual(rule.find(offline({ keys: seen([{ name: "GPU-1A2B", tags: {} }]) })), []);
  assert.deepEqual(rule.find(facts(logOf("provisioner daemon key invalid"))), []);
  assert.deepEqual(rule.find(facts({ daemons: seen([daemon({ status: "busy" })]), keys: unread })), []);
});

Deno.test("nothing is said of what was not read, of one that is being deleted, or has no key yet", () => {
  assert.deepEqual(rule.find({ subject: facts().subject, now: NOW }), []);
  assert.deepEqual(rule.find(offline({ keys: unread, podLogs: unread })), []);
  const deleted = provisioner({ metadata: { deletionTimestamp: ago(5) } });
  assert.deepEqual(rule.find(offline({ provisioner: seen(deleted), keys: seen([]) })), []);
  const young = provisioner({ status: { provisionerKeyName: undefined } });
  assert.deepEqual(rule.find(offline({ provisioner: seen(young), keys: seen([]) })), []);
});

Deno.test("an organization without any key says so", () => {
  const [finding] = rule.find(offline({ keys: seen([]) }));
  assert.equal(finding?.evidence[0]?.quote, "no keys; gpu-1a2b of lab/gpu is not among them");
});
