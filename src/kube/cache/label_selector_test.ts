import assert from "node:assert/strict";
import { labelMatcher } from "./label_selector.ts";

const web = { app: "coder", tier: "web" };

const cases: [selector: string | undefined, labels: Record<string, string>, matches: boolean][] = [
  [undefined, {}, true],
  ["", web, true],
  ["app=coder", web, true],
  ["app==coder", web, true],
  ["app = coder", web, true],
  ["app=other", web, false],
  ["app=coder", {}, false],
  ["app!=coder", web, false],
  ["app!=other", web, true],
  ["app!=coder", {}, true],
  ["app=", { app: "" }, true],
  ["app=", web, false],
  ["app", web, true],
  ["app", {}, false],
  ["!app", web, false],
  ["! app", {}, true],
  ["tier in (web,db)", web, true],
  ["tier in ( db , web )", web, true],
  ["tier in (db)", web, false],
  ["tier in (db)", {}, false],
  ["tier notin (db)", web, true],
  ["tier notin (web,db)", web, false],
  ["tier notin (web)", {}, true],
  ["app=coder,tier in (web,db),!legacy", web, true],
  ["app=coder,tier in (web,db),!legacy", { ...web, legacy: "" }, false],
  ["app.kubernetes.io/managed-by=coder-k8s", { "app.kubernetes.io/managed-by": "coder-k8s" }, true],
  ["in=out", { in: "out" }, true],
];

for (const [selector, labels, matches] of cases) {
  Deno.test(`${JSON.stringify(selector)} ${matches ? "matches" : "does not match"} ${JSON.stringify(labels)}`, () => {
    assert.equal(labelMatcher(selector)(labels), matches);
  });
}

for (const selector of ["a b", "a in", "a in (b", "=x", "a=b=c", "a=(b)"]) {
  Deno.test(`${JSON.stringify(selector)} is refused with the forms that are understood`, () => {
    assert.throws(() => labelMatcher(selector), { name: "SyntaxError", message: /key notin \(a,b\)/ });
  });
}
