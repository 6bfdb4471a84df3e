/** The authentication ConfigMap of a real API server, watched by a service account that may do nothing else. */
import assert from "node:assert/strict";
import { type AuthenticationConfig, createAuthenticationConfig } from "../../src/identity/mod.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { type Cluster, createAuthority, serviceAccountUser, sharedCluster, waitFor } from "../cluster/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { identityClient, withdraw } from "./rig.ts";

const NAME = "extension-apiserver-authentication";

function authorities({ requestHeader }: AuthenticationConfig): number {
  return requestHeader?.ca.authorities.length ?? 0;
}

/** The real ConfigMap's content under the same name in a namespace, where a test may change it. */
async function copyOfConfig(cluster: Cluster, namespace: string) {
  const { data } = await cluster.request("GET", `/api/v1/namespaces/kube-system/configmaps/${NAME}`);
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const whole = (content: Record<string, string>) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name: NAME },
    data: content,
  });
  await cluster.request("POST", path, whole(data));
  return {
    data: data as Record<string, string>,
    put: (changes: Record<string, string>) =>
      cluster.request("PUT", `${path}/${NAME}`, whole({ ...data, ...changes })),
    remove: () => cluster.request("DELETE", `${path}/${NAME}`),
    restore: () => cluster.request("POST", path, whole(data)),
  };
}

Deno.test("the role that every cluster has for this is enough, and one object is all that is watched", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("identity");
  const client = await identityClient(cluster, namespace, { reviews: false });
  const abort = new AbortController();
  const mark = await cluster.audit.mark();
  const source = createAuthenticationConfig({ client });
  const running = source.run(abort.signal);
  try {
    await source.whenSynced(AbortSignal.timeout(120_000));
    assert.equal(source.trouble, "");
    const { clientCa, requestHeader } = source.current;
    assert.equal(clientCa?.pem.trim(), cluster.caPem.trim());
    assert.ok(requestHeader);
    const { ca, ...rest } = requestHeader;
    assert.equal(ca.pem.trim(), cluster.frontProxy.caPem.trim());
    assert.deepEqual(rest, {
      allowedNames: ["front-proxy-client"],
      usernameHeaders: ["x-remote-user"],
      uidHeaders: ["x-remote-uid"],
      groupHeaders: ["x-remote-group"],
      extraHeaderPrefixes: ["x-remote-extra-"],
    });
    const view = await cluster.audit.since(mark);
    const user = serviceAccountUser({ namespace, name: "identity" });
    assert.deepEqual(view.denied(user), []);
    assert.ok(view.count({ user }) > 0);
    for (const { uri } of view.requests({ user })) {
      assert.match(
        decodeURIComponent(uri),
        /configmaps\?.*fieldSelector=metadata\.name=extension-apiserver-auth/,
      );
    }
  } finally {
    abort.abort(new Error("the test is over"));
    await running;
    client.close();
    await withdraw(cluster, namespace);
  }
});

Deno.test("rotations are followed through bad content, deletion and broken connections, without a restart", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("identity");
  const copy = await copyOfConfig(cluster, namespace);
  const faults = await cluster.newFaults();
  const account = { namespace, name: "watcher" };
  const client = createRestClient({
    connection: loadKubeConfig({
      kubeconfig: await cluster.serviceAccountKubeconfig({ ...account, throughFaults: faults }),
    }),
  });
  const apiGroup = "rbac.authorization.k8s.io";
  const metadata = { namespace, name: "watcher" };
  await cluster.apply([
    {
      apiVersion: `${apiGroup}/v1`,
      kind: "Role",
      metadata,
      rules: [{
        apiGroups: [""],
        resources: ["configmaps"],
        resourceNames: [NAME],
        verbs: ["get", "list", "watch"],
      }],
    },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup, kind: "Role", name: "watcher" },
      subjects: [{ kind: "ServiceAccount", ...account }],
    },
  ]);
  const watched = { resource: "configmaps", namespace, name: NAME };
  await untilAllowed(cluster, serviceAccountUser(account), [{ ...watched, verb: "list" }, {
    ...watched,
    verb: "watch",
  }]);
  const abort = new AbortController();
  const source = createAuthenticationConfig({ client, configMap: { namespace, name: NAME } });
  let told = 0;
  source.subscribe(() => told++);
  const running = source.run(abort.signal);
  const key = "requestheader-client-ca-file";
  const two = { [key]: copy.data[key] + (await createAuthority("next")).certPem };
  try {
    await source.whenSynced(AbortSignal.timeout(120_000));
    assert.equal(authorities(source.current), 1);

    await copy.put(two);
    await waitFor(() => authorities(source.current) === 2, { what: "the second authority" });

    await copy.put({ [key]: "not a certificate" });
    await waitFor(() => /last good one stays/.test(source.trouble), {
      what: "the bad content to be noticed",
    });
    assert.equal(authorities(source.current), 2);

    await copy.remove();
    await waitFor(() => /is not there/.test(source.trouble), { what: "the deletion to be noticed" });
    assert.equal(authorities(source.current), 2);

    faults.cut({ resource: "configmaps" }, { times: 2 });
    assert.equal(faults.cutOpen({ resource: "configmaps" }), 1, "the one watch");
    await copy.restore();
    await waitFor(() => authorities(source.current) === 1, {
      what: "the first authority alone",
      timeoutMs: 120_000,
    });
    assert.equal(source.trouble, "");
    assert.equal(told, 3, "each change was told once");
  } finally {
    abort.abort(new Error("the test is over"));
    await running;
    client.close();
    await faults.close();
  }
});
