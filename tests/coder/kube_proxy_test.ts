import assert from "node:assert/strict";
import { coderDeployments } from "../../src/app/coder_calls.ts";
import type { Core } from "../../src/app/part.ts";
import { CoderError, isTokenRefused } from "../../src/coder/mod.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { type Cluster, sharedCluster, waitFor } from "../cluster/mod.ts";
import { installOperator } from "../operator/install.ts";
import { forward } from "./forward.ts";
import { agentTemplate, plainTemplate, sharedCoderd } from "./mod.ts";

const OPTIONAL =
  new URL("../../deploy/components/coder-access-kube-proxy/rbac.yaml", import.meta.url).pathname;

/** A Service `coder` whose one endpoint is `host:port`. The API server wants a pod behind the address. */
async function serviceFor(cluster: Cluster, namespace: string, host: string, port: number): Promise<void> {
  const metadata = { name: "coder", namespace };
  await cluster.request("POST", `/api/v1/namespaces/${namespace}/pods`, {
    metadata,
    // Nobody schedules it: its status is ours to write.
    spec: { schedulerName: "nobody", containers: [{ name: "coder", image: "coder" }] },
  });
  await cluster.request("PATCH", `/api/v1/namespaces/${namespace}/pods/coder/status`, {
    status: { podIP: host, podIPs: [{ ip: host }] },
  });
  await cluster.request("POST", `/api/v1/namespaces/${namespace}/services`, {
    metadata,
    spec: { ports: [{ name: "http", port: 80, targetPort: port }] },
  });
  await cluster.request("POST", `/api/v1/namespaces/${namespace}/endpoints`, {
    metadata,
    subsets: [{
      addresses: [{ ip: host, targetRef: { kind: "Pod", name: "coder", namespace } }],
      ports: [{ name: "http", port, protocol: "TCP" }],
    }],
  });
}

/** Clients of `namespace/coder` through the API server, under a kubeconfig. */
function clients(kubeconfig: string, namespace: string) {
  const core = { config: {}, client: { connection: loadKubeConfig({ kubeconfig }) }, metrics: noMetrics };
  const deployments = coderDeployments(core as unknown as Core);
  return {
    client: (token?: string, name = "coder") =>
      deployments.client(`${namespace}/${name}`, { url: `kube-proxy://${namespace}/${name}:80` }, token),
    [Symbol.dispose]: () => deployments.close(),
  };
}

const isNotCoder = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof CoderError);
  assert.deepEqual([error.kind, error.reason], ["unavailable", "notCoder"]);
  assert.match(error.message, words);
  return true;
};

Deno.test("Coder is reached through the API server, with the optional rights and no others", async () => {
  const cluster = await sharedCluster();
  const coderd = await sharedCoderd();
  const operator = await installOperator(cluster);
  const namespace = await cluster.newNamespace("kube-proxy");
  await using forwarder = await forward(Number(new URL(coderd.url).port));
  await serviceFor(cluster, namespace, forwarder.host, forwarder.port);
  const { token } = await coderd.firstUser();
  using mine = clients(operator, namespace);
  using _meant = cluster.audit.meansDenials("rights that are optional are tried without", /services\/proxy/);

  // The shipped rights are not enough, which says nothing about Coder or its token.
  await assert.rejects(
    mine.client(token).users.me(),
    isNotCoder(/services\/proxy.*coder-access-kube-proxy\/rbac\.yaml/),
  );
  await cluster.kubectl(["apply", "-f", OPTIONAL]);
  try {
    const me = await waitFor(() => mine.client(token).users.me().catch(() => undefined), {
      what: "the rights to count",
    });
    // Bodies, queries and every method that the operator uses.
    const { sessionToken } = await mine.client(token).tokens.create(me.id, {
      name: "by-proxy",
      lifetimeMs: 3_600_000,
    });
    const named = await mine.client(sessionToken).tokens.findByName(me.id, "by-proxy");
    assert.ok(named);
    const page = await mine.client(sessionToken).users.list({ q: `${me.username} status:active`, limit: 5 });
    assert.ok(page.users.some(({ id }) => id === me.id));
    assert.equal(await mine.client(token).tokens.delete(me.id, named.id), true);
    // Logs, which are read again and again where others open a socket.
    const { active_version_id } = await coderd.createTemplate({ files: plainTemplate() });
    const log = await mine.client(token).builds.versionLog(active_version_id);
    const rest = await mine.client(token).builds.versionLog(active_version_id, { after: log.items[0]?.id });
    assert.ok(log.items.length > 1 && rest.items.length === log.items.length - 1);
    const template = await coderd.createTemplate({ files: agentTemplate() });
    await mine.client(token).templateChanges.promote(template.id, template.active_version_id);
    const workspace = await coderd.createWorkspace({ template });
    await mine.client(token).workspaceChanges.setAutostart(workspace.id, null);
    const [agent] = await coderd.waitForAgents(workspace.id);
    // API servers lose the queries of WebSockets (kubernetes/kubernetes#77142), which terminals need.
    await assert.rejects(
      mine.client(token).terminals.open(
        { agentId: agent.id, command: "id" },
        AbortSignal.timeout(60_000),
      ),
      (error) =>
        error instanceof CoderError && error.reason === "noWebSocket" && /directly/.test(error.message),
    );
    await coderd.buildWorkspace(workspace.id, "delete");
    // Coder's own refusals stay Coder's.
    await assert.rejects(mine.client(sessionToken).users.me(), (error) => isTokenRefused(error));
    await assert.rejects(
      mine.client(`${"x".repeat(10)}-${"y".repeat(22)}`).users.me(),
      (error) => isTokenRefused(error),
    );
    // The API server's are not.
    await assert.rejects(
      mine.client(token, "missing").users.me(),
      isNotCoder(/"missing" not found.*no such Service/),
    );
    await cluster.request("DELETE", `/api/v1/namespaces/${namespace}/pods/coder?gracePeriodSeconds=0`);
    await waitFor(
      () => mine.client(token).users.me().then(() => false, isNotCoder(/no endpoints available/)),
      {
        what: "the API server to have no pod behind the endpoint",
      },
    );
  } finally {
    await cluster.kubectl(["delete", "-f", OPTIONAL]);
  }
});

Deno.test("credentials that the API server refuses say nothing about Coder's token", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("kube-proxy");
  const kubeconfig = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{
          name: "c",
          cluster: { server: cluster.url, "certificate-authority-data": btoa(cluster.caPem) },
        }],
        users: [{ name: "u", user: { token: "forged" } }],
        contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
        "current-context": "x",
      }),
    );
    using forged = clients(kubeconfig, namespace);
    await assert.rejects(
      forged.client("a").users.me(),
      isNotCoder(/Unauthorized.*says nothing about Coder's token/),
    );
  } finally {
    await Deno.remove(kubeconfig);
  }
});
