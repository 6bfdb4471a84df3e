import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { Redactor } from "../../telemetry/redactor.ts";
import { mcpAudit } from "./audit.ts";

function core(mcpAuditLog: string) {
  return {
    config: { mcpAuditLog } as never,
    redactor: new Redactor(),
    log: silentLogger,
    metrics: noMetrics,
  };
}

Deno.test("calls are written to the file that is named, without what the process knows as secret", async () => {
  const path = await Deno.makeTempFile();
  try {
    const given = core(path);
    given.redactor.add("hunter2hunter2");
    const audit = mcpAudit(given);
    audit.write({ caller: "ann", tool: "list_workspaces", message: "it was hunter2hunter2" } as never);
    await audit.flush.run();
    assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), {
      caller: "ann",
      tool: "list_workspaces",
      message: "it was [redacted]",
    });
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a file that cannot be written to is said before anything is served", () => {
  assert.throws(
    () => mcpAudit(core("/no/such/directory/audit.log")),
    /The audit log \/no\/such\/directory\/audit.log/,
  );
});
