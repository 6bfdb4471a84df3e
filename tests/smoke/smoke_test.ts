/** The same short test of the whole program, from source and compiled: it starts, answers, reconciles and ends. */
import assert from "node:assert/strict";
import { get } from "node:https";
import { runProgram, type Variant, variants } from "../cli/program.ts";
import { type Cluster, sharedCluster, waitFor } from "../cluster/mod.ts";
import { inspect } from "../mcp/inspector.ts";
import { installOperator, OPERATOR_USER } from "../operator/install.ts";
import { freePort, type OperatorProcess, startOperator } from "../operator/process.ts";

/** What one start of the program is given besides the usual. */
function start(variant: Variant, kubeconfig: string, args: readonly string[], mode = "controller") {
  return startOperator({
    kubeconfig,
    mode,
    args,
    ...(variant.binary === undefined ? {} : { binary: variant.binary }),
  });
}

/** The fields of the first log line with this message. */
function logged(operator: OperatorProcess, message: string): Record<string, unknown> | undefined {
  return operator.lines.map((line) => JSON.parse(line)).find((line) => line.msg === message);
}

async function reconciled(cluster: Cluster, namespace: string, name: string): Promise<string> {
  const path = `/apis/coder.com/v1alpha1/namespaces/${namespace}/codercontrolplanes/${name}`;
  return await waitFor(async () => {
    const { phase, url } = (await cluster.find(path))?.status ?? {};
    return phase === "Ready" && url;
  }, { what: `control plane ${namespace}/${name} to be Ready with its URL`, timeoutMs: 120_000 });
}

