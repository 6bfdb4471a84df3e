/** What a page is run in: a directory, programs, a cluster, and what else it asks for. */
import { join } from "node:path";
import { API_SERVICE } from "../../aggregated/app_rig.ts";
import { type Cluster, ensureTools, startCluster, waitFor } from "../../cluster/mod.ts";
import { type Deployment, ensureCoderTools, startDeployment } from "../../coder/mod.ts";
import { type PlayedPods, playPods } from "../../deploy/played/mod.ts";
import { ensureHelm } from "../../helm/program.ts";
import { startRedis } from "../../redis/server.ts";
import type { Need } from "./markers.ts";
import type { Page } from "./page.ts";

const root = new URL("../../../", import.meta.url).pathname.replace(/\/$/, "");
/** Folders of the project that the working directory has copies of, where they are there. */
const COPIED = ["charts", "crd", "deploy", "examples"];
const SETTLE_MS = 300_000;

export interface Surroundings extends AsyncDisposable {
  /** The working directory. */
  readonly cwd: string;
  /** For the runner's own files. */
  readonly scratch: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Makes everything that a page needs. Dispose of it with `await using`. */
export async function surroundings(page: Page): Promise<Surroundings> {
  const stack = new AsyncDisposableStack();
  try {
    const dir = await Deno.makeTempDir({ prefix: "coder-k8s-docs-" });
    stack.defer(() => Deno.remove(dir, { recursive: true }));
    const [cwd, scratch, bin, home] = ["work", "scratch", "bin", "home"].map((name) => join(dir, name)) as [
      string,
      string,
      string,
      string,
    ];
    await Promise.all([cwd, scratch, bin, home].map((path) => Deno.mkdir(path)));
    await copyFolders(cwd);
    const env: Record<string, string> = {
      PATH: `${bin}:${Deno.env.get("PATH") ?? "/usr/bin:/bin"}`,
      HOME: home,
      LANG: "C.UTF-8",
      TMPDIR: scratch,
      KUBECACHEDIR: join(home, "kubectl-cache"),
    };
    const has = (need: Need) => page.needs.has(need) || (page.needs.has("installed") && need === "played");
    // Building programs takes longest: nothing runs meanwhile.
    const { path: { kubectl } } = await ensureTools();
    await Deno.symlink(kubectl, join(bin, "kubectl"));
    if (has("helm")) await Deno.symlink(await ensureHelm(), join(bin, "helm"));
    if (has("coderd")) await Deno.symlink((await ensureCoderTools()).coder, join(bin, "coder"));

    const [cluster, coder] = await both(
      stack,
      has("no-cluster") ? undefined : () => startCluster({ name: "docs" }),
      has("coderd") ? () => startDeployment({ restartAfter: 1 }) : undefined,
    );
    const endpoints = coder === undefined
      ? []
      : page.controlPlanes.map((key) => `${key}=${coder.coderd.url}`);
    if (coder !== undefined) Object.assign(env, await coderEnvironment(coder));
    if (has("redis")) env["REDIS_URL"] = stack.use(await startRedis()).url;
    if (cluster !== undefined) {
      // A copy: pages may change contexts.
      await Deno.mkdir(join(home, ".kube"));
      await Deno.copyFile(cluster.kubeconfig, join(home, ".kube", "config"));
    }
    await wrap(bin, "coder-k8s", [], endpoints);
    await wrap(bin, "kubectl-coder", ["plugin"], endpoints);
    await wrap(bin, "kubectl_complete-coder", ["plugin", "__complete"], endpoints);
    if (cluster !== undefined && has("played")) {
      const played = stack.use(await play(cluster, endpoints));
      env["MCP_URL"] = played.mcpUrl;
      if (page.needs.has("installed")) await install(cluster, played);
    }
    return { cwd, scratch, env, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Both at once; what has started is disposed of, whatever becomes of the other. */
async function both(
  stack: AsyncDisposableStack,
  cluster: (() => Promise<Cluster>) | undefined,
  coder: (() => Promise<Deployment>) | undefined,
): Promise<[Cluster | undefined, Deployment | undefined]> {
  const [first, second] = await Promise.allSettled([cluster?.(), coder?.()]);
  for (const one of [first, second]) {
    if (one.status === "fulfilled" && one.value !== undefined) stack.use(one.value);
  }
  if (first.status === "rejected") throw first.reason;
  if (second.status === "rejected") throw second.reason;
  return [first.value, second.value];
}

async function copyFolders(cwd: string): Promise<void> {
  for (const folder of COPIED) {
    const there = await Deno.stat(join(root, folder)).then(() => true, () => false);
    if (!there) continue;
    const { success, stderr } = await new Deno.Command("cp", { args: ["-R", join(root, folder), cwd] })
      .output();
    if (!success) throw new Error(`${folder} cannot be copied: ${new TextDecoder().decode(stderr)}`);
  }
}

async function coderEnvironment({ coderd }: Deployment): Promise<Record<string, string>> {
  const { token, username } = await coderd.firstUser();
  return {
    CODER_URL: coderd.url,
    CODER_SESSION_TOKEN: token,
    CODER_USERNAME: username,
    CODER_DATABASE_URL: coderd.databaseUrl,
  };
}

/** The program by its name: compiled where `CODER_K8S_BINARY` says one, else from source. */
async function wrap(
  bin: string,
  name: string,
  args: readonly string[],
  endpoints: readonly string[],
): Promise<void> {
  const binary = Deno.env.get("CODER_K8S_BINARY");
  const cache = Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "/", ".cache", "deno");
  const program = binary === undefined || binary === ""
    ? [
      `DENO_DIR=${quoted(cache)} exec`,
      quoted(Deno.execPath()),
      "run -A --no-check",
      quoted(`${root}/main.ts`),
    ]
    : ["exec", quoted(binary)];
  const reach = endpoints.length === 0
    ? ""
    : `export CODER_K8S_CONTROL_PLANE_ENDPOINT=${quoted(endpoints.join(","))}\n`;
  const path = join(bin, name);
  await Deno.writeTextFile(path, `#!/bin/sh\n${reach}${[...program, ...args].join(" ")} "$@"\n`);
  await Deno.chmod(path, 0o755);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

async function play(cluster: Cluster, endpoints: readonly string[]): Promise<PlayedPods> {
  const binary = Deno.env.get("CODER_K8S_BINARY");
  return await playPods(cluster, {
    args: endpoints.map((endpoint) => `--control-plane-endpoint=${endpoint}`),
    ...(binary === undefined || binary === "" ? {} : { binary }),
  });
}

/** As `deploy/` ships it, until the API server reaches it and clients find its kinds. */
async function install(cluster: Cluster, played: PlayedPods): Promise<void> {
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-k", `${root}/deploy`]);
  await played.settled(SETTLE_MS);
  await cluster.kubectl(
    ["wait", "--for=condition=Available", `apiservice/${API_SERVICE}`, "--timeout=280s"],
    {
      timeoutMs: SETTLE_MS,
    },
  );
  await waitFor(async () => {
    const { stdout } = await cluster.kubectl([
      "api-resources",
      "--api-group=aggregation.coder.com",
      "-o=name",
    ]);
    return stdout.includes("coderworkspaces");
  }, { what: "the API server to have discovered the kinds", timeoutMs: SETTLE_MS });
}
