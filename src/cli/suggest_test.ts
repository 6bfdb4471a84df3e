import assert from "node:assert/strict";
import { editDistance, suggest } from "./suggest.ts";

Deno.test("the distance counts inserts, deletes, replacements and swaps", () => {
  assert.equal(editDistance("", ""), 0);
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(editDistance("abc", ""), 3);
  assert.equal(editDistance("level", "level"), 0);
  assert.equal(editDistance("level", "leve"), 1);
  assert.equal(editDistance("level", "lovel"), 1);
  assert.equal(editDistance("level", "leevl"), 1, "two neighbours swapped are one mistake");
  assert.equal(editDistance("kitten", "sitting"), 3);
});

const names = [
  "log-level",
  "log-format",
  "leader-elect",
  "leader-election-namespace",
  "namespace",
  "kubeconfig",
];

Deno.test("a near miss is answered with the name that was meant", () => {
  assert.equal(suggest("log-levle", names), "log-level");
  assert.equal(suggest("loglevel", names), "log-level");
  assert.equal(suggest("LOG_LEVEL", names), "log-level");
  assert.equal(suggest("leader-elct", names), "leader-elect");
  assert.equal(suggest("kube-config", names), "kubeconfig");
});

Deno.test("a part that only one name has is enough", () => {
  assert.equal(suggest("format", names), "log-format");
});

Deno.test("nothing is suggested where nothing is near", () => {
  assert.equal(suggest("qqqqqq", names), undefined);
  assert.equal(suggest("", names), undefined);
  assert.equal(suggest("--", names), undefined);
  assert.equal(suggest("leader", names), undefined, "two names begin so");
  assert.equal(suggest("x", []), undefined);
});
