/**
 * Root file systems of the images' bases, of Debian's packages: what an engine would pull. Built once, as root, and
 * kept beside the cluster's programs.
 */
import { join } from "node:path";
import { ensureDebianProgram } from "../cluster/debian_package.ts";
import { ToolsError } from "../cluster/go_build.ts";
import { cacheHome, exists, removeTree, withFileLock } from "../cluster/paths.ts";
import { type ProgressSink, standardError, step } from "../cluster/progress.ts";
import { keyOf } from "../cluster/tool_list.ts";
import { debianPackages, readContainerfile } from "./containerfile.ts";

/** Exactly what `gcr.io/distroless/cc-debian12` is made of. */
export const DISTROLESS_CC = [
  "base-files",
  "ca-certificates",
  "gcc-12-base",
  "libc6",
  "libgcc-s1",
  "libgomp1",
  "libssl3",
  "libstdc++6",
  "media-types",
  "netbase",
  "tzdata",
];
const RELEASE = "bookworm";
/** Of the image that Containerfile starts from. */
const NODE = "24";

export interface RootOptions {
  readonly cache?: string;
  readonly progress?: ProgressSink;
}

/** The product's base: no shell, no package manager, certificates as one file. */
export function ensureDistrolessRoot(options: RootOptions = {}): Promise<string> {
  return kept("image-distroless", [...DISTROLESS_CC, RELEASE, "1"], options, async (into) => {
    const packages = join(into, "..", "packages");
    await Deno.mkdir(packages);
    await run("apt-get", ["-o", "APT::Sandbox::User=root", "download", ...DISTROLESS_CC], packages);
    await Deno.mkdir(join(into, "var/lib/dpkg/status.d"), { recursive: true });
    for await (const { name } of Deno.readDir(packages)) {
      const file = join(packages, name);
      await run("dpkg-deb", ["-x", file, into]);
      const fields = await run("dpkg-deb", ["-f", file]);
      await Deno.writeTextFile(join(into, "var/lib/dpkg/status.d", name.split("_")[0]!), fields + "\n");
    }
    await certificates(into);
    await Deno.writeTextFile(
      join(into, "etc/passwd"),
      "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
    );
    await Deno.chmod(join(into, "tmp"), 0o1777);
    await mountPoints(into);
  });
}

/** The workers' base with what Containerfile installs on it: Debian slim, Node.js, Python and so on. */
export async function ensureWorkerRoot(options: RootOptions = {}): Promise<string> {
  const worker = (await readContainerfile()).get("worker");
  if (worker === undefined) throw new Error("Containerfile has no stage named worker");
  const packages = debianPackages(worker);
  return await kept("image-worker", [...packages, RELEASE, NODE, "1"], options, async (into) => {
    await debianSlim(into, packages, options);
    await nodeJs(into);
    for (const name of ["workspaces", "cache"]) {
      await Deno.mkdir(join(into, name), { mode: 0o700 });
      await Deno.chown(join(into, name), 1000, 1000);
    }
    await mountPoints(into);
  });
}

/** What Containerfile builds on: Debian slim with Node.js, and nothing else. */
export function ensureNodeRoot(options: RootOptions = {}): Promise<string> {
  return kept("image-node", [RELEASE, NODE, "1"], options, async (into) => {
    await debianSlim(into, ["ca-certificates"], options);
    await nodeJs(into);
  });
}

/** Debian's smallest installation with some packages, configured as Debian does it. */
async function debianSlim(
  into: string,
  packages: readonly string[],
  options: RootOptions = {},
): Promise<void> {
  const debootstrap = await ensureDebianProgram({
    program: "debootstrap",
    package: "debootstrap",
    places: ["/usr/sbin/debootstrap"],
    need: "which tests of images need",
  }, { progress: options.progress });
  const include = packages.length === 0 ? [] : [`--include=${packages.join(",")}`];
  await run(debootstrap, ["--variant=minbase", ...include, RELEASE, into, "http://deb.debian.org/debian"]);
  await removeTree(join(into, "var/cache/apt/archives"));
  await Deno.mkdir(join(into, "var/cache/apt/archives/partial"), { recursive: true });
}

