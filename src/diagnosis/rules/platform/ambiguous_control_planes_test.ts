import assert from "node:assert/strict";
import { timeText } from "../../core_events.ts";
import type { Facts } from "../../facts.ts";
import { NOW } from "../../testing.ts";
import { ambiguousControlPlanes as rule } from "./ambiguous_control_planes.ts";

/** As the aggregated API says it. */
const WHY = 'GET /x: several deployments of this namespace have one called "acme.ann.dev": ' +
  "name one of blue.acme.ann.dev, green.acme.ann.dev";

function facts(why: string, changes: Partial<Facts> = {}): Facts {
  return {
    subject: { kind: "workspace", namespace: "lab", name: "acme.ann.dev" },
    now: NOW,
    workspace: { state: "unread", what: "get coderworkspace lab/acme.ann.dev", kind: "failed", why },
    ...changes,
  };
}

Deno.test("a name that means two workspaces is told with both whole names", () => {
  const planes = [{ metadata: { name: "green" } }, { metadata: { name: "blue" } }];
  const [finding] = rule.find(facts(WHY, { controlPlanes: { state: "seen", value: planes as never } }));
  assert.equal(
    finding?.cause,
    "The name acme.ann.dev means workspaces of 2 control planes of namespace lab (blue, green): " +
      "use blue.acme.ann.dev or green.acme.ann.dev.",
  );
  assert.equal(finding.confidence, "certain");
  const at = timeText(NOW);
  assert.deepEqual(finding.evidence, [
    { source: "answer of the aggregated API", at, quote: WHY },
    { source: "control planes of namespace lab", at, quote: "blue, green" },
  ]);
  assert.deepEqual(finding.next, [{
    text: "Ask about that of control plane blue.",
    command: "coder-k8s diagnose workspace blue.acme.ann.dev -n lab",
    tool: { name: "diagnose_workspace", arguments: { namespace: "lab", name: "blue.acme.ann.dev" } },
  }, {
    text: "Ask about that of control plane green.",
    command: "coder-k8s diagnose workspace green.acme.ann.dev -n lab",
    tool: { name: "diagnose_workspace", arguments: { namespace: "lab", name: "green.acme.ann.dev" } },
  }]);
});

Deno.test("it is told without the control planes, too", () => {
  assert.equal(rule.find(facts(WHY))[0]?.evidence.length, 1);
});

Deno.test("a workspace that could be read, or was not for another reason, is not ambiguous", () => {
  assert.deepEqual(rule.find(facts("the server could not be reached")), []);
  assert.deepEqual(
    rule.find(facts('several deployments of this namespace have one called "x": name one of a.x')),
    [],
  );
  assert.deepEqual(rule.find(facts(WHY, { workspace: { state: "absent" } })), []);
  assert.deepEqual(rule.find(facts(WHY, { workspace: { state: "seen", value: {} as never } })), []);
});
