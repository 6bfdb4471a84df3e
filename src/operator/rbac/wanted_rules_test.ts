import assert from "node:assert/strict";
import type { PolicyRule } from "../../api/kubernetes/types.ts";
import { standardRules } from "../../workload/workspace_rbac.ts";
import { wantedRules } from "./wanted_rules.ts";

const rule = (resource: string): PolicyRule => ({ apiGroups: [""], resources: [resource], verbs: ["get"] });
const where = (index: number) => `rule ${index} of it`;

Deno.test("the standard rules come first, with Deployments where they are enabled", () => {
  for (const enableDeployments of [true, false]) {
    const wanted = wantedRules({ enableDeployments, extraRules: [] }, where);
    assert.deepEqual(wanted.map((each) => each.rule), standardRules(enableDeployments));
    assert.ok(wanted.every((each) => each.where === "the standard rules" && each.refusal === undefined));
  }
});

Deno.test("rules of the spec are named by their place, with why they are refused", () => {
  const extraRules = [rule("services"), rule("secrets"), { verbs: ["get"] }];
  const wanted = wantedRules({ enableDeployments: false, extraRules }, where).slice(2);
  assert.deepEqual(wanted.map((each) => [each.where, each.refusal]), [
    ["rule 0 of it", undefined],
    ["rule 1 of it", "reaches Secrets"],
    ["rule 2 of it", "needs at least one of each of apiGroups, resources and verbs"],
  ]);
  assert.deepEqual(wanted.map((each) => each.rule), extraRules);
});
