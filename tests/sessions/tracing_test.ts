/** Traces, from an MCP client's call to the process that it starts, at a collector. */
import assert from "node:assert/strict";
import { type Collector, type SeenSpan, startCollector } from "../../src/telemetry/testing/collector.ts";
import { type ConnectedClient, LATEST } from "../mcp/clients.ts";
import { startProcess } from "./process.ts";
import { CALLERS, type SandboxRig, startRig } from "./rig.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const SHOW = "echo quiet-words; echo $TRACEPARENT";

/** A client whose requests all have these headers. */
function clientOf(rig: SandboxRig, headers: Readonly<Record<string, string>>): Promise<ConnectedClient> {
  const withHeaders: typeof fetch = (input, init) => {
    const all = new Headers(init?.headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    return fetch(input, { ...init, headers: all });
  };
  return LATEST.connect({ url: `${rig.url}/mcp`, token: CALLERS.ann, fetch: withHeaders });
}

/** Runs `SHOW`. Returns the `TRACEPARENT` that it saw. */
async function shown(client: ConnectedClient): Promise<string> {
  const { isError, text, structured } = await client.call("run.command", { command: SHOW });
  assert.equal(isError, false, text);
  const lines = String(structured!["stdout"]).split("\n");
  assert.equal(lines[0], "quiet-words");
  return lines[1]!;
}

/** The span of a `traceparent`, and all that it is below, outwards. */
function pathOf({ spans }: Collector, traceparent: string): SeenSpan[] {
  const path: SeenSpan[] = [];
  for (let id: string | undefined = traceparent.split("-")[2]; id !== undefined;) {
    const found: SeenSpan | undefined = spans.find(({ spanId }) => spanId === id);
    if (found !== undefined) path.push(found);
    id = found?.parentSpanId;
  }
  return path;
}

Deno.test("a call is one trace, from the client by way of the worker to the process", async () => {
  await using collector = startCollector();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20hidden-words",
  };
  await using rig = await startRig({ env, args: ["--log-level=debug"], workerArgs: ["--log-level=debug"] });
  let seen: string;
  {
    await using client = await clientOf(rig, { traceparent: PARENT });
    seen = await shown(client);
    const missing = await client.call("fs.read", { path: "quiet-words" });
    assert.equal(missing.isError, true);
  }
  const worker = rig.worker("w1");
  // What is left is sent at the end.
  assert.equal(await worker.stop(), 0);
  assert.equal(await rig.coordinator.stop(), 0);

  const path = pathOf(collector, seen);
  assert.deepEqual(path.map(({ name, kind, service }) => [name, kind, service]), [
    ["process", 1, "coder-k8s-worker"],
    ["task run.command", 2, "coder-k8s-worker"],
    ["task run.command", 3, "coder-k8s-coordinator"],
    ["session.call", 1, "coder-k8s-coordinator"],
    ["tools/call run.command", 2, "coder-k8s-coordinator"],
  ]);
  assert.equal(path.at(-1)!.parentSpanId, "00f067aa0ba902b7");
  const mine = collector.spans.filter(({ traceId }) => traceId === TRACE);
  assert.ok(path.every((span) => mine.includes(span)));
  const sessions = new Set(path.map(({ values }) => values["session.id"]));
  assert.equal(sessions.size, 1);
  assert.match(String([...sessions][0]), /^sess-/);
  assert.equal(path[2]!.values["worker.id"], "w1");
  assert.deepEqual(path.map(({ status }) => status), Array(5).fill({}));
  // The session was made by the same call.
  assert.ok(mine.some(({ name, kind }) => name === "task session.open" && kind === 3));
  // What failed says so, by its code, at each step.
  const failed = mine.filter(({ status }) => status.code === 2);
  assert.deepEqual(
    failed.map(({ name, kind, values }) => `${name} ${kind} ${values["error.type"]}`).sort(),
    [
      "session.call 1 not_found",
      "task fs.read 2 not_found",
      "task fs.read 3 not_found",
      "tools/call fs.read 2 not_found",
    ],
  );

  // Logs and records can be found by it, and nothing of what was done or is secret is anywhere it should not be.
  for (const { lines } of [rig.coordinator, worker]) {
    const found = lines.filter((line) => line.includes(`"trace_id":"${TRACE}"`));
    assert.ok(found.some((line) => line.includes("run.command")), lines.join("\n"));
    assert.ok(lines.every((line) => !line.includes("hidden-words")));
  }
  assert.ok(rig.coordinator.lines.some((line) => line.includes("caller_method") && line.includes(TRACE)));
  assert.doesNotMatch(JSON.stringify(collector.spans), /quiet-words|hidden-words/);
  assert.ok(
    collector.requests.every(({ headers }) => headers.get("authorization") === "Bearer hidden-words"),
  );
});

Deno.test("a caller's trace is recorded where the caller wants it, and others as often as is set", async () => {
  await using collector = startCollector();
  const env = {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/mine`,
    OTEL_SERVICE_NAME: "sandboxes",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0",
  };
  await using rig = await startRig({ embedded: true, env });
  await using without = await clientOf(rig, {});
  const own = await shown(without);
  assert.match(own, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  await using unwanted = await clientOf(rig, { traceparent: PARENT.replace(/01$/, "00") });
  assert.ok((await shown(unwanted)).startsWith(`00-${TRACE}-`));
  await using wanted = await clientOf(rig, { traceparent: PARENT.replace(TRACE, "f".repeat(32)) });
  const seen = await shown(wanted);
  assert.match(await rig.metrics(), /^coder_k8s_spans_exported_total/m);
  assert.equal(await rig.coordinator.stop(), 0);
  assert.deepEqual(new Set(collector.spans.map(({ traceId }) => traceId)), new Set(["f".repeat(32)]));
  assert.equal(pathOf(collector, seen).length, 5);
  assert.deepEqual(new Set(collector.spans.map(({ service }) => service)), new Set(["sandboxes"]));
  assert.deepEqual(new Set(collector.requests.map(({ path }) => path)), new Set(["/mine"]));
});

Deno.test("without a collector nothing is recorded, and the caller's trace reaches the process", async () => {
  await using rig = await startRig({ embedded: true });
  await using client = await clientOf(rig, { traceparent: PARENT });
  assert.equal(await shown(client), PARENT);
  await using other = await clientOf(rig, { traceparent: "$(reboot)" });
  assert.equal(await shown(other), "");
  assert.doesNotMatch(await rig.metrics(), /coder_k8s_spans/);
});

Deno.test("a variable that cannot be ends the start, and is named", async () => {
  await using process = startProcess({
    args: ["coordinator", "--bind-address=127.0.0.1:0", "--metrics-bind-address=0", "--embedded-worker"],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://me:hidden-words@collector" },
  });
  assert.equal(await process.ended, 1);
  const said = process.lines.join("\n");
  assert.match(said, /OTEL_EXPORTER_OTLP_ENDPOINT must not have a user or a password/);
  assert.doesNotMatch(said, /hidden-words/);
});
