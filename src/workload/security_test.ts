import assert from "node:assert/strict";
import { hardened } from "./security.ts";

const rights = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
const user = { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000 };
const seccompProfile = { type: "RuntimeDefault" };

Deno.test("a container without settings runs as Coder's user, with the least rights", () => {
  for (const pod of [undefined, {}, { fsGroup: 1000 }]) {
    assert.deepEqual(hardened(pod), { ...user, ...rights, seccompProfile });
  }
});

Deno.test("users that the pod names stay", () => {
  for (const pod of [{ runAsUser: 5000 }, { runAsGroup: 5000 }, { runAsNonRoot: false }]) {
    assert.deepEqual(hardened(pod), { ...rights, seccompProfile }, JSON.stringify(pod));
  }
});

Deno.test("a profile of system calls that the pod names stays", () => {
  assert.deepEqual(hardened({ seccompProfile: { type: "Unconfined" } }), { ...user, ...rights });
});

Deno.test("a pod that runs as root is left alone", () => {
  assert.equal(hardened({ runAsUser: 0 }), undefined);
});

Deno.test("the file system stays writable: Coder keeps Terraform in its home directory", () => {
  assert.equal("readOnlyRootFilesystem" in (hardened(undefined) ?? {}), false);
});
