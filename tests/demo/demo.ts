/**
 * `deno task demo [--once]`: a real cluster, the operator from source, a sample, explained step by step. Leaves
 * everything running until Ctrl-C; with `--once` it checks each step, cleans up and exits 0, for CI.
 */
import { type Cluster, standardError, startCluster, ToolsError, waitFor } from "../cluster/mod.ts";
import { type Deployment, startDeployment } from "../coder/mod.ts";
import { API_ROOT, available, register } from "../aggregated/app_rig.ts";
import { plainTemplate } from "../coder/mod.ts";
import { installOperator } from "../operator/install.ts";
import { freePort, type OperatorProcess, startOperator } from "../operator/process.ts";
import { askWhy, runInSandbox, showPage } from "./assistants.ts";
import { changeWorkspaces } from "./changes.ts";
import { type Screen, terminalScreen } from "./screen.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const samples = `${root}/deploy/samples`;
const sample = `${samples}/controlplane.yaml`;

/** For commands that wait: longer than they wait themselves. */
const PATIENT = { timeoutMs: 300_000 };

/** Runs a kubectl command and shows both the command and its output. */
async function show(cluster: Cluster, out: Screen, args: readonly string[]): Promise<string> {
  out.command(`kubectl ${args.map(quoted).join(" ")}`);
  const { stdout } = await cluster.kubectl(args, PATIENT);
  out.output(stdout.trim() === "" ? "(nothing)" : stdout);
  return stdout;
}

/** As a shell takes it. */
function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`;
}

/** An assertion of the demo: what it shows must be true. */
function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the demo expected ${what}`);
}

/** What runs behind the demo. */
interface Parts {
  cluster: Cluster;
  coder: Deployment;
  operator: OperatorProcess;
  log: string;
  /** Of the MCP server and the page. */
  server: string;
}

async function startParts(out: Screen): Promise<Parts> {
  out.title("A real Kubernetes API server");
  out.say("etcd, kube-apiserver, controllers, scheduler and fake nodes start on free loopback ports.");
  const cluster = await startCluster({ name: "demo", progress: standardError() });
  await show(cluster, out, ["get", "nodes"]);

  out.title("A real Coder");
  out.say("The fake nodes run no containers, so coderd 2.30 and its PostgreSQL run beside the cluster.");
  const coder = await startDeployment({ restartAfter: 1 }).catch(async (error) => {
    await cluster[Symbol.asyncDispose]();
    throw error;
  });
  const { version } = await coder.coderd.request("GET", "/api/v2/buildinfo");
  out.good(`Coder ${version} answers at ${coder.coderd.url}`);

  out.title("The operator, and the API of workspaces and templates");
  out.say(
    "CRDs and RBAC are installed as deploy/ ships them; one process runs from source, under exactly that RBAC.",
  );
  const kubeconfig = await installOperator(cluster);
  const log = `${cluster.dir}/operator.log`;
  const file = await Deno.open(log, { create: true, append: true });
  const encoder = new TextEncoder();
  const [port, mcpPort] = [await freePort(), await freePort()];
  const operator = await startOperator({
    kubeconfig,
    mode: "all",
    args: [
      `--control-plane-endpoint=coder/coder=${coder.coderd.url}`,
      `--aggregated-bind-address=127.0.0.1:${port}`,
      `--mcp-bind-address=127.0.0.1:${mcpPort}`,
      "--coder-poll-interval=5s",
    ],
    // Ctrl-C is the demo's: it ends the operator in its turn.
    detached: true,
    onLine: (line) => void file.writeSync(encoder.encode(line + "\n")),
  });
  operator.ended.finally(() => file.close());
  const started = performance.now();
  await operator.ready(120_000);
  await register(cluster, port);
  out.good(
    `ready after ${((performance.now() - started) / 1000).toFixed(1)} s: ${operator.healthUrl}/readyz`,
  );
  return { cluster, coder, operator, log, server: `http://127.0.0.1:${mcpPort}` };
}

