import assert from "node:assert/strict";
import { coder } from "./testing.ts";

const account = (flow: string, options = {}) => coder(`{serviceAccount: ${flow}}`, options);
const RULE = "{apiGroups: [batch], resources: [jobs], verbs: [get]}";

Deno.test("the chart's defaults are the operator's", () => {
  assert.deepEqual([account("{}").spec.serviceAccount, account("{}").spec.rbac], [undefined, undefined]);
  assert.deepEqual(
    account("{}", { name: "dev" }).spec.serviceAccount,
    undefined,
    "it has the control plane's name",
  );
});

Deno.test("a ServiceAccount of one's own keeps its name, annotations and labels", () => {
  const { spec, said } = account(
    "{name: robot, disableCreate: true, annotations: {a: b}, labels: {c: d, e: 'f g'}}",
  );
  assert.deepEqual(spec.serviceAccount, {
    name: "robot",
    disableCreate: true,
    annotations: { a: "b" },
    labels: { c: "d" },
  });
  assert.deepEqual(said, ["coder.serviceAccount.labels.e: is not the value of a label and was left out"]);
  assert.deepEqual(account("{name: coder}").spec.serviceAccount, undefined, "the same name needs no word");
  assert.deepEqual(account("{name: coder}", { name: "dev" }).spec.serviceAccount, { name: "coder" });
  assert.match(
    account("{name: 'Not A Name'}").said.join(),
    /^coder\.serviceAccount\.name: .*: coder was taken$/,
  );
});

Deno.test("extra rules count only with the rights for workspaces, and get a remark", () => {
  const { spec, said } = account(`{extraRules: [${RULE}]}`);
  assert.deepEqual(spec.rbac, {
    extraRules: [{ apiGroups: ["batch"], resources: ["jobs"], verbs: ["get"] }],
  });
  assert.match(said.join(), /^# coder\.serviceAccount\.extraRules: the operator refuses rules/);
  assert.deepEqual(account(`{workspacePerms: false, extraRules: [${RULE}]}`).spec.rbac, {
    workspacePerms: false,
  });
  assert.equal(account(`{extraRules: ${RULE}}`).spec.rbac?.extraRules?.length, 1, "one rule, not in a list");
});

Deno.test("namespaces come as names or maps, each once, without the own one", () => {
  const { spec, said } = account("{workspaceNamespaces: [a, {name: b}, a, home]}", { namespace: "home" });
  assert.deepEqual(spec.rbac?.workspaceNamespaces, ["a", "b"]);
  assert.equal(said.length, 1);
  assert.match(said.join(), /^# .*kubectl label namespace a b coder\.com\/workspaces-from=home$/);
  const odd = account("{workspaceNamespaces: [{namespace: x}, 'A B', [c]]}");
  assert.equal(odd.spec.rbac, undefined);
  assert.equal(odd.said.length, 3);
});

Deno.test("rights of one namespace alone are told, those that are the same are not", () => {
  const { spec, said } = account(`{enableDeployments: true, workspaceNamespaces: [
    {name: same, workspacePerms: true, enableDeployments: true},
    {name: less, enableDeployments: false},
    {name: more, extraRules: [${RULE}]},
    {name: none, workspacePerms: false, enableDeployments: true}]}`);
  assert.deepEqual(
    spec.rbac?.workspaceNamespaces,
    ["same", "less", "more"],
    "one without rights is not named",
  );
  assert.deepEqual(said.filter((line) => !line.startsWith("#")).map((line) => line.split(":")[0]), [
    "coder.serviceAccount.workspaceNamespaces[1].enableDeployments",
    "coder.serviceAccount.workspaceNamespaces[2].extraRules",
  ]);
});
