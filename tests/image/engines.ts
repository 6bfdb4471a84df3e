/** What builds images: docker or podman where they work, else buildah, which needs no service and comes from Debian. */
import { join } from "node:path";
import { findOnPath } from "../coder/find_program.ts";
import { ensureDebianProgram } from "../cluster/debian_package.ts";
import { cacheHome } from "../cluster/paths.ts";
import { readContainerfile } from "./containerfile.ts";
import { ensureDistrolessRoot, ensureNodeRoot } from "./roots.ts";

export interface BuildRequest {
  readonly context: string;
  readonly target: string;
  readonly tag: string;
  readonly buildArgs: Readonly<Record<string, string>>;
}

export interface Engine extends AsyncDisposable {
  readonly title: string;
  build(request: BuildRequest): Promise<void>;
  /** Runs its entry point with a read-only root where the engine can; what it printed. */
  run(tag: string, args: readonly string[]): Promise<string>;
  inspect(tag: string): Promise<{ readonly user: string; readonly labels: Readonly<Record<string, string>> }>;
  /** Shows its files. */
  withRoot(tag: string, look: (tree: string) => Promise<void>): Promise<void>;
}

/** The first that works. */
export async function findEngine({ standIns }: { standIns: boolean }): Promise<Engine> {
  for (const name of standIns ? [] : ["docker", "podman"]) {
    const found = await findOnPath(name);
    if (found !== undefined && (await attempt(found, ["info"])).code === 0) return service(name, found);
  }
  return await buildah();
}

function service(name: string, program: string): Engine {
  return {
    title: name,
    build: async ({ context, target, tag, buildArgs }) =>
      void await must(program, [
        "build",
        "--file",
        join(context, "Containerfile"),
        "--target",
        target,
        "--tag",
        tag,
        ...flags(buildArgs),
        context,
      ], true),
    run: (tag, args) =>
      must(program, [
        "run",
        "--rm",
        "--read-only",
        "--tmpfs",
        "/tmp",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        tag,
        ...args,
      ]),
    inspect: async (tag) => {
      const [{ Config }] = JSON.parse(await must(program, ["image", "inspect", tag]));
      return { user: Config.User ?? "", labels: Config.Labels ?? {} };
    },
    async withRoot(tag, look) {
      const directory = await Deno.makeTempDir({ prefix: "coder-k8s-image-" });
      const container = (await must(program, ["create", tag])).trim();
      try {
        await must("sh", ["-c", '"$1" export "$2" | tar -x -C "$3"', "sh", program, container, directory]);
        await look(directory);
      } finally {
        await must(program, ["rm", container]);
        await Deno.remove(directory, { recursive: true });
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** With bases of Debian's and npm's packages under the names that Containerfile gives. */
async function buildah(): Promise<Engine> {
  const program = await ensureDebianProgram({
    program: "buildah",
    package: "buildah",
    need: "which builds images",
  });
  const state = join(cacheHome(), "image-build");
  await Deno.mkdir(state, { recursive: true });
  const policy = join(state, "policy.json");
  await Deno.writeTextFile(policy, '{"default":[{"type":"insecureAcceptAnything"}]}\n');
  const own = ["--root", join(state, "store"), "--runroot", join(state, "run")];
  const call = (args: readonly string[], show = false) => must(program, [...own, ...args], show);
  const accept = ["--signature-policy", policy];
  const base = async (name: string, tree: string, config: readonly string[]) => {
    const container = (await call(["from", ...accept, "scratch"])).trim();
    await call(["add", "--quiet", container, tree, "/"]);
    if (config.length > 0) {
      // The machine's authorities: its registries may stand behind one of its own.
      await call([
        "add",
        "--quiet",
        container,
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/ssl/certs/ca-certificates.crt",
      ]);
      await call(["config", ...config, container]);
    }
    await call(["commit", ...accept, "--quiet", "--rm", container, name]);
  };
  const stages = await readContainerfile();
  const authorities = "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt";
  await base(stages.get("build")!.from, await ensureNodeRoot(), [
    "--env",
    authorities,
    "--env",
    "DENO_TLS_CA_STORE=system",
    "--env",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  ]);
  await base(stages.get("coder-k8s")!.from, await ensureDistrolessRoot(), []);
  const container = async <R>(tag: string, work: (name: string) => Promise<R>): Promise<R> => {
    const name = (await call(["from", ...accept, "--pull-never", tag])).trim();
    try {
      return await work(name);
    } finally {
      await call(["rm", name]);
    }
  };
  return {
    title: "buildah, on stand-ins for the base images",
    build: async ({ context, target, tag, buildArgs }) =>
      void await call([
        "build",
        ...accept,
        "--pull-never",
        "--isolation=chroot",
        "--layers",
        "--file",
        join(context, "Containerfile"),
        "--target",
        target,
        "--tag",
        tag,
        ...flags(buildArgs),
        context,
      ], true),
    // buildah runs commands, not entry points.
    run: (tag, args) =>
      container(tag, (name) => call(["run", "--isolation=chroot", name, "--", "/coder-k8s", ...args])),
    inspect: async (tag) => {
      const { OCIv1 } = JSON.parse(await call(["inspect", "--type=image", tag]));
      return { user: OCIv1.config.User ?? "", labels: OCIv1.config.Labels ?? {} };
    },
    withRoot: (tag, look) =>
      container(tag, async (name) => {
        const tree = (await call(["mount", name])).trim();
        try {
          await look(tree);
        } finally {
          await call(["umount", name]);
        }
      }),
    [Symbol.asyncDispose]: async () => void await Deno.remove(state, { recursive: true }),
  };
}

function flags(buildArgs: Readonly<Record<string, string>>): string[] {
  return Object.entries(buildArgs).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
}

/** What it printed. @throws {Error} with the end of what it said where it fails */
async function must(program: string, args: readonly string[], show = false): Promise<string> {
  const { code, out, err } = await attempt(program, args, show);
  if (code === 0) return out;
  throw new Error(`${program} ${args.join(" ")} failed:\n${`${out}\n${err}`.trim().slice(-3_000)}`);
}

async function attempt(program: string, args: readonly string[], show = false) {
  const said = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: show ? "inherit" : "piped",
    signal: AbortSignal.timeout(1_200_000),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: said.code, out: text(said.stdout), err: show ? "" : text(said.stderr) };
}
