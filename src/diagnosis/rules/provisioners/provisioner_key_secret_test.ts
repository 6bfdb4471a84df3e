import assert from "node:assert/strict";
import { timeText } from "../../core_events.ts";
import type { SecretFacts } from "../../kubernetes_facts.ts";
import { NOW } from "../../testing.ts";
import { provisionerKeySecret as rule } from "./provisioner_key_secret.ts";
import { ago, facts, provisioner, seen, unread } from "./testing.ts";

const brought = provisioner({ spec: { key: { existingSecret: "my-key" } } });

function secret(changes: Partial<SecretFacts> = {}) {
  return seen([{
    namespace: "lab",
    name: "my-key",
    isThere: true,
    usedBy: "spec.key.existingSecret",
    isOptional: false,
    neededKeys: ["key"],
    keys: { key: 43 },
    type: "Opaque",
    ...changes,
  }]);
}

Deno.test("a Secret that is missing is named, with how to make it", () => {
  const [finding] = rule.find(facts({
    provisioner: seen(brought),
    secrets: secret({ isThere: false, keys: {} }),
  }));
  assert.equal(
    finding?.cause,
    "The Secret lab/my-key with the key of provisioner lab/gpu (spec.key.existingSecret) does not exist.",
  );
  assert.deepEqual(finding.evidence, [
    { source: "Secret lab/my-key", at: timeText(NOW), quote: "not found" },
  ]);
  assert.match(finding.next[0]?.command ?? "", /^kubectl -n lab create secret generic my-key .*key="\$KEY"/);
});

Deno.test("a Secret with another key is named, with what it has and how to name that", () => {
  const [finding] = rule.find(facts({
    provisioner: seen(brought),
    secrets: secret({ keys: { token: 43 } }),
  }));
  assert.match(finding?.cause ?? "", /lab\/my-key has nothing at the key key/);
  assert.equal(finding?.evidence[0]?.quote, "it has the keys token");
  assert.equal(
    finding.next[0]?.command,
    `kubectl -n lab patch coderprovisioner gpu --type merge -p '{"spec":{"key":{"secretKey":"token"}}}'`,
  );
});

Deno.test("an empty key is no key", () => {
  const changes = { provisioner: seen(brought), secrets: secret({ keys: { key: 0 } }) };
  const [finding] = rule.find(facts(changes));
  assert.equal(finding?.evidence[0]?.quote, "it has the keys key");
  assert.equal(finding.next.length, 2);
  const [empty] = rule.find(facts({ ...changes, secrets: secret({ keys: {} }) }));
  assert.equal(empty?.evidence[0]?.quote, "it is empty");
});

Deno.test("the operator's own Secret is mended by a new key, and is given time at first", () => {
  const gone = facts().secrets;
  assert.ok(gone?.state === "seen");
  const secrets = seen(gone.value.map((one) => ({ ...one, isThere: false, keys: {} })));
  const [finding] = rule.find(facts({ secrets }));
  assert.match(finding?.cause ?? "", /lab\/gpu-provisioner-key .*\(the operator's own\) does not exist/);
  assert.equal(finding?.next[0]?.tool?.name, "rotate_provisioner_key");
  const young = provisioner({ metadata: { creationTimestamp: ago(5) } });
  assert.deepEqual(rule.find(facts({ secrets, provisioner: seen(young) })), []);
});

Deno.test("where the Secret may not be read, what the operator says of it counts", () => {
  const why = ["SecretMissing", "The Secret does not exist or has no key"] as const;
  const object = provisioner({ refused: { ProvisionerKeySecretReady: why } });
  const missed = [{ what: "get Secret lab/gpu-provisioner-key", why: "forbidden" }];
  const some = rule.find(facts({ provisioner: seen(object), secrets: { state: "seen", value: [], missed } }));
  assert.equal(some.length, 1, "others could be read");
  const [finding] = rule.find(facts({ provisioner: seen(object), secrets: unread }));
  assert.equal(finding?.cause, "The Secret lab/gpu-provisioner-key with the provisioner key cannot be used.");
  assert.equal(finding.evidence[0]?.quote, `${why[0]}: ${why[1]}`);
  assert.deepEqual(rule.find(facts({ provisioner: seen(object) })), [], "it is there again");
});

Deno.test("nothing is said of a Secret that is in order or was not read", () => {
  assert.deepEqual(rule.find(facts()), []);
  assert.deepEqual(rule.find(facts({ provisioner: seen(brought), secrets: secret() })), []);
  assert.deepEqual(rule.find(facts({ secrets: unread })), []);
  assert.deepEqual(rule.find({ subject: facts().subject, now: NOW }), []);
});
