import assert from "node:assert/strict";
import { matchesLabels, selector } from "./label_selector.ts";
import { missingRights, policyRule } from "./policy_rules.ts";
import { resourceOf } from "./resource_names.ts";
import { endpointSlice, readyAddresses } from "./shapes.ts";

Deno.test("plurals are those of the API server", () => {
  const known = {
    NetworkPolicy: "networkpolicies",
    Ingress: "ingresses",
    Gateway: "gateways",
    HTTPRoute: "httproutes",
    PriorityClass: "priorityclasses",
    APIService: "apiservices",
    ServiceAccount: "serviceaccounts",
    Endpoints: "endpoints",
  };
  for (const [kind, plural] of Object.entries(known)) assert.equal(resourceOf(kind), plural);
});

Deno.test("rights are compared one by one, with wildcards, names and subresources", () => {
  const rule = (text: object) => policyRule.parse(text);
  const wanted = [rule({
    apiGroups: ["apps"],
    resources: ["deployments", "deployments/status"],
    verbs: ["get"],
    resourceNames: ["a"],
  })];
  assert.deepEqual(missingRights(wanted, []), ["get deployments.apps a", "get deployments/status.apps a"]);
  assert.deepEqual(
    missingRights(wanted, [rule({ apiGroups: ["apps"], resources: ["deployments"], verbs: ["*"] })]),
    [
      "get deployments/status.apps a",
    ],
  );
  assert.deepEqual(
    missingRights(wanted, [
      rule({ apiGroups: ["*"], resources: ["deployments"], verbs: ["get"], resourceNames: ["b"] }),
      rule({ apiGroups: ["*"], resources: ["*/status"], verbs: ["get"], resourceNames: ["a"] }),
    ]),
    ["get deployments.apps a"],
  );
  assert.deepEqual(missingRights(wanted, [rule({ apiGroups: ["*"], resources: ["*"], verbs: ["*"] })]), []);
});

Deno.test("selectors select by all that they say; nothing selects all", () => {
  const matches = (text: unknown, labels: Record<string, string>) =>
    matchesLabels(selector.parse(text), labels);
  assert.ok(matches(undefined, { a: "1" }));
  assert.ok(matches({}, {}));
  assert.ok(!matches({ matchLabels: { a: "1" } }, { a: "2" }));
  const expression = (operator: string, ...values: string[]) => ({
    matchExpressions: [{ key: "a", operator, values }],
  });
  assert.ok(matches(expression("In", "1"), { a: "1" }) && !matches(expression("In", "1"), {}));
  assert.ok(matches(expression("NotIn", "1"), {}) && !matches(expression("NotIn", "1"), { a: "1" }));
  assert.ok(matches(expression("Exists"), { a: "" }) && !matches(expression("Exists"), {}));
  assert.ok(matches(expression("DoesNotExist"), {}) && !matches(expression("DoesNotExist"), { a: "" }));
});

Deno.test("addresses count where readiness is not denied", () => {
  const slice = (...ready: (boolean | undefined)[]) =>
    endpointSlice.parse({
      endpoints: ready.map((one) => ({ addresses: ["10.0.0.1"], conditions: { ready: one } })),
    });
  assert.equal(readyAddresses([slice(true, undefined, false), slice(false)]), 2);
  assert.equal(readyAddresses([endpointSlice.parse({ endpoints: null })]), 0);
});
