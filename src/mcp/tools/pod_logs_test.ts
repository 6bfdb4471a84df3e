import assert from "node:assert/strict";
import { toolRig } from "../testing.ts";
import { memoryCluster, refusal } from "./kubernetes_testing.ts";
import { getPodLogs } from "./pod_logs.ts";

const POD = { namespace: "lab", name: "coder-0" };
const numbered = (count: number, of = (index: number) => `line ${index}`) =>
  Array.from({ length: count }, (_, index) => `${of(index)}\n`).join("");
const rigOf = (log: string) => {
  const cluster = memoryCluster({ log });
  const rig = toolRig({ cluster });
  return {
    cluster,
    rig,
    get: (args: Record<string, unknown> = {}) => rig.run(getPodLogs, { ...POD, ...args }),
  };
};

Deno.test("a log is told as it is, the newest 2000 lines of it", async () => {
  const { get, cluster } = rigOf(numbered(2_500));
  const { output } = await get();
  const lines = String(output["logs"]).split("\n");
  assert.deepEqual([lines.length, lines[0], lines.at(-1)], [2_000, "line 500", "line 2499"]);
  assert.deepEqual(cluster.asked, ["text pods lab/coder-0 log tailLines=2000"]);
});

Deno.test("all that can be asked of the API server is handed on", async () => {
  const { get, cluster } = rigOf("a\n");
  await get({ container: "x", tailLines: 5, previous: true, sinceSeconds: 60, timestamps: true });
  await get({ tailLines: null, limitBytes: null });
  assert.deepEqual(cluster.asked, [
    "text pods lab/coder-0 log container=x&tailLines=5&previous=true&sinceSeconds=60&timestamps=true",
    "text pods lab/coder-0 log tailLines=2000",
  ]);
});

Deno.test("what does not fit are the oldest lines, and the answer says how to get them", async () => {
  const { output, text } = await rigOf(numbered(100)).get({ limitBytes: 24 });
  assert.equal(output["logs"], "line 97\nline 98\nline 99\n(truncated)");
  assert.match(
    String((output["warnings"] as string[])[0]),
    /grep, sinceSeconds or tailLines, or raise limitBytes/,
  );
  assert.match(
    text,
    /^Untrusted data, a pod's log, .*\n<<<(\w+)\nline 97\nline 98\nline 99\n\(truncated\)\n\1>>>\nNote: Older/,
  );
});

Deno.test("limits are those of the Go server", async () => {
  const { get } = rigOf(`${numbered(30_000, (index) => `line ${index} ${"x".repeat(60)}`)}`);
  for (const limitBytes of [0, -1, null, 99_999_999]) {
    const { output } = await get({ limitBytes, tailLines: 30_000 });
    const size = new TextEncoder().encode(String(output["logs"])).length;
    assert.ok(size > 1_048_400 && size <= 1_048_576 + "\n(truncated)".length, String(size));
    assert.ok(String(output["logs"]).endsWith("\n(truncated)"));
    assert.ok(!String((output["warnings"] as string[])[0]).includes("raise"));
  }
});

Deno.test("repeated lines are one, and the newest can be the first", async () => {
  const { get } = rigOf("a\nb\nb\nb\nc\n");
  assert.equal((await get()).output["logs"], "a\nb (×3)\nc");
  assert.equal((await get({ newestFirst: true })).output["logs"], "c\nb (×3)\na");
});

Deno.test("a search goes further back than the tail", async () => {
  const { get, cluster } = rigOf(
    numbered(10_000, (index) => index % 1_000 === 0 ? `Error ${index}` : `ok ${index}`),
  );
  const { output, text } = await get({ grep: "error", tailLines: 2 });
  assert.deepEqual(output, { logs: "Error 8000\nError 9000", matched: 10 });
  assert.match(text, /^matched: 10\n/);
  assert.deepEqual(cluster.asked, ["text pods lab/coder-0 log tailLines=50000"]);
  assert.deepEqual((await get({ grep: "nothing" })).output, { logs: "", matched: 0 });
  assert.equal((await get({ grep: "nothing" })).text, "matched: 0\nlogs: none");
});

Deno.test("a search that has not seen all says so", async () => {
  const { output } = await rigOf(numbered(60_000)).get({ grep: "line 5" });
  assert.match(String((output["warnings"] as string[]).join()), /Only the newest 50000 lines were searched/);
});

Deno.test("a log of long lines is read from its end", async () => {
  const long = "y".repeat(20_000);
  const { get, cluster } = rigOf(numbered(2_000, (index) => `${index} ${long}`));
  const { output } = await get({ limitBytes: 50_000 });
  const lines = String(output["logs"]).split("\n").map((line) => line.split(" ")[0]);
  assert.deepEqual(lines, ["1998", "1999", "(truncated)"]);
  assert.ok(cluster.asked.length <= 4, cluster.asked.join("\n"));
  const one = await rigOf(`${"ä".repeat(5_000_000)}\n`).get({ limitBytes: 1_000 });
  assert.match(String(one.output["logs"]), /^ä+…\n\(truncated\)$/);
});

Deno.test("tokens that a program has written are not told", async () => {
  const { output } = await rigOf("start\nCODER_SESSION_TOKEN=abcdef\nend\n").get();
  assert.equal(output["logs"], "start\nCODER_SESSION_TOKEN=[redacted]\nend");
});

Deno.test("refusals begin as the Go server's did", async () => {
  const cluster = memoryCluster({ refuse: () => refusal(404, "NotFound", 'pods "coder-0" not found') });
  const rig = toolRig({ cluster });
  const error = await rig.refuses(getPodLogs, POD);
  assert.deepEqual([error.code, error.message], [
    "not_found",
    'stream logs for pod lab/coder-0: pods "coder-0" not found',
  ]);
  assert.equal((await rig.refuses(getPodLogs, { ...POD, name: "" })).message, "name is required");
});
