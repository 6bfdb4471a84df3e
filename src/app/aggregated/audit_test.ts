import assert from "node:assert/strict";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { PrometheusMetrics } from "../../telemetry/prometheus.ts";
import { createAudit } from "./audit.ts";

Deno.test("every entry is a line that says who, what and what came of it, and is counted", async () => {
  const metrics = new PrometheusMetrics();
  const { logger, lines } = recordingLogger();
  const audit = createAudit(logger, metrics);
  const at = new Date("2026-01-01T00:00:00Z");
  audit.write({
    at,
    by: "alice",
    action: "change workspace",
    workspace: { id: "1", owner: "alice", name: "dev" },
    changes: { running: false },
    calls: [{ call: "stop build", result: "ok" }],
    result: "done",
    message: "it is being stopped",
  });
  audit.template({
    at,
    by: "bob",
    action: "delete template",
    template: { organization: "acme", name: "docker" },
    changes: {},
    calls: [],
    result: "refused",
    message: "it has workspaces",
  });
  audit.request({
    user: { name: "carol", uid: "", groups: [], extra: {} },
    verb: "patch",
    kind: "CoderWorkspace",
    key: { namespace: "lab", name: "acme.alice.dev" },
    uid: "1",
    manager: "kubectl",
    changed: ["metadata.labels[a]"],
    code: 409,
    reason: "Conflict",
  });
  assert.deepEqual(lines.map(({ message, fields }) => [message, fields["by"], fields["audit"]]), [
    ["change workspace: done", "alice", true],
    ["delete template: refused", "bob", true],
    ["patch CoderWorkspace: Conflict", "carol", true],
  ]);
  assert.equal(lines[0]?.fields["at"], "2026-01-01T00:00:00.000Z");
  assert.deepEqual(lines[0]?.fields["calls"], [{ call: "stop build", result: "ok" }]);
  const text = await metrics.text();
  assert.match(text, /coder_k8s_writes_total\{action="change workspace",result="done"\} 1/);
  assert.match(text, /coder_k8s_writes_total\{action="delete template",result="refused"\} 1/);
});
