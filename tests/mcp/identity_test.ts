/** Kubernetes as the caller, on a real API server: whose rights decide, and whose name is on record. */
import assert from "node:assert/strict";
import { ConfigMaps, Pods, Secrets } from "../../src/api/kubernetes/resources.ts";
import { parseCaBundle, pemToDer } from "../../src/identity/certificates.ts";
import { startIssuer } from "../../src/identity/testing/issuer.ts";
import { trustedProxy } from "../../src/identity/trusted_proxy.ts";
import { KubeApiError } from "../../src/kube/errors.ts";
import {
  type CertificateRequest,
  createAuthority,
  issueCertificate,
  type KeyPair,
  serviceAccountUser,
  waitFor,
} from "../cluster/mod.ts";
import { enter, startIdentityRig } from "./identity_rig.ts";

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const peerOf = ({ certPem }: KeyPair) => ({ leaf: pemToDer(certPem)[0]!, chain: [], authorized: true });
const refusal = async (promise: Promise<unknown>) => {
  const error = await promise.then(() => undefined, (one) => one);
  assert.ok(error instanceof KubeApiError, String(error));
  return error;
};

Deno.test("callers are themselves to the API server", async (t) => {
  await using rig = await startIdentityRig();
  const { cluster, namespace, serverUser } = rig;
  const object = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name } });
  await cluster.apply([object("a"), {
    ...object("s"),
    kind: "Secret",
    stringData: { password: "hunter22" },
  }]);
  await rig.allowReads({ kind: "ServiceAccount", name: "human" }, ["configmaps"]);
  await cluster.serviceAccountKubeconfig({ namespace, name: "human" });
  const token = await cluster.serviceAccountToken({ namespace, name: "human" });
  const human = serviceAccountUser({ namespace, name: "human" });
  const key = { namespace, name: "a" };
  const tokens = rig.admission({ tokens: { audiences: [] } });

  await t.step("with a token their own roles decide, and their own name is in the audit log", async () => {
    const { caller, cluster: kubernetes } = await enter(tokens, bearer(token));
    assert.deepEqual([caller.user.name, caller.method], [human, "token"]);
    await waitFor(() => kubernetes.get(ConfigMaps, key).then(() => true, () => false), {
      what: "the role to count",
    });
    const mark = await cluster.audit.mark();
    assert.equal((await kubernetes.get(ConfigMaps, key)).metadata.name, "a");
    const error = await refusal(kubernetes.get(Secrets, { namespace, name: "s" }));
    assert.equal(error.code, 403);
    assert.ok(error.message.includes(`User "${human}" cannot get resource "secrets"`), error.message);
    assert.ok(!error.message.includes(token) && !error.message.includes("hunter22"));
    const asked = (await cluster.audit.since(mark)).requests({ namespace });
    assert.deepEqual(
      asked.map((entry) => [entry.user, entry.impersonated, entry.verb, entry.resource, entry.code]),
      [
        [human, undefined, "get", "configmaps", 200],
        [human, undefined, "get", "secrets", 403],
      ],
    );
  });

  await t.step("a dry run, a write and a list are theirs as well", async () => {
    const { cluster: kubernetes } = await enter(tokens, bearer(token));
    const patch = { type: "merge", body: { data: { x: "1" } } } as const;
    assert.match(
      (await refusal(kubernetes.patch(ConfigMaps, key, patch, { dryRun: true }))).message,
      /cannot patch/,
    );
    assert.match((await refusal(kubernetes.delete(ConfigMaps, key))).message, /cannot delete/);
    assert.match((await refusal(kubernetes.list(ConfigMaps))).message, /at the cluster scope/);
    assert.ok((await kubernetes.list(ConfigMaps, { namespace })).items.length >= 1);
    const request = { verb: "get", resource: "secrets", namespace };
    assert.equal((await kubernetes.may(request)).allowed, false);
    assert.equal((await kubernetes.may({ ...request, resource: "configmaps" })).allowed, true);
  });

  await t.step("a token that is no token, or another one's, opens nothing", async () => {
    await assert.rejects(enter(tokens, bearer("nonsense")), /^Error: 401 /);
    await assert.rejects(enter(tokens, bearer(`${token}x`)), /^Error: 401 /);
    await assert.rejects(enter(tokens, {}), /^Error: 401 say who you are/);
  });

  await t.step("limited namespaces hold for whoever may do more", async () => {
    const limited = rig.admission({ tokens: { audiences: [] }, namespaces: [namespace] });
    const admin = await cluster.serviceAccountToken({ namespace, name: "human" });
    const { cluster: kubernetes } = await enter(limited, bearer(admin));
    const { items } = await kubernetes.list(ConfigMaps);
    assert.ok(items.length > 0 && items.every(({ metadata }) => metadata.namespace === namespace));
    assert.match(
      (await refusal(kubernetes.list(Pods, { namespace: "kube-system" }))).message,
      /is not reached from this MCP server/,
    );
  });

  await t.step("a token for the MCP server alone is nobody's at the API server", async () => {
    const audience = "https://mcp.example.com/mcp";
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/human/token`;
    const request = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: [audience] },
    };
    const { status: { token: narrow } } = await cluster.request("POST", path, request);
    await assert.rejects(enter(tokens, bearer(narrow)), /^Error: 401 /);
    const own = rig.admission({ tokens: { audiences: [audience] } });
    const { caller, cluster: kubernetes } = await enter(own, bearer(narrow));
    assert.equal(caller.user.name, human);
    assert.match((await refusal(kubernetes.get(ConfigMaps, key))).message, /Kubernetes is not asked for you/);
    await assert.rejects(enter(own, bearer(token)), /^Error: 401 /);
    await rig.allowImpersonation();
    const speaking = rig.admission({ tokens: { audiences: [audience] }, impersonate: true });
    const as = await enter(speaking, bearer(narrow));
    await waitFor(() => as.cluster.get(ConfigMaps, key).then(() => true, () => false), {
      what: "the rights to count",
    });
    const mark = await cluster.audit.mark();
    await as.cluster.get(ConfigMaps, key);
    assert.match(
      (await refusal(as.cluster.get(Secrets, { namespace, name: "s" }))).message,
      /cannot get resource "secrets"/,
    );
    const asked = (await cluster.audit.since(mark)).requests({ namespace });
    assert.deepEqual(asked.map(({ user, impersonated, code }) => [user, impersonated, code]), [
      [serverUser, human, 200],
      [serverUser, human, 403],
    ]);
  });

  await t.step(
    "users of an issuer are impersonated with their groups, and have their own roles alone",
    async () => {
      await using issuer = await startIssuer();
      const url = "https://mcp.test/mcp";
      const oidc = {
        issuer: issuer.url,
        audiences: [url],
        usernamePrefix: "oidc:",
        groupsClaim: "groups",
        groupsPrefix: "oidc:",
      };
      const admission = rig.admission({ tokens: { audiences: [] }, oidc, impersonate: true }, { url });
      await rig.allowReads({ kind: "Group", name: "oidc:dév team,x" }, ["configmaps"]);
      const ann = await enter(admission, bearer(await issuer.token({ sub: "änn", groups: ["dév team,x"] })));
      assert.deepEqual([ann.caller.user.name, ann.caller.method], ["oidc:änn", "oidc"]);
      await waitFor(() => ann.cluster.get(ConfigMaps, key).then(() => true, () => false), {
        what: "the role to count",
      });
      const mark = await cluster.audit.mark();
      await ann.cluster.get(ConfigMaps, key);
      const [entry] = (await cluster.audit.since(mark)).requests({ namespace });
      assert.deepEqual([entry?.user, entry?.impersonated], [serverUser, "oidc:änn"]);
      const bob = await enter(admission, bearer(await issuer.token({ sub: "bob" })));
      assert.match((await refusal(bob.cluster.get(ConfigMaps, key))).message, /User "oidc:bob" cannot get/);
      assert.match(
        (await refusal(ann.cluster.get(Secrets, { namespace, name: "s" }))).message,
        /User "oidc:änn" cannot get/,
      );
      for (const claims of [{ aud: "https://other.test" }, { iss: "https://other.test" }, { exp: 1 }]) {
        await assert.rejects(enter(admission, bearer(await issuer.token(claims))), /^Error: 401 /);
      }
      // The cluster's own tokens still go where they belong.
      assert.equal((await enter(admission, bearer(token))).caller.method, "token");
    },
  );

  await t.step(
    "a proxy's users are impersonated with all that it says of them; a foreign one has none",
    async () => {
      const [authority, foreign] = [await createAuthority("proxies"), await createAuthority("proxies")];
      const request: CertificateRequest = { commonName: "gateway", usage: ["client"] };
      const gateway = peerOf(await issueCertificate(authority, request));
      const impostor = peerOf(await issueCertificate(foreign, request));
      const proxy = trustedProxy({ caPem: authority.certPem, allowedNames: ["gateway"] });
      const admission = rig.admission({ proxy, impersonate: true });
      await rig.allowReads({ kind: "User", name: "carol" }, ["configmaps"]);
      const headers = {
        "X-Remote-User": "carol",
        "X-Remote-Uid": "42",
        "X-Remote-Group": "ops",
        "X-Remote-Extra-Acme.com%2FTeam": "blue, green",
      };
      const carol = await enter(admission, headers, gateway);
      assert.equal(carol.caller.method, "proxy");
      await waitFor(() => carol.cluster.get(ConfigMaps, key).then(() => true, () => false), {
        what: "the role to count",
      });
      for (const peer of [impostor, undefined]) {
        await assert.rejects(enter(admission, headers, peer), /^Error: 401 /);
      }
      const inside = peerOf(await cluster.issueFrontProxyClient("gateway"));
      await assert.rejects(enter(admission, headers, inside), /^Error: 401 /);
      for (const user of ["system:admin", "system:node:a", "system:anonymous"]) {
        await assert.rejects(
          enter(admission, { ...headers, "X-Remote-User": user }, gateway),
          /one of the system's/,
        );
      }
      await assert.rejects(
        enter(admission, { ...headers, "X-Remote-Group": "system:masters" }, gateway),
        /system:masters/,
      );
      const closed = await enter(rig.admission({ proxy }), headers, gateway);
      assert.match((await refusal(closed.cluster.get(ConfigMaps, key))).message, /--mcp-impersonate/);
    },
  );

  await t.step(
    "users of the cluster's certificates are impersonated, unless they are its administrators",
    async () => {
      const admission = rig.admission({ x509: true, impersonate: true });
      assert.equal(parseCaBundle(admission.authorities().join("\n")).authorities.length > 0, true);
      await rig.allowReads({ kind: "User", name: "jane" }, ["configmaps"]);
      const jane = peerOf(await cluster.issueCertificate({ commonName: "jane", usage: ["client"] }));
      const visitor = await enter(admission, {}, jane);
      assert.equal(visitor.caller.method, "x509");
      await waitFor(() => visitor.cluster.get(ConfigMaps, key).then(() => true, () => false), {
        what: "the role to count",
      });
      const root = await cluster.issueCertificate(
        {
          commonName: "root",
          organizations: ["system:masters"],
          usage: ["client"],
        },
      );
      const master = await enter(admission, {}, peerOf(root));
      assert.match((await refusal(master.cluster.get(ConfigMaps, key))).message, /is one of the system's/);
      const stranger = await issueCertificate(
        await createAuthority("kubernetes"),
        {
          commonName: "jane",
          usage: ["client"],
        },
      );
      await assert.rejects(enter(admission, {}, peerOf(stranger)), /^Error: 401 /);
    },
  );

  await t.step("where nobody has to prove anything, calls are this process' own", async () => {
    const { caller, cluster: kubernetes } = await enter(rig.admission({ isOff: true }), {});
    assert.deepEqual([caller.user.name, caller.method], [serverUser, "process"]);
    assert.match(
      (await refusal(kubernetes.get(ConfigMaps, key))).message,
      new RegExp(`User "${serverUser}" cannot get`),
    );
  });
});
