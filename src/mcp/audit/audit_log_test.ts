import assert from "node:assert/strict";
import { CountingMetrics } from "../../kube/testing/counting_metrics.ts";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { Redactor } from "../../telemetry/redactor.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import type { McpAuditRecord } from "../surface.ts";
import { AuditLog, type AuditLogOptions, openAuditLog } from "./audit_log.ts";

const RECORD: McpAuditRecord = {
  time: "2026-11-22T00:00:00.000Z",
  level: "info",
  method: "tools/call",
  caller: "ann",
  caller_method: "token",
  tool: "list_workspaces",
  arguments: { namespace: "lab" },
  duration_ms: 3,
  success: true,
  changed: false,
};

/** A place to write to that is as slow, or as broken, as a test wants it. */
class Paper {
  text = "";
  writes = 0;
  isClosed = false;
  fault: unknown;
  /** Waited for before each write. */
  gate: Promise<unknown> = Promise.resolve();

  async write(bytes: Uint8Array): Promise<void> {
    this.writes++;
    await this.gate;
    if (this.fault !== undefined) throw this.fault;
    this.text += new TextDecoder().decode(bytes);
  }

  close() {
    this.isClosed = true;
  }

  get records() {
    return this.text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }
}

function rig(options: Partial<AuditLogOptions> = {}) {
  const paper = new Paper();
  const clock = new FakeClock();
  const metrics = new CountingMetrics();
  const { logger, lines } = recordingLogger();
  const audit = new AuditLog({
    target: paper,
    redactor: new Redactor(),
    clock,
    metrics,
    log: logger,
    ...options,
  });
  const count = (result: string) => metrics.get("coder_k8s_mcp_audit_records_total", { result });
  return { paper, clock, lines, audit, count };
}

Deno.test("every call is a line of JSON", async () => {
  const { paper, audit, count } = rig();
  const second = { ...RECORD, success: false, level: "warn" as const, error: "forbidden", message: "no" };
  audit.write(RECORD);
  audit.write(second);
  await audit.close();
  assert.deepEqual(paper.records, [RECORD, second]);
  assert.equal(paper.writes, 1);
  assert.ok(paper.text.endsWith("\n"));
  assert.equal(count("written"), 2);
  assert.ok(paper.isClosed);
});

Deno.test("a place that is slow holds nobody up, and what is too much is lost, counted and said once", async () => {
  const { paper, audit, count, lines } = rig({ maxWaiting: 2_000 });
  const gate = Promise.withResolvers<void>();
  paper.gate = gate.promise;
  for (let index = 0; index < 100; index++) audit.write({ ...RECORD, tool: `tool_${index}` });
  assert.equal(paper.text, "");
  gate.resolve();
  await audit.close();
  assert.ok(paper.records.length > 0 && paper.records.length < 20);
  assert.equal(count("written") + count("lost"), 100);
  assert.equal(count("written"), paper.records.length);
  assert.deepEqual(lines.map(({ message, fields }) => [message, fields["why"]]), [
    ["records of calls are lost", "it is too slow"],
  ]);
});

Deno.test("where writing fails, it is tried again with what comes later, and nothing is written twice", async () => {
  const { paper, clock, audit, count, lines } = rig();
  paper.fault = new Error("No space left on device");
  audit.write(RECORD);
  await clock.advance(0);
  audit.write({ ...RECORD, tool: "second" });
  await clock.advance(999);
  paper.fault = undefined;
  await clock.advance(1);
  assert.deepEqual(paper.records.map(({ tool }) => tool), ["second"]);
  assert.deepEqual([count("lost"), count("written")], [1, 1]);
  assert.equal(lines.length, 1);
  // Said again when it begins again.
  paper.fault = new Error("No space left on device");
  audit.write(RECORD);
  await clock.advance(2_000);
  assert.equal(lines.length, 2);
  await audit.close();
});

Deno.test("the end does not wait for a place that takes nothing", async () => {
  const { paper, clock, audit, count } = rig();
  paper.gate = new Promise(() => {});
  audit.write(RECORD);
  await clock.advance(0);
  audit.write(RECORD);
  const closed = audit.close();
  await clock.advance(2_000);
  await closed;
  assert.equal(count("lost"), 1);
  audit.write(RECORD);
  assert.equal(count("lost"), 2);
});

Deno.test("nothing is written where nothing is asked for", async () => {
  const audit = openAuditLog("off", { redactor: new Redactor() });
  audit.write(RECORD);
  await audit.close();
});

Deno.test("a path is a file", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/audit.log`;
    const audit = openAuditLog(path, { redactor: new Redactor() });
    audit.write(RECORD);
    await audit.close();
    assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), RECORD);
    assert.throws(
      () => openAuditLog(`${directory}/no/such`, { redactor: new Redactor() }),
      /cannot be written to/,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a dash is standard output", async () => {
  const program = `
    import { openAuditLog } from "./src/mcp/audit/mod.ts";
    import { Redactor } from "./src/telemetry/redactor.ts";
    const audit = openAuditLog("-", { redactor: new Redactor() });
    for (let index = 0; index < 3; index++) audit.write({ tool: \`tool_\${index}\` });
    await audit.close();
    await Deno.stdout.write(new TextEncoder().encode("still open\\n"));
  `;
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", program],
    cwd: new URL("../../../", import.meta.url),
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert.ok(success);
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  assert.deepEqual(lines, ['{"tool":"tool_0"}', '{"tool":"tool_1"}', '{"tool":"tool_2"}', "still open"]);
});
