/** A cluster from start to end, and what its parts do when they are stopped, killed and started again. */
import assert from "node:assert/strict";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { type Cluster, PartFailedError, RestError, restRequest, startCluster, waitFor } from "./mod.ts";
import { exists, removeTree } from "./paths.ts";
import { isFree } from "./ports.ts";
import { processesNaming } from "./processes.ts";
import { startPart } from "./lifecycle.ts";
import { readKeyPair } from "./state.ts";
import { send } from "./testing_client.ts";

function deployment(name: string, namespace: string, replicas: number): object {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "main", image: "example.test/image" }] },
      },
    },
  };
}

/** Lets the service account "nobody" read. */
function viewBinding(namespace: string): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "view", namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ kind: "ServiceAccount", namespace, name: "nobody" }],
  };
}

function readyReplicas(cluster: Cluster, namespace: string, name: string, wanted: number): Promise<unknown> {
  return waitFor(async () => {
    const { status } = await cluster.request(
      "GET",
      `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
    );
    return status.readyReplicas === wanted;
  }, { what: `${wanted} ready replicas of ${name}` });
}

Deno.test("a cluster of one's own", async (t) => {
  await using cluster = await startCluster();
  const { dir } = cluster;
  const namespace = await cluster.newNamespace();

  await t.step("reports the version that it was built from", async () => {
    assert.match((await cluster.request("GET", "/version")).gitVersion, /^v1\.34\.\d+$/);
    const { stdout } = await cluster.kubectl(["version", "-o", "json"]);
    const { clientVersion, serverVersion } = JSON.parse(stdout);
    assert.equal(clientVersion.gitVersion, serverVersion.gitVersion);
  });

  await t.step("makes Deployments ready", async () => {
    await cluster.apply(deployment("web", namespace, 3));
    await readyReplicas(cluster, namespace, "web", 3);
  });

  await t.step("collects what belonged to a deleted object", async () => {
    await cluster.request("DELETE", `/apis/apps/v1/namespaces/${namespace}/deployments/web`);
    await waitFor(
      async () => (await cluster.request("GET", `/api/v1/namespaces/${namespace}/pods`)).items.length === 0,
      { what: "the pods to be collected" },
    );
  });

  await t.step("enforces RBAC for service accounts", async () => {
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, name: "nobody" });
    const refused = await cluster.kubectl(["get", "pods"], { kubeconfig, allowFailure: true });
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, new RegExp(`system:serviceaccount:${namespace}:nobody.*cannot list`));
    await assert.rejects(cluster.kubectl(["get", "pods"], { kubeconfig }), /kubectl get pods exited with 1/);
  });

  await t.step("goes through its fault rig where asked to", async () => {
    const kubeconfig = await cluster.serviceAccountKubeconfig({
      namespace,
      name: "nobody",
      throughFaults: true,
    });
    await cluster.kubectl(["auth", "whoami"], { kubeconfig });
    assert.equal(cluster.faults.count({ resource: "selfsubjectreviews" }), 1);
  });

  await t.step("keeps its data when the API server is killed and started again", async () => {
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    await cluster.request("POST", path, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kept" } });
    await cluster.kill("apiserver");
    assert.deepEqual(await cluster.running(), ["etcd", "controller-manager", "scheduler", "kwok"]);
    await assert.rejects(cluster.request("GET", `${path}/kept`), /failed/);
    await cluster.start("apiserver");
    assert.equal((await cluster.find(`${path}/kept`)).metadata.name, "kept");
  });

  await t.step(
    "breaks its fault rig's watches when the API server dies, and serves through it again after",
    async () => {
      await using rig = await cluster.newFaults();
      const token = await cluster.serviceAccountToken({ namespace, name: "nobody" });
      const client = { url: rig.url, caPem: cluster.caPem, token };
      await cluster.apply(viewBinding(namespace));
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      await waitFor(async () => (await send(client, "GET", path).over()).status === 200, {
        what: "the role",
      });
      const watch = send(client, "GET", `${path}?watch=true`);
      await waitFor(() => watch.status === 200, { what: "the watch to begin" });
      await cluster.kill("apiserver");
      assert.ok((await watch.over()).error, "the watch must break");
      assert.ok((await send(client, "GET", path).over()).error, "a request must break");
      await cluster.start("apiserver");
      assert.equal((await send(client, "GET", path).over()).status, 200);
    },
  );

  await t.step("works again after each part was restarted", async () => {
    for (const part of ["etcd", "controller-manager", "scheduler", "kwok"] as const) {
      await cluster.restart(part);
    }
    await cluster.ready("apiserver");
    assert.equal((await cluster.running()).length, 5);
    await cluster.apply(deployment("after", namespace, 2));
    await readyReplicas(cluster, namespace, "after", 2);
  });

  await t.step("leaves a Deployment waiting while the controller manager is stopped", async () => {
    await cluster.stop("controller-manager");
    await cluster.apply(deployment("waiting", namespace, 1));
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/waiting`;
    assert.equal((await cluster.request("GET", path)).status.observedGeneration, undefined);
    await cluster.start("controller-manager");
    await readyReplicas(cluster, namespace, "waiting", 1);
  });

  await t.step("serves an aggregated API through an ExternalName Service, as the front proxy", async () => {
    const service = { namespace, name: "aggregated" };
    const { certPem, keyPem } = await cluster.issueServiceCertificate(service);
    const users: (string | undefined)[] = [];
    const server = https.createServer({
      cert: certPem,
      key: keyPem,
      ca: cluster.frontProxy.caPem,
      requestCert: true,
      rejectUnauthorized: true,
    }, (request, response) => {
      users.push(request.headers["x-remote-user"] as string | undefined);
      const list = { kind: "APIResourceList", groupVersion: "rig.test/v1", resources: [] };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(list));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    await cluster.externalService(service);
    await cluster.apply({
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: "v1.rig.test" },
      spec: {
        group: "rig.test",
        version: "v1",
        groupPriorityMinimum: 1000,
        versionPriority: 10,
        caBundle: btoa(cluster.caPem),
        service: { ...service, port: (server.address() as AddressInfo).port },
      },
    });
    const answer = await waitFor(() => cluster.request("GET", "/apis/rig.test/v1"), {
      what: "the aggregated API",
    });
    assert.equal(answer.groupVersion, "rig.test/v1");
    assert.ok(users.includes("admin"), `users seen: ${users}`);
    await cluster.request("DELETE", "/apis/apiregistration.k8s.io/v1/apiservices/v1.rig.test");
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  await t.step("does not take a stranger's client certificate", async () => {
    const stranger = await cluster.issueFrontProxyClient("admin");
    const target = { host: "127.0.0.1", port: cluster.state.ports.apiserver, caPem: cluster.caPem };
    await assert.rejects(
      restRequest({ ...target, credentials: stranger }, "GET", "/api/v1/nodes"),
      (error) => error instanceof RestError && error.status === 401,
    );
  });

  await t.step("says why a part does not start", async () => {
    await cluster.stop("kwok");
    const broken = structuredClone(cluster.state);
    broken.tools.path.kwok = "/nowhere/kwok";
    await assert.rejects(startPart(broken, "kwok"), (error) => {
      assert.ok(error instanceof PartFailedError);
      assert.match(
        error.message,
        /kwok of cluster .* ended with exit code 127[^]*last lines[^]*\/nowhere\/kwok/,
      );
      return true;
    });
    assert.match(await cluster.logs("kwok", 1), /\/nowhere\/kwok/);
  });

  await t.step("leaves neither process nor file nor port behind", async () => {
    const ports = Object.values(cluster.state.ports);
    await cluster.destroy();
    assert.equal(await exists(dir), false);
    await waitFor(async () => (await processesNaming(dir)).length === 0, { what: "all processes to go" });
    for (const port of ports) assert.equal(isFree(port), true, `port ${port}`);
  });
});

Deno.test("two clusters side by side know nothing of each other", async () => {
  const [one, two] = await Promise.all([startCluster({ nodes: 1 }), startCluster({ nodes: 1 })]);
  await using _one = one;
  await using _two = two;
  await one.apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "mine", namespace: "default" } });
  const path = "/api/v1/namespaces/default/configmaps/mine";
  assert.equal((await one.find(path)).metadata.name, "mine");
  assert.equal(await two.find(path), undefined);
  const ports = [...Object.values(one.state.ports), ...Object.values(two.state.ports)];
  assert.equal(new Set(ports).size, 10);
  const credentials = await readKeyPair(one.dir, "admin");
  const mixed = { host: "127.0.0.1", port: two.state.ports.apiserver, credentials };
  await assert.rejects(restRequest({ ...mixed, caPem: one.caPem }, "GET", "/readyz"), /certificate/i);
  await assert.rejects(
    restRequest({ ...mixed, caPem: two.caPem }, "GET", "/api/v1/nodes"),
    (error) => error instanceof RestError && error.status === 401,
  );
  await one.kill("etcd");
  assert.equal((await two.running()).length, 5);
  await two.ready("apiserver");
  assert.equal(await two.request("GET", "/readyz"), "ok");
});

Deno.test("a port that somebody takes meanwhile is no reason to fail", async () => {
  const dir = await Deno.makeTempDir({ prefix: "coder-k8s-taken-" });
  const lines: string[] = [];
  let listener: Deno.Listener | undefined;
  const progress = {
    isTerminal: false,
    write(text: string) {
      lines.push(text);
      // As soon as etcd is up, another program takes the API server's port.
      if (!text.includes("etcd is up") || listener) return;
      const config = Deno.readTextFileSync(`${dir}/admin.kubeconfig`);
      const port = Number(/127\.0\.0\.1:(\d+)/.exec(config)?.[1]);
      listener = Deno.listen({ hostname: "127.0.0.1", port });
    },
  };
  try {
    await using cluster = await startCluster({ dir, progress });
    assert.match(lines.join(""), /a port was taken meanwhile/);
    assert.equal(await cluster.request("GET", "/readyz"), "ok");
  } finally {
    listener?.close();
    await removeTree(dir);
  }
});

Deno.test("a directory that holds other files is refused and left alone", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/precious`, "kept");
  await assert.rejects(startCluster({ dir }), /which is not empty/);
  assert.equal(await Deno.readTextFile(`${dir}/precious`), "kept");
  await removeTree(dir);
});
