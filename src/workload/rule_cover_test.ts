import assert from "node:assert/strict";
import type { PolicyRule } from "../api/kubernetes/types.ts";
import { covers, narrowed } from "./rule_cover.ts";
import { allows, everyRequest, randomRule, seeded } from "./testing/rbac_rules.ts";
import { standardRules } from "./workspace_rbac.ts";

const rule = (resources: string[], verbs: string[], resourceNames?: string[]): PolicyRule => ({
  apiGroups: [""],
  resources,
  verbs,
  ...(resourceNames && { resourceNames }),
});

Deno.test("several rules cover one together", () => {
  const held = [rule(["pods", "services"], ["get"]), rule(["pods"], ["list"]), rule(["services"], ["*"])];
  assert.ok(covers(held, rule(["pods", "services"], ["get", "list"])));
  assert.ok(!covers(held, rule(["pods"], ["get", "watch"])));
  assert.ok(!covers(held, { ...rule(["pods"], ["get"]), apiGroups: ["apps"] }));
  assert.ok(!covers([], rule(["pods"], ["get"])));
});

Deno.test("wildcards cover what they stand for, and are covered by wildcards alone", () => {
  const all: PolicyRule = { apiGroups: ["*"], resources: ["*"], verbs: ["*"] };
  assert.ok(covers([all], rule(["secrets"], ["get"])));
  assert.ok(covers([all], rule(["*"], ["*"])));
  assert.ok(!covers([rule(["pods"], ["get"])], rule(["*"], ["get"])));
  assert.ok(covers([rule(["*/status"], ["get"])], rule(["pods/status"], ["get"])));
  assert.ok(!covers([rule(["*/status"], ["get"])], rule(["pods"], ["get"])));
});

Deno.test("names narrow a rule", () => {
  const named = rule(["configmaps"], ["get"], ["a", "b"]);
  assert.ok(covers([rule(["configmaps"], ["get"])], named));
  assert.ok(covers([named], rule(["configmaps"], ["get"], ["a"])));
  assert.ok(!covers([named], rule(["configmaps"], ["get"])));
  assert.ok(!covers([named], rule(["configmaps"], ["get"], ["a", "c"])));
});

Deno.test("paths that are no resources are covered by nothing", () => {
  const urls: PolicyRule = { nonResourceURLs: ["/metrics"], verbs: ["get"] };
  assert.ok(!covers([urls], urls));
});

Deno.test("what gives nothing is covered by nothing, and never comes out", () => {
  const all: PolicyRule = { apiGroups: ["*"], resources: ["*"], verbs: ["*"] };
  const empty: PolicyRule[] = [
    { verbs: ["get"] },
    { apiGroups: [], resources: ["pods"], verbs: ["get"] },
    { apiGroups: [""], resources: ["pods"], verbs: [] },
    { nonResourceURLs: ["/metrics"], verbs: ["get"] },
  ];
  for (const each of empty) {
    assert.ok(!covers([all, each], each), JSON.stringify(each));
    assert.deepEqual(narrowed([each], [all, each]), []);
  }
});

Deno.test("a rule of very many combinations is covered by itself alone, in no time", () => {
  const many = Array.from({ length: 500 }, (_, i) => `r${i}`);
  const huge: PolicyRule = { apiGroups: many, resources: many, verbs: many };
  const started = performance.now();
  assert.ok(covers([huge], huge));
  assert.ok(!covers([huge], { ...huge, verbs: many.slice(1) }));
  assert.ok(performance.now() - started < 5_000);
});

Deno.test("rules that are within the limit stay as they are, others shrink to what both say", () => {
  const limit = standardRules(false);
  assert.deepEqual(narrowed(standardRules(true), limit), limit);
  assert.deepEqual(
    narrowed([rule(["pods", "services"], ["get", "sign"])], limit),
    [rule(["pods"], ["get"])],
  );
  assert.deepEqual(narrowed([rule(["*"], ["get"])], [rule(["pods"], ["*"])]), [rule(["pods"], ["get"])]);
  assert.deepEqual(narrowed([rule(["*/log"], ["get"])], [rule(["pods/log", "pods"], ["get"])]), [
    rule(["pods/log"], ["get"]),
  ]);
  assert.deepEqual(narrowed([rule(["pods"], ["get"])], []), []);
});

Deno.test("shared names are the ones that both name", () => {
  const named = (...names: string[]) => rule(["configmaps"], ["get", "list"], names);
  const less = (...names: string[]) => rule(["configmaps"], ["get"], names);
  assert.deepEqual(narrowed([named("a", "b")], [less("b", "c")]), [less("b")]);
  assert.deepEqual(narrowed([named("a")], [less("b")]), []);
  assert.deepEqual(narrowed([rule(["configmaps"], ["get", "list"])], [less("b")]), [less("b")]);
  assert.deepEqual(narrowed([named("a")], [rule(["configmaps"], ["get"])]), [less("a")]);
});

Deno.test("what comes out never gives more than either side, and nothing less than both", () => {
  const random = seeded(7);
  const requests = everyRequest();
  let shrunk = 0;
  for (let i = 0; i < 400; i++) {
    const some = () => Array.from({ length: 1 + Math.floor(random() * 3) }, () => randomRule(random));
    const [wanted, limit] = [some(), some()];
    const result = narrowed(wanted, limit);
    for (const request of requests) {
      assert.equal(
        allows(result, request),
        allows(wanted, request) && allows(limit, request),
        JSON.stringify({ wanted, limit, result, request }),
      );
    }
    if (result.length > 0) shrunk++;
    for (const each of wanted) {
      if (!covers(limit, each)) continue;
      const open = requests.find((request) => allows([each], request) && !allows(limit, request));
      assert.equal(open, undefined, JSON.stringify({ each, limit, open }));
    }
  }
  assert.ok(shrunk > 50, `${shrunk}`);
});