/** Node.js and npm where the official image has them, from the npm registry. */
async function nodeJs(into: string): Promise<void> {
  const local = join(into, "usr/local");
  const unpacked = join(into, "..", "npm-packages");
  await Deno.mkdir(unpacked);
  for (const name of [`node-linux-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}@${NODE}`, "npm@11"]) {
    await run("npm", ["pack", "--silent", "--pack-destination", unpacked, name], unpacked);
  }
  await Deno.mkdir(join(local, "lib/node_modules/npm"), { recursive: true });
  for await (const { name } of Deno.readDir(unpacked)) {
    const [to, members] = name.startsWith("npm-")
      ? [join(local, "lib/node_modules/npm"), ["package"]]
      : [local, ["package/bin/node"]];
    const tar = ["-xzf", join(unpacked, name), "--no-same-owner", "--strip-components=1", "-C", to];
    await run("tar", [...tar, ...members]);
  }
  for (const name of ["npm", "npx"]) {
    await Deno.symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, "bin", name));
  }
}

/** One file, as clients look for it; packages only bring the pieces. */
async function certificates(into: string): Promise<void> {
  const pieces = join(into, "usr/share/ca-certificates/mozilla");
  const names = [...Deno.readDirSync(pieces)].map(({ name }) => name).toSorted();
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(join(pieces, name))));
  await Deno.mkdir(join(into, "etc/ssl/certs"), { recursive: true });
  await Deno.writeTextFile(join(into, "etc/ssl/certs/ca-certificates.crt"), texts.join(""));
  for (const path of ["usr/share/ca-certificates", "usr/sbin/update-ca-certificates"]) {
    await removeTree(join(into, path));
  }
}

/** Engines make these when they start a container. */
async function mountPoints(into: string): Promise<void> {
  for (const name of ["proc", "dev", "tmp"]) await Deno.mkdir(join(into, name), { recursive: true });
  await Deno.writeTextFile(join(into, "coder-k8s"), "");
  for (const name of ["hosts", "resolv.conf", "passwd", "group"]) {
    const path = join(into, "etc", name);
    if (!(await exists(path))) await Deno.writeTextFile(path, "");
  }
}

async function kept(
  name: string,
  key: readonly string[],
  { cache = join(cacheHome(), "tools"), progress = standardError() }: RootOptions,
  build: (into: string) => Promise<void>,
): Promise<string> {
  const directory = join(cache, `${name}-${keyOf([...key, Deno.build.arch])}`);
  const root = join(directory, "root");
  if (await exists(root)) return root;
  if (Deno.uid() !== 0) {
    throw new ToolsError(
      `the root file systems of images are made and mounted as root: run the tests as root, or in a container`,
    );
  }
  await Deno.mkdir(directory, { recursive: true });
  await withFileLock(join(directory, ".lock"), async () => {
    if (await exists(root)) return;
    await step(progress, `${name}, once; kept in ${directory}`, async () => {
      const work = join(directory, "work");
      await removeTree(work);
      await Deno.mkdir(join(work, "root"), { recursive: true, mode: 0o755 });
      await build(join(work, "root"));
      await Deno.rename(join(work, "root"), root);
      await removeTree(work);
    });
  }, () => progress.write(`Another process makes ${name}; waiting for it.\n`));
  return root;
}

async function run(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const command = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    ...(cwd === undefined ? {} : { cwd }),
  });
  const { success, stdout, stderr } = await command.output().catch((cause: unknown) => {
    throw new ToolsError(`${program}, which makes the images' root file systems, cannot be run`, { cause });
  });
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (success) return text(stdout);
  const said = `${text(stdout)}\n${text(stderr)}`.trim().slice(-2_000);
  throw new ToolsError(
    `${program} ${
      args.slice(0, 3).join(" ")
    } … failed; Debian's and npm's registries must be reachable:\n${said}`,
  );
}
