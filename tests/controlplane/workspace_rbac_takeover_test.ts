/** Rights that the Go operator granted are taken over without widening or losing any. */
import assert from "node:assert/strict";
import { OPERATOR_USER } from "../operator/install.ts";
import { waitFor } from "../cluster/mod.ts";
import { goInstallation } from "./go_operator.ts";
import { type Rig, startRig } from "./rig.ts";
import {
  bindings,
  goGrant,
  madeIn,
  mayDo,
  namesFor,
  optIn,
  rbacCondition,
  roles,
  rulesBecome,
  rulesOf,
  STANDARD,
} from "./workspace_rbac_rig.ts";

const SECRETS = { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list"] };
const SERVICES = { apiGroups: [""], resources: ["services"], verbs: ["get"] };

/** An installation whose control plane names `others`, with rights at home and there. */
async function installed(
  prefix: string,
  options: { extraRules?: object[]; manager?: string; legacy?: boolean } = {},
): Promise<{ rig: Rig; other: string; uid: string }> {
  const { extraRules = [], manager = "manager", legacy = false } = options;
  const rig = await startRig(prefix);
  const other = await rig.cluster.newNamespace("granted");
  await goInstallation(rig, { manager });
  const { metadata } = await rig.change("coder", {
    spec: { rbac: { workspaceNamespaces: [other], extraRules } },
  });
  const uid = metadata.uid ?? "";
  const rules = [...STANDARD, ...extraRules as typeof STANDARD];
  await goGrant(rig, rig.namespace, { uid, rules, manager });
  await goGrant(rig, other, { uid, rules, manager, legacy });
  return { rig, other, uid };
}

for (const manager of ["manager", "coder-k8s"]) {
  for (const legacy of [false, true]) {
    const kind = legacy ? "unmarked rights of its older versions" : "marked rights";
    Deno.test(`${kind} that the Go operator granted as "${manager}" stay, without consent but with a warning`, async () => {
      const { rig, other, uid } = await installed("kept", { manager, legacy });
      await using operator = await rig.operator({ wholeCluster: true });
      const { reason, message } = await rig.condition("coder", "ConfigurationWarning", "True");
      assert.equal(reason, "WorkspaceNamespaceNotAllowed");
      assert.match(message, new RegExp(`kubectl label namespace ${other} coder.com/workspaces-from`));
      await rbacCondition(rig, "Granted", new RegExp(`${rig.namespace}, ${other}$`));
      await rig.condition("coder", "Degraded", "False");
      await operator.again("coder");
      for (const namespace of [rig.namespace, other]) {
        assert.deepEqual(await rulesOf(rig, namespace), STANDARD, namespace);
        const role = await rig.cluster.request("GET", roles(namespace, namesFor(rig).role));
        assert.equal(role.metadata.annotations["coder.com/workspace-rbac-owner-uid"], uid);
      }
      assert.equal((await madeIn(rig, other)).length, 2);
      // Consent ends the warning, and with it more can be granted.
      await optIn(rig, other);
      await rig.condition("coder", "ConfigurationWarning", "Absent");
      await rig.change("coder", { spec: { rbac: { extraRules: [SERVICES] } } });
      await rulesBecome(rig, other, [...STANDARD, SERVICES]);
    });
  }
}

Deno.test("rights without consent are never widened, and shrink with the spec", async () => {
  const { rig, other } = await installed("widen");
  const mark = await rig.cluster.audit.mark();
  await using operator = await rig.operator({ wholeCluster: true });
  await rig.condition("coder", "ConfigurationWarning", "True");
  await rig.change("coder", { spec: { rbac: { extraRules: [SERVICES, SECRETS] } } });
  await rbacCondition(rig, "PartlyGranted", /keeps the rights.*extraRules\[0\]/, /extraRules\[1\].*Secrets/);
  await rulesBecome(rig, rig.namespace, [...STANDARD, SERVICES]);
  await operator.again("coder");
  assert.deepEqual(await rulesOf(rig, other), STANDARD);
  await rig.change("coder", { spec: { rbac: { enableDeployments: false } } });
  await rulesBecome(rig, other, STANDARD.slice(0, 2));
  // What somebody adds there by hand, who may, is theirs to answer for: what the spec does not ask for goes again.
  await rig.cluster.request("PATCH", roles(other, namesFor(rig).role), { rules: [...STANDARD, SECRETS] });
  await rulesBecome(rig, other, [...STANDARD.slice(0, 2), SECRETS]);
  await rig.change("coder", { spec: { rbac: { extraRules: [] } } });
  await rulesBecome(rig, other, STANDARD.slice(0, 2));
  const refused = (await rig.cluster.audit.since(mark)).denied(OPERATOR_USER);
  assert.deepEqual(refused.map(({ verb, uri }) => `${verb} ${uri}`), []);
});

Deno.test("rules that nobody is granted today stay where they are in force, and are warned of", async () => {
  const { rig, other } = await installed("secrets", { extraRules: [SECRETS] });
  await using operator = await rig.operator({ wholeCluster: true });
  const { message } = await rig.condition("coder", "ConfigurationWarning", "True");
  assert.match(message, /extraRules\[0\] \(it reaches Secrets\)\. Remove them/);
  await rbacCondition(rig, "Granted");
  await operator.again("coder");
  for (const namespace of [rig.namespace, other]) {
    assert.deepEqual(await rulesOf(rig, namespace), [...STANDARD, SECRETS]);
    await waitFor(() => mayDo(rig, { namespace, verb: "get", resource: "secrets" }), {
      what: `Secrets of ${namespace} to be readable`,
    });
  }
  // One more verb of the kind is one too many; what is there stays.
  const wider = { ...SECRETS, verbs: ["get", "list", "watch"] };
  await rig.change("coder", { spec: { rbac: { extraRules: [wider] } } });
  await rbacCondition(rig, "RulesRefused");
  await operator.again("coder");
  assert.deepEqual(await rulesOf(rig, rig.namespace), [...STANDARD, SECRETS]);
  await rig.change("coder", { spec: { rbac: { extraRules: [] } } });
  for (const namespace of [rig.namespace, other]) await rulesBecome(rig, namespace, STANDARD);
  await rig.change("coder", { spec: { rbac: { extraRules: [SECRETS] } } });
  await rbacCondition(rig, "RulesRefused");
  assert.deepEqual(await rulesOf(rig, rig.namespace), STANDARD);
});

Deno.test("a Role that holds more than the operator does is left as it is", async () => {
  const more = { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get"] };
  const { rig, other } = await installed("beyond", { extraRules: [more] });
  await using operator = await rig.operator({ wholeCluster: true });
  await rig.condition("coder", "ConfigurationWarning", "True");
  await operator.again("coder");
  for (const namespace of [rig.namespace, other]) {
    assert.deepEqual(await rulesOf(rig, namespace), [...STANDARD, more]);
  }
  await rbacCondition(rig, "Granted");
});

Deno.test("a renamed service account takes the kept rights with it", async () => {
  const { rig, other } = await installed("rename");
  await using _operator = await rig.operator({ wholeCluster: true });
  await rig.condition("coder", "ConfigurationWarning", "True");
  await rig.change("coder", {
    spec: { serviceAccount: { name: "runner" }, rbac: { extraRules: [SERVICES] } },
  });
  await rulesBecome(rig, other, STANDARD, "runner");
  await waitFor(async () => (await madeIn(rig, other)).length === 2, {
    what: "the old account's rights to go",
  });
  assert.equal(await rig.cluster.find(bindings(other, namesFor(rig).binding)), undefined);
});
