/** A server behind a real API server's aggregator: who it hears is calling, and who else may say so. */
import assert from "node:assert/strict";
import { type Cluster, type KeyPair, serviceAccountUser, sharedCluster, waitFor } from "../cluster/mod.ts";
import { serveWhoAmI, type WhoAmI, type WhoAmIServer } from "./rig.ts";

async function withServer(run: (cluster: Cluster, server: WhoAmIServer) => Promise<void>): Promise<void> {
  const cluster = await sharedCluster();
  await using server = await serveWhoAmI(cluster);
  await waitFor(() => cluster.find(server.path), {
    what: "the aggregated API to be available",
    // Kubernetes looks again after half a minute.
    timeoutMs: 120_000,
  });
  await run(cluster, server);
}

/** Allows somebody to ask who they are. */
async function allow(cluster: Cluster, group: string, subjects: object[]): Promise<void> {
  const apiGroup = "rbac.authorization.k8s.io";
  const metadata = { name: group };
  await cluster.apply([
    {
      apiVersion: `${apiGroup}/v1`,
      kind: "ClusterRole",
      metadata,
      rules: [{ apiGroups: [group], resources: ["whoami"], verbs: ["list"] }],
    },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: "ClusterRoleBinding",
      metadata,
      roleRef: { apiGroup, kind: "ClusterRole", name: group },
      subjects,
    },
  ]);
}

const asAnybody = { "X-Remote-User": "mallory", "X-Remote-Group": ["system:masters", "ops"] };

Deno.test("through the aggregator, callers are who the API server found them to be", async () => {
  await withServer(async (cluster, { path, group }) => {
    const admin: WhoAmI = await cluster.request("GET", path);
    assert.deepEqual([admin.method, admin.name], ["requestheader", "admin"]);
    assert.ok(admin.groups?.includes("system:masters") && admin.groups.includes("system:authenticated"));

    const namespace = await cluster.newNamespace("identity");
    const account = { namespace, name: "caller" };
    const kubeconfig = await cluster.serviceAccountKubeconfig(account);
    await allow(cluster, group, [{ kind: "ServiceAccount", ...account }]);
    const asAccount = () => cluster.kubectl(["get", "--raw", path], { kubeconfig });
    const { stdout } = await waitFor(() => asAccount().catch(() => undefined), { what: "the role to count" });
    const caller: WhoAmI = JSON.parse(stdout);
    assert.deepEqual([caller.method, caller.name], ["requestheader", serviceAccountUser(account)]);
    assert.ok(caller.uid && caller.groups?.includes(`system:serviceaccounts:${namespace}`));
    assert.ok(
      caller.extra?.["authentication.kubernetes.io/credential-id"],
      "a key with a slash came through",
    );
  });
});

Deno.test("names, groups and keys with any characters come through the aggregator as they are", async () => {
  await withServer(async (cluster, { path, group }) => {
    const apiGroup = "rbac.authorization.k8s.io";
    await allow(cluster, group, [{ kind: "User", apiGroup, name: "jürgen 東京" }]);
    const groups = ["CN=dev,OU=eng", "équipe", "a, b"];
    const flags = groups.flatMap((one) => ["--as-group", one]);
    const raw = await waitFor(
      () =>
        cluster.kubectl(["get", "--raw", path, "--as", "jürgen 東京", "--as-uid", "7", ...flags]).catch(() =>
          undefined
        ),
      { what: "the role to count" },
    );
    const who: WhoAmI = JSON.parse(raw.stdout);
    assert.deepEqual([who.name, who.uid], ["jürgen 東京", "7"]);
    assert.deepEqual(who.groups?.filter((one) => one !== "system:authenticated"), groups);
    const extra: WhoAmI = await cluster.request("GET", path, undefined, {
      headers: {
        "Impersonate-User": "extra-admin",
        "Impersonate-Group": "system:masters",
        "Impersonate-Extra-Example.com%2FScopes": "read, write",
      },
    });
    assert.deepEqual(extra.extra?.["example.com/scopes"], ["read, write"]);
  });
});

Deno.test("whoever the API server refuses, or may not, is refused", async () => {
  await withServer(async (cluster, server) => {
    const refused = await cluster.kubectl(["get", "--raw", server.path, "--as", "nobody-at-all"]).catch(
      String,
    );
    assert.match(String(refused), /forbidden|may not/i);
    const anonymous = await server.direct();
    assert.deepEqual([anonymous.code, anonymous.name], [401, undefined]);
    const discovery = await server.direct({ path: `/livez` });
    assert.equal(discovery.code, 200);
  });
});

Deno.test("only the front proxy's own certificate speaks for others", async () => {
  await withServer(async (cluster, server) => {
    const proxy: KeyPair = cluster.frontProxy;
    const spoken = await server.direct({ identity: proxy, headers: asAnybody });
    assert.deepEqual([spoken.code, spoken.method, spoken.name], [200, "requestheader", "mallory"]);
    assert.deepEqual(spoken.groups, ["system:masters", "ops", "system:authenticated"]);

    const namesake = await cluster.issueCertificate({ commonName: "front-proxy-client", usage: ["client"] });
    const own = await server.direct({ identity: namesake, headers: asAnybody });
    assert.deepEqual([own.code, /"front-proxy-client" may not/.test(own.message ?? "")], [403, true]);

    const another = await cluster.issueFrontProxyClient("somebody-else");
    assert.equal((await server.direct({ identity: another, headers: asAnybody })).code, 401);
    assert.equal((await server.direct({ identity: proxy })).code, 401, "it names nobody");
    assert.equal((await server.direct({ headers: asAnybody })).code, 401);
  });
});

Deno.test("direct callers prove who they are by certificate or token, and roles hold for them", async () => {
  await withServer(async (cluster, server) => {
    const jane = await cluster.issueCertificate({
      commonName: "jane",
      organizations: ["system:masters"],
      usage: ["client"],
    });
    const byCertificate = await server.direct({ identity: jane });
    assert.deepEqual([byCertificate.method, byCertificate.name], ["x509", "jane"]);
    const expired = await cluster.issueCertificate({
      commonName: "jane",
      usage: ["client"],
      validForMs: -1_000,
    });
    assert.equal((await server.direct({ identity: expired })).code, 401);
    const serving = await cluster.issueCertificate({ commonName: "jane", usage: ["server"] });
    assert.equal((await server.direct({ identity: serving })).code, 401);

    const namespace = await cluster.newNamespace("identity");
    const account = { namespace, name: "caller" };
    const headers = { authorization: `Bearer ${await cluster.serviceAccountToken(account)}` };
    const before = await server.direct({ headers });
    assert.equal(before.code, 403);
    assert.match(before.message ?? "", /may not list whoami/);
    await allow(cluster, server.group, [{ kind: "ServiceAccount", ...account }]);
    const after = await waitFor(async () => {
      const answer = await server.direct({ headers });
      return answer.code === 200 && answer;
    }, { what: "the role to count", timeoutMs: 60_000 });
    assert.deepEqual([after.method, after.name], ["token", serviceAccountUser(account)]);
    assert.equal((await server.direct({ headers: { authorization: "Bearer junk" } })).code, 401);
    const both = await server.direct({
      identity: jane,
      headers: { ...headers, "Impersonate-User": "admin" },
    });
    assert.equal(both.code, 403);
  });
});