for (const variant of variants()) {
  Deno.test(`${variant.name}: version, help and a refusal`, async () => {
    const version = await runProgram(variant, ["version", "-o", "json"]);
    assert.equal(version.code, 0, version.err);
    const facts = JSON.parse(version.out);
    assert.match(facts.version, variant.binary === undefined ? /^dev$/ : /^\d+\.\d+\.\d+/);
    assert.match(facts.commit, /^([0-9a-f]{40}(-dirty)?|unknown)$/);
    assert.match(facts.deno, /^2\.9\.4 /);
    const help = await runProgram(variant, ["--help"]);
    assert.equal(help.code, 0);
    assert.match(help.out, /^Usage$/m);
    const refused = await runProgram(variant, ["controller", "--nope"]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /--nope: unknown flag/);
    const config = await Deno.makeTempFile({ suffix: ".yaml" });
    try {
      await Deno.writeTextFile(config, "logLevel: debug\nnope: 1\n");
      const misconfigured = await runProgram(variant, ["controller", `--config=${config}`]);
      assert.equal(misconfigured.code, 2);
      assert.match(misconfigured.err, /nope \(.*, line 2\): unknown option/);
    } finally {
      await Deno.remove(config);
    }
    const completion = await runProgram(variant, ["completion", "bash"]);
    assert.match(completion.out, /complete -F _coder_k8s coder-k8s/);
  });

  Deno.test(`${variant.name}: a controller becomes ready, reconciles under the shipped RBAC, and ends with 0`, async () => {
    const cluster = await sharedCluster();
    const kubeconfig = await installOperator(cluster);
    const namespace = await cluster.newNamespace("smoke");
    const startedAt = performance.now();
    await using operator = await start(variant, kubeconfig, [
      `--namespace=${namespace}`,
      `--leader-election-namespace=coder-system`,
      "--leader-elect=false",
      "--debug",
    ]);
    await operator.ready(120_000);
    const readyMs = Math.round(performance.now() - startedAt);
    await cluster.apply({
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name: "sample", namespace },
      spec: { extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value: "postgres://coder@db/coder" }] },
    });
    assert.match(await reconciled(cluster, namespace, "sample"), new RegExp(`sample\\.${namespace}\\.svc`));
    const { containers } =
      (await cluster.request("GET", `/apis/apps/v1/namespaces/${namespace}/deployments/sample`))
        .spec.template.spec;
    assert.equal(containers.length, 1);

    const dropped = logged(operator, "permissions dropped");
    assert.deepEqual(dropped?.["kept"], ["read", "net", "env"], "neither run nor write nor native code");
    const { rss } = operator.memory();
    const stoppedAt = performance.now();
    assert.equal(await operator.stop(), 0);
    const stopMs = Math.round(performance.now() - stoppedAt);
    assert.ok(stopMs < 25_000, `nothing was in hand, and stopping took ${stopMs} ms`);
    const memory = `${Math.round(rss / 1_048_576)} MiB`;
    Deno.stderr.writeSync(new TextEncoder().encode(
      `  ${variant.name}: ready after ${readyMs} ms, ${memory} resident, stopped in ${stopMs} ms\n`,
    ));
  });

  Deno.test(`${variant.name}: mcp-stdio serves the official inspector, with a kubeconfig`, async () => {
    const cluster = await sharedCluster();
    const [command = "", ...prefix] = variant.command;
    const args = [...prefix, "mcp-stdio", `--kubeconfig=${cluster.kubeconfig}`];
    const listed = await inspect({ command, args }, ["--method", "tools/list"]);
    assert.equal(listed.code, 0, listed.stderr);
    assert.ok((listed.answer as { tools: unknown[] }).tools.length >= 18);
    const health = await inspect({ command, args }, [
      "--method",
      "tools/call",
      "--tool-name",
      "check_health",
    ]);
    assert.equal(health.code, 0, health.stderr);
    assert.match(JSON.stringify(health.answer), /"kubernetes":"reachable"/);
  });

  Deno.test(`${variant.name}: diagnose looks at a control plane, for people and for programs`, async () => {
    const cluster = await sharedCluster();
    await installOperator(cluster);
    const namespace = await cluster.newNamespace("smoke");
    await cluster.apply({
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name: "sample", namespace },
      spec: {},
    });
    const ask = (...args: string[]) =>
      runProgram(variant, ["diagnose", ...args, `--kubeconfig=${cluster.kubeconfig}`, "-n", namespace]);
    const [text, json, yaml, nobody] = await Promise.all([
      ask("controlplane", "sample"),
      ask("coder/sample", "-o", "json"),
      ask("ccp", "sample", "-o", "yaml"),
      ask("coder", "nobody"),
    ]);
    const { state, subject, healthy } = JSON.parse(json.out);
    const code = healthy ? 0 : 1;
    assert.deepEqual([text.code, json.code, yaml.code], [code, code, code], text.err + json.err + yaml.err);
    assert.deepEqual(subject, { kind: "controlplane", namespace, name: "sample" });
    assert.ok(
      text.out.startsWith(`control plane ${namespace}/sample: `) && text.out.includes(state),
      text.out,
    );
    assert.match(yaml.out, /^subject:\n {2}kind: controlplane\n/);
    assert.equal(nobody.code, 2);
    assert.match(nobody.err, /^coder-k8s: there is no controlplane /);
  });

  Deno.test(`${variant.name}: all leads, serves, and gives its Lease back at the end`, async () => {
    const cluster = await sharedCluster();
    const kubeconfig = await installOperator(cluster);
    const namespace = await cluster.newNamespace("smoke");
    await grantLeases(cluster, namespace);
    const [port, mcp] = [await freePort(), await freePort()];
    const records = await Deno.makeTempFile();
    await using operator = await start(variant, kubeconfig, [
      `--mcp-bind-address=127.0.0.1:${mcp}`,
      `--mcp-audit-log=${records}`,
      `--namespace=${namespace}`,
      `--leader-election-namespace=${namespace}`,
      `--aggregated-bind-address=127.0.0.1:${port}`,
    ], "all");
    await operator.ready(120_000);
    const { data } = await cluster.request(
      "GET",
      "/api/v1/namespaces/coder-system/secrets/coder-k8s-apiserver-tls",
    );
    const anonymous = (path: string) => getVerified(port, path, atob(data["ca.crt"]));
    assert.deepEqual(await anonymous("/readyz"), { code: 200, text: "ok\n" });
    assert.equal((await anonymous("/apis/aggregation.coder.com/v1alpha1")).code, 200);
    assert.equal((await anonymous("/apis/aggregation.coder.com/v1alpha1/coderworkspaces")).code, 401);
    const url = `http://127.0.0.1:${mcp}/mcp`;
    assert.notEqual((await inspect({ url }, ["--method", "tools/list"])).code, 0, "nobody is let in unasked");
    const token = await cluster.serviceAccountToken({ namespace, name: "default" });
    const headers = { Authorization: `Bearer ${token}` };
    const tools = await inspect({ url, headers }, ["--method", "tools/list"]);
    assert.equal(tools.code, 0, tools.stderr);
    await inspect({ url, headers }, ["--method", "tools/call", "--tool-name", "check_health"]);
    await waitFor(async () => (await Deno.readTextFile(records)).includes('"tool":"check_health"'), {
      what: "the call to be on record",
    });
    await Deno.remove(records);
    const lease = () =>
      cluster.find(
        `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/coder-k8s-controller.coder.com`,
      );
    await waitFor(async () => ((await lease())?.spec?.holderIdentity ?? "") !== "", { what: "a leader" });
    assert.match(await operator.metrics(), /^coder_k8s_build_info\{.*\} 1$/m);
    assert.equal(await operator.stop("SIGINT"), 0);
    assert.equal((await lease())?.spec?.holderIdentity, "", "nobody holds it any more");
  });
}

/** Asks the aggregated API as nobody, believing only the authority that the process made itself. */
function getVerified(port: number, path: string, ca: string): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const servername = "coder-k8s-apiserver.coder-system.svc";
    get({ host: "127.0.0.1", port, path, ca, servername, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => text += chunk);
      response.on("end", () => resolve({ code: response.statusCode ?? 0, text }));
    }).once("error", reject);
  });
}

/** Lets the operator keep its Lease in another namespace than its own, as its Role in coder-system does there. */
async function grantLeases(cluster: Cluster, namespace: string): Promise<void> {
  const rule = {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    verbs: ["create", "get", "update"],
  };
  await cluster.apply([
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "leases", namespace },
      rules: [rule],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "leases", namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "leases" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: OPERATOR_USER }],
    },
  ]);
}
