import assert from "node:assert/strict";
import { h32 } from "./hash.ts";
import {
  backupJobName,
  controlPlaneServiceAccountName,
  instanceLabel,
  operatorTokenName,
  operatorTokenSecretName,
  provisionerBindingName,
  provisionerKeyName,
  provisionerKeySecretName,
  provisionerName,
  provisionerRoleName,
  provisionerServiceAccountName,
  secretVolumeName,
  workspaceProxyName,
  workspaceProxyTokenSecretName,
  workspaceRoleBindingName,
  workspaceRoleName,
  workspaceScopeHash,
} from "./names.ts";

const a = (count: number) => "a".repeat(count);

Deno.test("the operator token Secret follows the control plane's name", () => {
  assert.equal(operatorTokenSecretName("coder"), "coder-operator-token");
  assert.equal(operatorTokenSecretName("coder", "  mine "), "mine");
  assert.equal(operatorTokenSecretName("coder", "  "), "coder-operator-token");
});

Deno.test("a long operator token Secret name is cut and hashed", () => {
  assert.equal(operatorTokenSecretName(a(60)), `${a(39)}-92b9e111-operator-token`);
  assert.equal(operatorTokenSecretName(a(48)), `${a(48)}-operator-token`, "63 bytes fit");
  assert.equal(operatorTokenSecretName(a(49)), `${a(39)}-${h32(a(49))}-operator-token`);
  assert.equal(operatorTokenSecretName(a(49)).length, 63);
});

Deno.test("a name that is cut at a dot loses it, for no object can be called so; labels and keys may", () => {
  const dotted = `${a(41)}.${a(30)}`;
  assert.equal(provisionerName(dotted), `provisioner-${a(41)}-${h32(dotted)}`);
  assert.equal(provisionerServiceAccountName(dotted), `${a(41)}-${h32(dotted)}-provisioner`);
  const proxy = `${a(45)}.${a(30)}`;
  assert.equal(workspaceProxyName(proxy), `wsproxy-${a(45)}-${h32(proxy)}`);
  const labelled = `${a(53)}.${a(30)}`;
  assert.equal(instanceLabel(labelled), `${a(53)}.-${h32(labelled)}`);
  const key = `${a(118)}.${a(30)}`;
  assert.equal(provisionerKeyName(key), `${a(118)}.-${h32(key)}`);
});

Deno.test("the token's name in Coder carries namespace and name", () => {
  assert.equal(operatorTokenName("default", "coder"), "coder-k8s-operator-c50b092ffc0cdd1f");
  assert.notEqual(operatorTokenName("a", "coder"), operatorTokenName("b", "coder"));
});

Deno.test("the service account is the one named, untrimmed, or the control plane's name", () => {
  assert.equal(controlPlaneServiceAccountName("coder"), "coder");
  assert.equal(controlPlaneServiceAccountName("coder", ""), "coder");
  assert.equal(controlPlaneServiceAccountName("coder", " x"), " x");
});

Deno.test("a backup's Job is named after its control plane, and fits into a label", () => {
  assert.equal(backupJobName("coder", "0123456789"), "coder-backup-0123456789");
  assert.equal(backupJobName(a(45), "0123456789"), `${a(45)}-backup-0123456789`);
  const long = backupJobName(a(46), "0123456789");
  assert.equal(long, `${a(36)}-${h32(a(46))}-backup-0123456789`);
  assert.equal(long.length, 63);
});

Deno.test("workspace RBAC names carry the scope hash", () => {
  const scope = workspaceScopeHash("a", "coder");
  assert.equal(scope, "87ffeed9");
  assert.equal(workspaceRoleName(" coder ", scope), "coder-87ffeed9-workspace-perms");
  assert.equal(workspaceRoleBindingName("coder", scope), "coder-87ffeed9");
});

Deno.test("long workspace RBAC names keep their suffix within 253 bytes", () => {
  const role = workspaceRoleName(a(253), "87ffeed9");
  assert.equal(role, `${a(228)}-87ffeed9-workspace-perms`);
  assert.equal(role.length, 253);
  const binding = workspaceRoleBindingName(a(253), "87ffeed9");
  assert.equal(binding, `${a(244)}-87ffeed9`);
  assert.equal(binding.length, 253);
});

Deno.test("a cut workspace RBAC name does not end in a separator", () => {
  const account = `.${a(226)}-.${a(25)}`;
  assert.equal(workspaceRoleName(account, "87ffeed9"), `${a(226)}-87ffeed9-workspace-perms`);
  assert.equal(workspaceRoleName("-".repeat(240), "87ffeed9"), "workspace-87ffeed9-workspace-perms");
  assert.equal(workspaceRoleBindingName(".".repeat(250), "87ffeed9"), "workspace-87ffeed9");
});

Deno.test("a volume is named after its Secret where that is a valid volume name", () => {
  assert.equal(secretVolumeName("tls", "my-tls"), "tls-my-tls");
  assert.equal(secretVolumeName("ca-cert", " ca "), "ca-cert-ca");
  assert.equal(secretVolumeName("tls", a(59)), `tls-${a(59)}`, "63 bytes fit");
});

