import assert from "node:assert/strict";
import { Agent } from "node:https";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { gadget } from "./testing/gadgets.ts";
import { LiveServer } from "./testing/live_server.ts";

const ROOT = "/apis/gadgets.coder.test/v1alpha1";

const PATHS = [
  "/gadgets",
  "/namespaces/n/gadgets",
  "/namespaces/n/gadgets/a",
  "/namespaces/n/gadgets/a/status",
  "/nothings",
  "",
  "/",
  "/watch/gadgets",
  "/namespaces/n",
];
const SEGMENTS = [
  "",
  "a",
  "..",
  "%2e%2e",
  "%2F",
  "%",
  "%c3%28",
  "%00",
  "a%20b",
  "A",
  "%C3%A9",
  "*",
  "gadgets",
  "namespaces",
  "watch",
  "a".repeat(300),
];
const KEYS = [
  "labelSelector",
  "fieldSelector",
  "limit",
  "continue",
  "resourceVersion",
  "resourceVersionMatch",
  "watch",
  "timeoutSeconds",
  "allowWatchBookmarks",
  "sendInitialEvents",
  "pretty",
  "includeObject",
  "timeout",
  "dryRun",
  "x",
];
const VALUES = [
  "",
  "0",
  "1",
  "true",
  "false",
  "-1",
  "1e9",
  "99999999999999999999",
  "a",
  "a=b",
  "a in (b,c)",
  "!a",
  "a,,b",
  "((((",
  "metadata.name=a",
  "metadata.name=..",
  "spec.color=red",
  "spec.none=1",
  "\\",
  "%",
  "\u0000",
  "💥",
  "NotOlderThan",
  "Exact",
  "Metadata",
  "x".repeat(5_000),
  "eyJ2IjoiY29kZXIvdjEifQ",
];
const ACCEPTS = [
  "application/json",
  "*/*",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "text/html",
  ";;;",
  "application/json;as=Table",
  "a".repeat(2_000),
];
const METHODS = ["GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

Deno.test("whatever is asked, the answer is one that a client can read, and never a mistake of ours", async () => {
  await using live = await LiveServer.start();
  for (const name of ["a", "b", "c"]) live.storage.put(gadget("n", name));
  const random = seededRandom(443);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const codes = new Map<number, number>();
  const ask = async () => {
    let path = random() < 0.7 ? ROOT + pick(random, PATHS) : "";
    for (let more = below(random, 3); more > 0; more--) path += `/${pick(random, SEGMENTS)}`;
    const query = Array.from({ length: below(random, 4) }, () => [pick(random, KEYS), pick(random, VALUES)]);
    // A watch that goes on would be no answer.
    const target = `${path || "/"}?${new URLSearchParams(
      [...query, ["timeoutSeconds", "1"]] as [string, string][],
    )}`;
    const method = pick(random, METHODS);
    const answer = await live.open(target, { method, headers: { Accept: pick(random, ACCEPTS) }, agent });
    const code = answer.statusCode ?? 0;
    codes.set(code, (codes.get(code) ?? 0) + 1);
    assert.ok(code >= 200 && code < 500, `${method} ${target}: ${code}`);
    if (answer.headers["transfer-encoding"] === "chunked") {
      answer.destroy();
      return;
    }
    let text = "";
    for await (const piece of answer) text += String(piece);
    if (code >= 400 && method !== "HEAD") {
      const status = JSON.parse(text);
      assert.deepEqual([status.kind, status.code], ["Status", code], target);
    }
  };
  for (let round = 0; round < 250; round++) await Promise.all([ask(), ask(), ask(), ask()]);
  agent.destroy();
  for (const code of [200, 400, 404, 405, 406]) {
    assert.ok(codes.has(code), `no answer was ${code}: ${[...codes.keys()]}`);
  }
  assert.deepEqual(live.logLines.filter(({ level }) => level === "error"), []);
});
