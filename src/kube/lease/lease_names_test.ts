import assert from "node:assert/strict";
import { hostname } from "node:os";
import { LEASE_NAME, leaseNamespace, newIdentity } from "./lease_names.ts";

async function serviceAccount(namespace: string) {
  const directory = await Deno.makeTempDir({ prefix: "lease-names-" });
  await Deno.writeTextFile(`${directory}/namespace`, namespace);
  return { directory, [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
}

Deno.test("the Lease is the one of the Go operator", () => {
  assert.equal(LEASE_NAME, "coder-k8s-controller.coder.com");
});

Deno.test("the flag wins, then POD_NAMESPACE, then the service account, then kube-system", async () => {
  await using account = await serviceAccount("from-account\n");
  const serviceAccountDirectory = account.directory;
  const env = { POD_NAMESPACE: "from-env" };
  assert.equal(leaseNamespace({ flag: "from-flag", env, serviceAccountDirectory }), "from-flag");
  assert.equal(leaseNamespace({ env, serviceAccountDirectory }), "from-env");
  assert.equal(leaseNamespace({ env: {}, serviceAccountDirectory }), "from-account");
  assert.equal(leaseNamespace({ env: {}, serviceAccountDirectory: "/nowhere" }), "kube-system");
});

Deno.test("blanks are cut off, and nothing but blanks is nothing", async () => {
  await using account = await serviceAccount("  ");
  const serviceAccountDirectory = account.directory;
  assert.equal(leaseNamespace({ env: { POD_NAMESPACE: " coder \n" }, serviceAccountDirectory }), "coder");
  assert.equal(
    leaseNamespace({ flag: " ", env: { POD_NAMESPACE: "\t" }, serviceAccountDirectory }),
    "kube-system",
  );
});

Deno.test("an identity names the host and is new every time", () => {
  const [one, two] = [newIdentity(), newIdentity()];
  assert.notEqual(one, two);
  assert.ok(one.startsWith(`${hostname()}_`));
  assert.match(one, /_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});