Deno.test("a volume whose Secret name had to be changed carries a hash", () => {
  assert.equal(secretVolumeName("tls", "my.tls"), "tls-my-tls-e3767053");
  assert.notEqual(secretVolumeName("tls", "my.tls"), secretVolumeName("ca-cert", "my.tls"));
  assert.equal(secretVolumeName("tls", "..."), `tls-x-${h32("tls\0...")}`);
});

Deno.test("a volume name of a long Secret is cut to 63 bytes, without a doubled dash", () => {
  assert.equal(secretVolumeName("tls", a(100)), `tls-${a(50)}-${h32(`tls\0${a(100)}`)}`);
  assert.equal(secretVolumeName("tls", a(100)).length, 63);
  const dashAtCut = `${a(45)}.${a(60)}`;
  assert.equal(secretVolumeName("ca-cert", dashAtCut), `ca-cert-${a(45)}-${h32(`ca-cert\0${dashAtCut}`)}`);
});

Deno.test("provisioner names follow the Go operator's", () => {
  assert.equal(provisionerName("prov"), "provisioner-prov");
  assert.equal(provisionerName(a(180)), `provisioner-${a(42)}-b11ccea9`);
  assert.equal(provisionerName(a(180)).length, 63);
  assert.equal(provisionerServiceAccountName("prov"), "prov-provisioner");
  assert.equal(provisionerServiceAccountName(a(180)), `${a(42)}-b11ccea9-provisioner`);
});

Deno.test("elsewhere, workspace RBAC of provisioners is named after namespace and name, and after the account", () => {
  assert.equal(provisionerRoleName("a", "prov"), "workspaces-a.prov-provisioner");
  const binding = provisionerBindingName("a", "prov", "prov-provisioner");
  assert.equal(binding, `workspaces-a.prov-${h32("prov-provisioner")}-provisioner`);
  assert.notEqual(binding, provisionerBindingName("a", "prov", "other"));
  assert.ok(provisionerBindingName(a(63), a(253), a(253)).length <= 253);
  assert.match(provisionerRoleName("a", a(253)), /^workspaces-a\.a{54}-[0-9a-f]{8}-provisioner$/);
});

Deno.test("no name of a provisioner's workspace RBAC is that of another one, or of a control plane", () => {
  const parts = ["a", "a.b", "b", "a-b", "b-a", "a.b-a", a(64), a(65)];
  const namespaces = ["a", "b", "a-b"];
  const roles = new Map<string, string>();
  const bindings = new Map<string, string>();
  const note = (names: Map<string, string>, name: string, whose: string) => {
    assert.equal(names.get(name) ?? whose, whose, name);
    names.set(name, whose);
  };
  for (const namespace of namespaces) {
    for (const name of parts) {
      note(roles, provisionerRoleName(namespace, name), `${namespace}/${name}`);
      note(roles, provisionerName(name), `own of ${name}`);
      note(bindings, provisionerName(name), `own of ${name}`);
      for (const account of parts) {
        note(bindings, provisionerBindingName(namespace, name, account), `${namespace}/${name} ${account}`);
        const scope = workspaceScopeHash(namespace, name);
        const whose = `control plane ${namespace}/${name} ${account}`;
        note(roles, workspaceRoleName(`workspaces-${account}`, scope), whose);
        note(bindings, workspaceRoleBindingName(`workspaces-${account}`, scope), whose);
      }
    }
  }
});

Deno.test("instance labels are cut to 63 bytes with a hash", () => {
  assert.equal(instanceLabel("wp"), "wp");
  assert.equal(instanceLabel(a(63)), a(63));
  assert.equal(instanceLabel(a(70)), `${a(54)}-5904740b`);
});

Deno.test("provisioner keys and their Secrets have their own limits", () => {
  assert.equal(provisionerKeyName("prov"), "prov");
  assert.equal(provisionerKeyName("prov", "key"), "key");
  assert.equal(provisionerKeyName("prov", ""), "prov");
  assert.equal(provisionerKeyName(a(180)), `${a(119)}-b11ccea9`);
  assert.equal(provisionerKeySecretName("prov"), "prov-provisioner-key");
  assert.equal(provisionerKeySecretName("prov", "mine"), "mine");
  assert.equal(provisionerKeySecretName(a(250)), `${a(228)}-${h32(a(250))}-provisioner-key`);
  assert.equal(provisionerKeySecretName(a(250)).length, 253);
});

Deno.test("workspace proxy names follow the Go operator's", () => {
  assert.equal(workspaceProxyName("wp"), "wsproxy-wp");
  assert.equal(workspaceProxyName(a(70)), `wsproxy-${a(46)}-5904740b`);
  assert.equal(workspaceProxyTokenSecretName("wp"), "wp-proxy-token");
  assert.equal(workspaceProxyTokenSecretName("wp", "mine"), "mine");
});
