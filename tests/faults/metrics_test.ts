import assert from "node:assert/strict";
import { sampleOf } from "./metrics.ts";

const TEXT = `# HELP reconciles_total Passes.
# TYPE reconciles_total counter
reconciles_total{controller="a",result="success"} 3
reconciles_total{controller="a",result="error"} 1
reconciles_total{controller="b",result="success"} 5
reconciles_total_bogus{controller="a"} 100
plain 1.5e3
quoted{text="a,\\"b\\"=1",other="x"} 7
`;

Deno.test("samples of one name are added up", () => {
  assert.equal(sampleOf(TEXT, "reconciles_total"), 9);
});

Deno.test("labels narrow the choice down", () => {
  assert.equal(sampleOf(TEXT, "reconciles_total", { controller: "a" }), 4);
  assert.equal(sampleOf(TEXT, "reconciles_total", { result: "success", controller: "b" }), 5);
  assert.equal(sampleOf(TEXT, "reconciles_total", { controller: "c" }), 0);
});

Deno.test("samples without labels and odd label values are read", () => {
  assert.equal(sampleOf(TEXT, "plain"), 1500);
  assert.equal(sampleOf(TEXT, "quoted", { other: "x" }), 7);
});

Deno.test("a name that is not there counts as zero", () => {
  assert.equal(sampleOf(TEXT, "absent"), 0);
});
