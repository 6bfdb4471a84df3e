import assert from "node:assert/strict";
import { timeText } from "../../core_events.ts";
import { NOW } from "../../testing.ts";
import { provisionerControlPlane as rule } from "./provisioner_control_plane_not_ready.ts";
import { absent, ago, facts, offline, provisioner, seen, unread } from "./testing.ts";

function unavailable(message: string, spec = {}) {
  return seen(provisioner({ spec, refused: { ControlPlaneReady: ["ControlPlaneUnavailable", message] } }));
}

Deno.test("a control plane that does not exist is named", () => {
  const [finding] = rule.find(offline({ controlPlane: absent }));
  assert.equal(
    finding?.cause,
    "Provisioner lab/gpu names the control plane lab/coder, which does not exist.",
  );
  assert.deepEqual(finding.evidence, [
    { source: "CoderControlPlane lab/coder", at: timeText(NOW), quote: "not found" },
  ]);
  assert.deepEqual(finding.next.map(({ command }) => command), [
    "kubectl -n lab edit coderprovisioner gpu",
    "kubectl -n lab get codercontrolplanes",
  ]);
});

Deno.test("one of another namespace that does not let it in is named, with the annotation that would", () => {
  const message = "CoderControlPlane core/coder does not exist, or is not for this namespace: " +
    "its annotation coder.com/used-from: lab/gpu would allow it";
  const spec = { controlPlaneRef: { namespace: "core", name: "coder" } };
  const [finding] = rule.find(offline({ provisioner: unavailable(message, spec) }));
  assert.equal(
    finding?.cause,
    "The control plane core/coder is not for provisioner lab/gpu: its annotation coder.com/used-from does not name it.",
  );
  assert.equal(
    finding.next[0]?.command,
    "kubectl -n core annotate codercontrolplane coder coder.com/used-from=lab/gpu --overwrite",
  );
});

Deno.test("what else the operator says of it is told as it is", () => {
  const [finding] = rule.find(offline({ provisioner: unavailable("it is being deleted") }));
  assert.equal(
    finding?.cause,
    "Provisioner lab/gpu cannot use its control plane lab/coder: it is being deleted",
  );
  assert.equal(finding.evidence[0]?.quote, "ControlPlaneUnavailable: it is being deleted");
});

Deno.test("a control plane that is not ready is where to look next", () => {
  const conditions = [{
    type: "Ready",
    status: "False",
    reason: "PodsUnavailable",
    message: "no pod is ready",
    lastTransitionTime: ago(60),
  }];
  const controlPlane = seen(
    { metadata: { namespace: "lab", name: "coder" }, status: { conditions } } as never,
  );
  const [finding] = rule.find(offline({ controlPlane }));
  assert.equal(
    finding?.cause,
    "The control plane lab/coder of provisioner lab/gpu is not ready: no pod is ready",
  );
  assert.equal(finding.confidence, "likely");
  assert.deepEqual(finding.next[0]?.tool, {
    name: "diagnose_control_plane",
    arguments: { namespace: "lab", name: "coder" },
  });
  assert.deepEqual(rule.find(facts({ controlPlane })), [], "its daemons are connected");
});

Deno.test("nothing is said of a control plane that is ready or could not be read", () => {
  assert.deepEqual(rule.find(offline()), []);
  assert.deepEqual(rule.find(offline({ controlPlane: unread })), []);
  assert.deepEqual(rule.find(offline({ controlPlane: seen({} as never) })), []);
  assert.deepEqual(rule.find(offline({ provisioner: unread, controlPlane: absent })), []);
});
