import assert from "node:assert/strict";
import { WriteBench } from "./testing/bench.ts";

Deno.test("a part of an object is not written", async () => {
  const bench = new WriteBench();
  bench.put("a");
  for (const verb of ["update", "patch"] as const) {
    const { code, reason } = await bench.ask(verb, "a", {}, { subresource: "status" });
    assert.deepEqual([code, reason], [405, "MethodNotAllowed"]);
  }
  assert.deepEqual(bench.target.calls, []);
});

Deno.test("a patch of no known kind is refused with those that there are", async () => {
  const bench = new WriteBench();
  const { code, message } = await bench.ask("patch", "a", "", { contentType: "text/plain" });
  assert.equal(code, 415);
  for (
    const known of ["json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"]
  ) {
    assert.ok(message.includes(`application/${known}`), message);
  }
});

Deno.test("a mistake of the kind is nobody's fault but ours", async () => {
  const bench = new WriteBench();
  bench.target.hook = () => {
    throw new TypeError("a mistake");
  };
  await assert.rejects(bench.ask("delete", "a"), TypeError);
  assert.deepEqual(bench.records.map(({ code, reason }) => [code, reason]), [[500, "InternalError"]]);
});

Deno.test("writers that write at the same time write one after the other", async () => {
  const bench = new WriteBench();
  bench.put("a");
  const labels = Array.from({ length: 4 }, (_, index) => `l${index}`);
  const answers = await Promise.all(
    labels.map((label) => bench.ask("patch", "a", { metadata: { labels: { [label]: "x" } } })),
  );
  assert.deepEqual(answers.map(({ code }) => code), [200, 200, 200, 200]);
  assert.deepEqual(Object.keys((await bench.find("a"))!.metadata.labels!).sort(), labels);
});
