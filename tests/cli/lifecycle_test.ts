/** How a process starts, waits and ends, seen from outside. */
import assert from "node:assert/strict";
import { type Cluster, sharedCluster, waitFor } from "../cluster/mod.ts";
import { type OperatorProcess, startOperator } from "../operator/process.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** A kubeconfig of an administrator's service account, optionally through the fault rig. The CRDs are there. */
async function kubeconfigOf(cluster: Cluster, namespace: string, throughFaults = false): Promise<string> {
  const name = "lifecycle";
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-k", `${root}/crd`]);
  const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, name, throughFaults });
  await cluster.apply({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: `lifecycle-${namespace}` },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  });
  return kubeconfig;
}

function scope(namespace: string): string[] {
  return [`--namespace=${namespace}`, `--leader-election-namespace=${namespace}`];
}

async function holder(cluster: Cluster, namespace: string): Promise<string> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/coder-k8s-controller.coder.com`;
  return (await cluster.find(path))?.spec?.holderIdentity ?? "";
}

const messages = (operator: OperatorProcess) => operator.lines.map((line) => JSON.parse(line).msg as string);

Deno.test("an API server that does not answer is waited for, and the log says so", async () => {
  // No neighbour gets this one, as may happen to a port that was just given back.
  const port = 1;
  const file = await Deno.makeTempFile({ suffix: ".kubeconfig" });
  try {
    await Deno.writeTextFile(
      file,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "nowhere",
        clusters: [{ name: "nowhere", cluster: { server: `http://127.0.0.1:${port}` } }],
        users: [{ name: "nobody", user: {} }],
        contexts: [{ name: "nowhere", context: { cluster: "nowhere", user: "nobody" } }],
      }),
    );
    await using operator = await startOperator({ kubeconfig: file });
    await waitFor(
      () =>
        operator.lines.map((text) => JSON.parse(text))
          .find(({ msg, why }) => msg === "not ready yet" && /caches: .*(refused|connect)/i.test(why)),
      { what: "a line that explains", timeoutMs: 180_000 },
    );
    const ready = await fetch(`${operator.healthUrl}/readyz`);
    assert.equal(ready.status, 503);
    await ready.body?.cancel();
    const alive = await fetch(`${operator.healthUrl}/healthz`);
    assert.equal(alive.status, 200);
    await alive.body?.cancel();
    assert.equal(await operator.stop(), 0);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("SIGTERM turns readiness red, gives the Lease back and exits 0", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("stop");
  const kubeconfig = await kubeconfigOf(cluster, namespace, true);
  // A pass that is in hand: until it is let go, the process stays as it is after the signal.
  using held = cluster.faults.freeze({ verb: "patch", resource: "serviceaccounts", namespace });
  await using operator = await startOperator({
    kubeconfig,
    args: [...scope(namespace), "--shutdown-timeout=5m"],
  });
  await operator.ready(120_000);
  await waitFor(async () => await holder(cluster, namespace) !== "", { what: "a leader" });
  await cluster.apply({
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: "one", namespace },
    spec: {},
  });
  await waitFor(() => held.hits > 0, { what: "a pass to be in hand" });

  const ended = operator.stop("SIGTERM", 300_000);
  await waitFor(async () => {
    const answer = await fetch(`${operator.healthUrl}/readyz`);
    const text = await answer.text();
    return answer.status === 503 && text.includes("shutting down");
  }, { what: "readiness to turn red", intervalMs: 10 });
  assert.notEqual(await holder(cluster, namespace), "", "nobody else begins while a pass is in hand");
  held.remove();
  assert.equal(await ended, 0);
  assert.equal(await holder(cluster, namespace), "");
  const said = messages(operator);
  assert.ok(said.indexOf("shutting down") < said.indexOf("released the lease"), said.join("\n"));
});

Deno.test("a second signal ends the process at once, whatever it waits for", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("stop");
  const kubeconfig = await kubeconfigOf(cluster, namespace, true);
  await using operator = await startOperator({ kubeconfig, args: scope(namespace) });
  await operator.ready(120_000);
  await waitFor(async () => await holder(cluster, namespace) !== "", { what: "a leader" });

  using _frozen = cluster.faults.freeze({ resource: "leases", namespace });
  void operator.stop("SIGTERM");
  await waitFor(() => messages(operator).includes("shutting down"), { what: "the orderly end to begin" });
  assert.equal(await operator.stop("SIGINT"), 130);
  assert.ok(messages(operator).includes("a second signal: ending at once"));
});

Deno.test("a kubeconfig with an exec plugin works, and keeps the permission to run it", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("exec");
  const plain = await kubeconfigOf(cluster, namespace);
  const token = await cluster.serviceAccountToken({ namespace, name: "lifecycle" });
  const directory = await Deno.makeTempDir();
  try {
    // In a folder of its own: kubectl writes the path relative to the kubeconfig, and a bare name would mean the PATH.
    const plugin = `${directory}/plugins/give-token`;
    await Deno.mkdir(`${directory}/plugins`);
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token },
    };
    await Deno.writeTextFile(plugin, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`, { mode: 0o755 });
    const config = `${directory}/kubeconfig`;
    await Deno.copyFile(plain, config);
    const exec = [`--exec-command=${plugin}`, "--exec-api-version=client.authentication.k8s.io/v1"];
    await cluster.kubectl(["config", "set-credentials", "plugin", ...exec, "--exec-interactive-mode=Never"], {
      kubeconfig: config,
    });
    await cluster.kubectl(["config", "set-context", "--current", "--user=plugin"], { kubeconfig: config });
    await using operator = await startOperator({
      kubeconfig: config,
      args: [...scope(namespace), "--leader-elect=false", "--debug"],
    });
    await operator.ready(120_000);
    const dropped = operator.lines.map((line) => JSON.parse(line)).find((one) =>
      one.msg === "permissions dropped"
    );
    assert.ok(dropped.kept.includes("run"));
    assert.match(dropped.note, /exec plugin .*give-token/);
    assert.equal(await operator.stop(), 0);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("an end that is asked for while the process still starts is an orderly one", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("early");
  const kubeconfig = await kubeconfigOf(cluster, namespace, true);
  using _frozen = cluster.faults.freeze({ resource: "deployments", namespace });
  await using operator = await startOperator({ kubeconfig, args: scope(namespace) });
  await waitFor(() => messages(operator).includes("API server"), { what: "the start" });
  assert.equal(await operator.stop(), 0);
  assert.equal(await holder(cluster, namespace), "", "it never led");
});