async function reconcile(cluster: Cluster, coder: Deployment, out: Screen): Promise<void> {
  out.title("A control plane");
  await cluster.kubectl(["create", "namespace", "coder"]);
  await cluster.kubectl([
    "-n",
    "coder",
    "create",
    "secret",
    "generic",
    "coder-db",
    `--from-literal=url=${coder.coderd.databaseUrl}`,
  ]);
  const started = performance.now();
  await show(cluster, out, ["apply", "-f", sample]);
  await cluster.kubectl([
    "-n",
    "coder",
    "wait",
    "--for=condition=Ready",
    "codercontrolplane/coder",
    "--timeout=240s",
  ], PATIENT);
  out.good(`Ready after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  await cluster.kubectl([
    "-n",
    "coder",
    "wait",
    "--for=condition=OperatorAccess",
    "codercontrolplane/coder",
    "--timeout=240s",
  ], PATIENT);
  // Each is written when it is known.
  for (const told of ["{.status.phase}=Ready", "{.status.version}=v2.30.0"]) {
    const wait = ["wait", `--for=jsonpath=${told}`, "codercontrolplane/coder", "--timeout=240s"];
    await cluster.kubectl(["-n", "coder", ...wait], PATIENT);
  }
  const planes = await show(cluster, out, ["-n", "coder", "get", "codercontrolplanes"]);
  expect(/coder\s+Ready\s.*v2\.30\.0/.test(planes), `a line "coder  Ready … v2.30.0" in:\n${planes}`);
  out.say(
    "The version is what Coder itself answers. The operator has made itself a user and a token in Coder:",
  );
  await show(cluster, out, [
    "-n",
    "coder",
    "get",
    "codercontrolplane",
    "coder",
    "-o",
    'jsonpath={range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\\n"}{end}',
  ]);
  const token = await operatorToken(cluster);
  const users = await coder.coderd.send("GET", "/api/v2/users", { token });
  expect(users.status === 200, `the operator's token to list users, not ${users.status}`);
  out.good("its token, kept in the Secret coder-operator-token, may list users, templates and workspaces");

  out.title("What was created");
  out.say(
    "A ServiceAccount, a Deployment and a Service, owned by the control plane; deleting it deletes them.",
  );
  await show(cluster, out, ["-n", "coder", "get", "serviceaccounts,deployments,services,pods"]);
  out.say("Every transition is an Event:");
  const events = await waitFor(async () => {
    const { stdout } = await cluster.kubectl(["-n", "coder", "events", "--for", "codercontrolplane/coder"]);
    return /Ready/.test(stdout) ? stdout : undefined;
  }, { what: "the operator's events", timeoutMs: 120_000 });
  out.command("kubectl -n coder events --for codercontrolplane/coder");
  out.output(events);
}

async function operatorToken(cluster: Cluster): Promise<string> {
  const secret = await cluster.request("GET", "/api/v1/namespaces/coder/secrets/coder-operator-token");
  return atob(secret.data.token);
}

async function heal(cluster: Cluster, out: Screen): Promise<void> {
  out.title("Somebody deletes the Service and edits the Deployment");
  const uid = async () => (await cluster.find("/api/v1/namespaces/coder/services/coder"))?.metadata?.uid;
  const before = await uid();
  await show(cluster, out, ["-n", "coder", "delete", "service", "coder"]);
  await waitFor(async () => ![undefined, before].includes(await uid()), {
    what: "a new Service",
    timeoutMs: 120_000,
  });
  out.good("the Service is back");
  await show(cluster, out, ["-n", "coder", "set", "image", "deployment/coder", "coder=example.com/other:1"]);
  await waitFor(async () => {
    const { stdout } = await cluster.kubectl([
      "-n",
      "coder",
      "get",
      "deployment",
      "coder",
      "-o",
      "jsonpath={..image}",
    ]);
    return stdout.includes("ghcr.io/coder/coder:v2.30.0");
  }, { what: "the image of the spec", timeoutMs: 120_000 });
  out.good("the image of the spec is back; labels and annotations of others stay");
}

async function extend(cluster: Cluster, out: Screen): Promise<void> {
  out.title("A provisioner and a workspace proxy");
  out.say(
    "This Coder is the free build, which has neither. So the operator says so, asks again now and then, and",
  );
  out.say("starts nothing that could not work.");
  const files = ["provisioner", "workspaceproxy"].flatMap((name) => ["-f", `${samples}/${name}.yaml`]);
  await show(cluster, out, ["apply", ...files]);
  const reason = (resource: string, type: string) =>
    cluster.kubectl([
      "-n",
      "coder",
      "get",
      resource,
      "eu",
      "-o",
      `jsonpath={.status.conditions[?(@.type=="${type}")].reason}: {.status.conditions[?(@.type=="${type}")].message}`,
    ]);
  for (
    const [resource, type] of [
      ["coderprovisioner", "ExternalProvisionersEntitled"],
      ["coderworkspaceproxy", "Registered"],
    ] as const
  ) {
    const told = await waitFor(async () => {
      const { stdout } = await reason(resource, type);
      return /^Not(Supported|Entitled): /.test(stdout) ? stdout : undefined;
    }, { what: `${resource} to say that Coder has no such thing`, timeoutMs: 120_000 });
    out.good(`${resource} eu, ${type}: ${told}`);
  }
  await show(cluster, out, ["-n", "coder", "get", "coder"]);
}

async function showWorkspaces(cluster: Cluster, coder: Deployment, out: Screen): Promise<void> {
  out.title("Workspaces and templates, as kubectl sees them");
  await available(cluster);
  await show(cluster, out, ["api-resources", "--api-group=aggregation.coder.com"]);
  out.say("In Coder somebody pushes a template and makes a workspace of it, which Terraform builds:");
  const { username } = await coder.coderd.firstUser();
  const template = await coder.coderd.createTemplate({ files: plainTemplate({ seconds: 2 }), name: "plain" });
  const { id } = await coder.coderd.createWorkspace({ template, name: "dev", noWait: true });
  const workspace = `coderworkspace/coder.${username}.dev`;
  const condition = ["-n", "coder", "wait", "--for=condition=Ready", workspace, "--timeout=240s"];
  // kubectl does not wait for what is not there yet.
  await waitFor(() => cluster.find(`${API_ROOT}/namespaces/coder/coderworkspaces/coder.${username}.dev`), {
    what: "the workspace to be seen",
    timeoutMs: 120_000,
  });
  await show(cluster, out, condition);
  await waitFor(() => cluster.find(`${API_ROOT}/namespaces/coder/codertemplates/coder.plain`), {
    what: "the template to be seen",
    timeoutMs: 120_000,
  });
  const list = await show(cluster, out, [
    "-n",
    "coder",
    "get",
    "coderworkspaces,codertemplates",
    "-o",
    "wide",
  ]);
  expect(/coder\.\w+\.dev .* running /.test(list), `a running workspace in:\n${list}`);
  out.say("Its build log, which can be followed, too:");
  const log = await show(cluster, out, [
    "get",
    "--raw",
    `${API_ROOT}/namespaces/coder/coderworkspaces/coder.${username}.dev/log?tailLines=5`,
  ]);
  expect(log.trim() !== "", "a build log");
  out.say("Somebody stops it in Coder; nobody has to ask again and again to see that:");
  const stopped = cluster.kubectl([
    ...["-n", "coder", "wait", `--for=jsonpath={.status.latestBuildStatus}=stopped`, workspace],
    "--timeout=240s",
  ], PATIENT);
  await coder.coderd.buildWorkspace(id, "stop");
  await stopped;
  await show(cluster, out, ["-n", "coder", "get", "cws"]);
}

function tryIt({ cluster, coder, log }: Parts, out: Screen): void {
  out.title("Try it");
  out.say("In another terminal:");
  for (
    const line of [
      `export KUBECONFIG=${cluster.kubeconfig}`,
      `export PATH=${cluster.state.tools.path.kubectl.replace(/\/kubectl$/, "")}:$PATH`,
      "kubectl get coder -A",
      "kubectl get coderworkspaces -A -w",
      "kubectl explain coderworkspace.spec",
      "kubectl -n coder edit codertemplate coder.small",
      "kubectl explain codercontrolplane.spec.expose",
      `npx -y deno@2.9.4 run -A main.ts top --control-plane-endpoint=coder/coder=${coder.coderd.url}`,
      `kubectl -n coder patch codercontrolplane coder --type=merge -p '{"spec":{"replicas":2}}'`,
      "kubectl -n coder get codercontrolplane coder -w",
      "kubectl -n coder delete codercontrolplane coder",
    ]
  ) out.command(line);
  out.say(`The operator's log: ${log}`);
  out.say("Into a cluster of your own, step by step: docs/tutorial/getting-started.md");
}

/** Resolves at Ctrl-C or SIGTERM. */
function interrupted(): { done: Promise<void>; stop: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const handler = () => resolve();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, handler);
  return {
    done: promise,
    stop: () => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.removeSignalListener(signal, handler);
    },
  };
}

