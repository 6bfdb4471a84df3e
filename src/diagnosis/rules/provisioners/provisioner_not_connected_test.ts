import assert from "node:assert/strict";
import { timeText } from "../../core_events.ts";
import { NOW } from "../../testing.ts";
import { provisionerNotConnected as rule } from "./provisioner_not_connected.ts";
import { absent, ago, daemon, facts, offline, pod, seen, unread } from "./testing.ts";

Deno.test("pods that are ready while Coder has no daemon of theirs are named", () => {
  const others = [daemon({ name: "built-in-1", keyName: "built-in" })];
  const [finding] = rule.find(facts({ daemons: seen(others) }));
  assert.equal(
    finding?.cause,
    `1 pod of provisioner lab/gpu is ready since ${ago(300)}, and no daemon of it is connected to Coder.`,
  );
  assert.deepEqual(finding.evidence, [{
    source: "provisioner daemons of the organization default in Coder",
    at: timeText(NOW),
    quote: "1 connected, none of them with the key gpu-1a2b",
  }]);
  assert.deepEqual(finding.next.map(({ command }) => command), [
    "kubectl -n lab logs deployment/provisioner-gpu --tail=50",
    "kubectl -n lab get networkpolicies",
  ]);
});

Deno.test("a daemon that was there says when it was seen last", () => {
  const [finding] = rule.find(facts({
    pods: seen([pod(), pod({ name: "provisioner-gpu-1", readyFor: 900 })]),
    daemons: seen([
      daemon({ name: "older", status: "offline", lastSeenAt: ago(5_000) }),
      daemon({ status: "offline", lastSeenAt: ago(200) }),
    ]),
  }));
  assert.match(finding?.cause ?? "", new RegExp(`^2 pods .* are ready since ${ago(900)}`));
  assert.deepEqual(finding?.evidence[0], {
    source: "daemon provisioner-gpu-0 in Coder",
    at: ago(200),
    quote: "offline, version v2.30.0, key gpu-1a2b",
  });
});

Deno.test("a pod that is ready only now, or one daemon that is connected, is in order", () => {
  assert.deepEqual(rule.find(facts()), []);
  assert.deepEqual(rule.find(offline({ pods: seen([pod({ readyFor: 20 })]) })), []);
  assert.deepEqual(rule.find(facts({ daemons: seen([daemon({ keyName: "another", status: "busy" })]) })), []);
});

Deno.test("a Coder that shows neither daemons nor keys proves nothing, and one that shows keys does", () => {
  assert.equal(rule.find(offline()).length, 1);
  for (const keys of [seen([]), unread]) assert.deepEqual(rule.find(offline({ keys })), []);
});

Deno.test("nothing is said without pods, and nothing where Coder or pods were not read", () => {
  assert.deepEqual(rule.find(offline({ pods: seen([]) })), []);
  for (const gap of [unread, absent]) {
    assert.deepEqual(rule.find(facts({ daemons: gap })), []);
    assert.deepEqual(rule.find(offline({ pods: gap })), []);
    assert.deepEqual(rule.find(offline({ provisioner: gap })), []);
  }
});
