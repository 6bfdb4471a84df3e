/** The composition root in this process, on a real cluster. */
import assert from "node:assert/strict";
import { runApp } from "../../src/app/app.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import { type LogFields, type Logger, silentLogger } from "../../src/telemetry/logger.ts";
import { Redactor } from "../../src/telemetry/redactor.ts";
import { type Cluster, serviceAccountUser, sharedCluster, waitFor } from "../cluster/mod.ts";
import { installOperator } from "../operator/install.ts";
import { freePort } from "../operator/process.ts";

/** Starts the app with flags; every permission stays, for the tests beside it. */
async function start(kubeconfig: string, flags: Readonly<Record<string, string>>) {
  const [health, metrics] = [await freePort(), await freePort()];
  const given = {
    app: "controller",
    kubeconfig,
    "health-bind-address": `127.0.0.1:${health}`,
    "metrics-bind-address": `127.0.0.1:${metrics}`,
    // The API server's service proxy needs rights that are optional.
    "coder-access": "direct",
    ...flags,
  };
  const { settings, mistakes } = await loadSettings({
    flags: new Map(Object.entries(given).map(([flag, value]) => [flag, [value]])),
    environment: {},
    readTextFile: () => Promise.reject(new Error("no file")),
  });
  assert.ok(settings, JSON.stringify(mistakes));
  const ending = new AbortController();
  const lines: { text: string; fields: LogFields }[] = [];
  const write = (text: string, fields: LogFields = {}) => void lines.push({ text, fields });
  const log: Logger = { ...silentLogger, debug: write, info: write, warn: write, child: () => log };
  const asked: (string | undefined)[] = [];
  const done = runApp(settings, {
    signal: ending.signal,
    log,
    redactor: new Redactor(),
    environment: { POD_NAME: "operator-0", POD_NAMESPACE: "coder-system" },
    drop: (mode, execCommand) => {
      asked.push(mode, execCommand);
      return Promise.resolve({ dropped: [], kept: [] });
    },
  });
  const at = (port: number) => async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    return { status: response.status, text: await response.text() };
  };
  const stop = async () => {
    ending.abort(new Error("the test is over"));
    await done;
  };
  return { health: at(health), metrics: at(metrics), stop, done, lines, asked };
}

async function untilReady(health: (path: string) => Promise<{ status: number }>): Promise<void> {
  await waitFor(async () => (await health("/readyz").catch(() => ({ status: 0 }))).status === 200, {
    what: "readiness",
    intervalMs: 20,
  });
}

/** Who may read metrics, and somebody who may not. */
async function scrapers(cluster: Cluster, namespace: string) {
  const [good, other] = await Promise.all(
    ["prometheus", "other"].map((name) => cluster.serviceAccountToken({ namespace, name })),
  );
  await cluster.apply([
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: `metrics-${namespace}` },
      rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: `metrics-${namespace}` },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: `metrics-${namespace}` },
      subjects: [{ kind: "ServiceAccount", name: "prometheus", namespace }],
    },
  ]);
  await cluster.rightsInForce(serviceAccountUser({ namespace, name: "prometheus" }), [
    { nonResourceURLs: ["/metrics"], verbs: ["get"] },
  ]);
  return { good, other };
}

Deno.test("the app serves probes and metrics, reconciles, and ends with nothing left running", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("app");
  const kubeconfig = await installOperator(cluster);
  const app = await start(kubeconfig, { namespace, "leader-elect": "false" });
  await untilReady(app.health);
  assert.deepEqual(app.asked, ["controller", undefined]);
  assert.equal((await app.health("/healthz")).status, 200);
  await cluster.apply({
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: "one", namespace },
    spec: {},
  });
  const events = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
  await waitFor(async () => {
    const { items } = await cluster.request("GET", events);
    return items.some((event: { reportingInstance?: string }) => event.reportingInstance === "operator-0");
  }, { what: "an Event that names the pod" });
  // A reconcile is counted after its Events.
  const wanted = ["coder_k8s_build_info", "controller_runtime_reconcile_total", "rest_client_requests_total"];
  await waitFor(async () => {
    const { status, text } = await app.metrics("/metrics");
    assert.equal(status, 200);
    const missing = wanted.filter((name) => !new RegExp(`^${name}\\{`, "m").test(text));
    assert.deepEqual(missing, []);
    return true;
  }, { what: "the metrics" });
  await app.stop();
  await assert.rejects(app.health("/readyz"), TypeError, "the port is closed");
});

Deno.test("protected metrics are for those whom RBAC lets get /metrics", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("app");
  const kubeconfig = await installOperator(cluster);
  const { good, other } = await scrapers(cluster, namespace);
  const app = await start(kubeconfig, { namespace, "leader-elect": "false", "metrics-access": "protected" });
  try {
    await untilReady(app.health);
    const scrape = async (token?: string) =>
      (await app.metrics("/metrics", token === undefined ? {} : { authorization: `Bearer ${token}` })).status;
    assert.equal(await scrape(), 401);
    assert.equal(await scrape("not-a-token"), 401);
    assert.equal(await scrape(other), 403);
    assert.equal(await scrape(good), 200);
  } finally {
    await app.stop();
  }
});

Deno.test("ports that are turned off are not there, and the app works all the same", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("app");
  const kubeconfig = await installOperator(cluster);
  const app = await start(kubeconfig, {
    app: "all",
    namespace,
    "leader-elect": "false",
    "health-bind-address": "0",
    "metrics-bind-address": "0",
    "aggregated-bind-address": "0",
    "mcp-bind-address": "0",
  });
  await waitFor(() => app.lines.some(({ text }) => text === "ready"), { what: "the line that says so" });
  assert.ok(!app.lines.some(({ text }) => text === "listening"));
  await app.stop();
});

Deno.test("a kubeconfig that cannot be used is the error of the whole run, and closes what was open", async () => {
  const app = await start("/does/not/exist", {});
  await assert.rejects(app.done, /\/does\/not\/exist/);
  await assert.rejects(app.health("/healthz"), TypeError);
});