async function main(): Promise<void> {
  const once = Deno.args.includes("--once");
  const out = terminalScreen();
  out.say("coder-k8s: one binary that makes Coder native to Kubernetes.");
  const end = interrupted();
  const parts = await startParts(out);
  const { cluster, coder, operator, server } = parts;
  try {
    const steps = async () => {
      await reconcile(cluster, coder, out);
      await heal(cluster, out);
      await showWorkspaces(cluster, coder, out);
      await extend(cluster, out);
      const { username: owner } = await coder.coderd.firstUser();
      const scene = {
        cluster,
        out,
        owner,
        server,
        show: (args: readonly string[]) => show(cluster, out, args),
      };
      await changeWorkspaces(scene);
      await askWhy(scene);
      await runInSandbox(scene);
      await showPage(scene);
      tryIt(parts, out);
    };
    const over = operator.ended.then((code) => {
      throw new Error(
        `the operator ended with exit code ${code}; its log: ${operator.lines.slice(-20).join("\n")}`,
      );
    });
    over.catch(() => {});
    let finished = false;
    await Promise.race([steps().then(() => finished = true), end.done, over]);
    if (finished && !once) {
      out.say();
      out.say("Everything keeps running. Ctrl-C ends it and cleans up.");
      await Promise.race([end.done, over]);
    }
  } finally {
    out.say();
    out.say("Cleaning up …");
    const code = await operator.stop("SIGTERM", 60_000);
    await coder[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    end.stop();
    out.say(`The operator ended with exit code ${code}; Coder and the cluster are stopped.`);
    if (code !== 0) Deno.exitCode = 1;
  }
}

try {
  await main();
} catch (error) {
  const text = error instanceof ToolsError
    ? error.message
    : error instanceof Error
    ? error.stack
    : String(error);
  Deno.stderr.writeSync(new TextEncoder().encode(`\ndemo: ${text}\n`));
  Deno.exitCode = 1;
}
Deno.exit();
