import assert from "node:assert/strict";
import type { PolicyRule } from "../api/kubernetes/types.ts";
import { allows, everyRequest, randomRule, seeded } from "./testing/rbac_rules.ts";
import { standardRules } from "./workspace_rbac.ts";
import { MAX_COMBINATIONS, ruleRefusal } from "./workspace_rbac_guard.ts";

const rule = (group: string, resource: string, ...verbs: string[]): PolicyRule => ({
  apiGroups: [group],
  resources: [resource],
  verbs: verbs.length === 0 ? ["get"] : verbs,
});

Deno.test("what workspaces need is accepted", () => {
  const accepted = [
    ...standardRules(true),
    rule("", "services", "create", "delete"),
    rule("", "configmaps", "get"),
    rule("", "pods/exec", "create"),
    rule("", "pods/portforward", "create"),
    rule("", "serviceaccounts", "get", "create"),
    rule("batch", "*", "create"),
    rule("networking.k8s.io", "ingresses", "patch"),
    rule("aggregation.coder.com", "coderworkspaces", "get"),
    rule("", "*/status", "get"),
    rule("", "secretstores", "get"),
  ];
  for (const each of accepted) assert.equal(ruleRefusal(each), undefined, JSON.stringify(each));
});

Deno.test("what leads further is refused, and the reason says to what", () => {
  const rows: [PolicyRule, RegExp][] = [
    [rule("", "secrets"), /^reaches Secrets$/],
    [{ ...rule("", "secrets"), resourceNames: ["one"] }, /Secrets/],
    [{ apiGroups: ["apps", ""], resources: ["pods", "secrets"], verbs: ["get"] }, /Secrets/],
    [rule("", "serviceaccounts/token", "create"), /tokens of ServiceAccounts/],
    [rule("", "*/token", "create"), /tokens of ServiceAccounts.*in the place of \*/],
    [rule("", "*"), /Secrets, tokens of ServiceAccounts.*in the place of \*/],
    [rule("*", "secrets"), /Secrets/],
    [rule("*", "pods"), /Roles and RoleBindings/],
    [rule("rbac.authorization.k8s.io", "roles"), /Roles and RoleBindings/],
    [rule("rbac.authorization.k8s.io", "*", "list"), /Roles and RoleBindings/],
    [rule("authentication.k8s.io", "tokenreviews", "create"), /identities/],
    [rule("coder.com", "codercontrolplanes", "update"), /the operator acts on/],
    [rule("", "pods", "escalate"), /"escalate"/],
    [rule("", "pods", "bind"), /"bind"/],
    [rule("", "users", "impersonate"), /"impersonate"/],
    [rule("", "pods", "*"), /"escalate".*"bind".*"impersonate"/],
    [rule(" ", " Secrets "), /Secrets/],
  ];
  for (const [each, reason] of rows) assert.match(ruleRefusal(each) ?? "", reason, JSON.stringify(each));
});

Deno.test("a rule that no Role can hold is refused, so that it does not take the others with it", () => {
  assert.match(ruleRefusal({ nonResourceURLs: ["/metrics"], verbs: ["get"] }) ?? "", /nonResourceURLs/);
  for (const part of ["apiGroups", "resources", "verbs"]) {
    assert.match(ruleRefusal({ ...rule("", "pods"), [part]: [] }) ?? "", /at least one/, part);
  }
  assert.match(ruleRefusal({ verbs: ["get"] }) ?? "", /at least one/);
});

Deno.test("a rule of too many combinations is refused in no time", () => {
  const many = Array.from({ length: 1_000 }, (_, i) => `r${i}`);
  const started = performance.now();
  assert.match(
    ruleRefusal({ apiGroups: many, resources: many, verbs: many, resourceNames: many }) ?? "",
    new RegExp(`${MAX_COMBINATIONS}`),
  );
  assert.ok(performance.now() - started < 2_000);
  const most = Array.from({ length: MAX_COMBINATIONS }, (_, i) => `r${i}`);
  assert.equal(ruleRefusal({ apiGroups: ["apps"], resources: most, verbs: ["get"] }), undefined);
});

Deno.test("no set of rules that is accepted reaches Secrets, tokens, RBAC or the rights of others", () => {
  const random = seeded(4);
  const dangerous = everyRequest().filter(({ group, resource, verb }) =>
    (group === "" && ["secrets", "serviceaccounts/token"].includes(resource)) ||
    ["rbac.authorization.k8s.io", "coder.com", "authentication.k8s.io"].includes(group) ||
    ["escalate", "bind", "impersonate"].includes(verb)
  );
  let accepted = 0;
  let refused = 0;
  for (let i = 0; i < 3_000; i++) {
    const rules = Array.from({ length: 1 + Math.floor(random() * 3) }, () => randomRule(random));
    const left = rules.filter((each) => ruleRefusal(each) === undefined);
    accepted += left.length;
    refused += rules.length - left.length;
    const reached = left.length === 0 ? undefined : dangerous.find((request) => allows(left, request));
    assert.equal(reached, undefined, `${JSON.stringify(left)} reaches ${JSON.stringify(reached)}`);
  }
  assert.ok(accepted > 300 && refused > 300, `${accepted} accepted, ${refused} refused`);
});

Deno.test("a rule is only refused where it does reach something of the kind", () => {
  const random = seeded(5);
  const sensitive = [
    ...everyRequest(),
    { group: "", resource: "secrets", verb: "get", name: "a" },
  ].filter(({ group, resource, verb }) =>
    (group === "" && /^secrets|^serviceaccounts\/token/.test(resource)) ||
    /^(rbac\.authorization|authentication)\.k8s\.io$|^coder\.com$/.test(group) ||
    /^(escalate|bind|impersonate)$/.test(verb)
  );
  for (let i = 0; i < 2_000; i++) {
    // Without names and odd subresources: a rule reaches what the requests above can say.
    const { resourceNames: _, ...each } = randomRule(random);
    if (ruleRefusal(each) === undefined) continue;
    const groups = each.apiGroups ?? [];
    const reaches = sensitive.some((request) => allows([each], request)) ||
      groups.some((group) => /^(\*|rbac|authentication|coder)/.test(group)) ||
      each.verbs.some((verb) => /^(\*|escalate|bind|impersonate)$/.test(verb));
    assert.ok(reaches, JSON.stringify(each));
  }
});
