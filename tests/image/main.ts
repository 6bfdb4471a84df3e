/**
 * `deno task image`: builds both images as Containerfile says, by docker, podman or buildah, and tries them. Where there is
 * none, buildah comes from Debian. Where registries of images are not reached (`--stand-ins`, and with buildah always),
 * the base images are made of Debian's and npm's packages. What is in the images goes to `dist/image/*.cdx.json`.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runtimeOf } from "../../scripts/lib/executable.ts";
import { root, say } from "../../scripts/lib/run.ts";
import { buildStamp } from "../../scripts/lib/stamp.ts";
import { cycloneDx } from "../../scripts/sbom/cyclonedx.ts";
import { debianComponents } from "../../scripts/sbom/debian.ts";
import { type Engine, findEngine } from "./engines.ts";
import { treeSize } from "./size.ts";

/** What goes into a build, as `.dockerignore` says. */
const CONTEXT = [
  "Containerfile",
  ".dockerignore",
  "LICENSE",
  "crd",
  "deno.json",
  "deno.lock",
  "deploy",
  "main.ts",
  "scripts",
  "src",
];
const IMAGES = [
  { target: "coder-k8s", programs: ["version"] },
  { target: "worker", name: "coder-k8s-worker", programs: ["version"] },
] as const;

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Builds and tries. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: args.filter((arg) => arg !== "--"),
      options: { "stand-ins": { type: "boolean", default: false } },
    });
    await using engine = await findEngine({ standIns: values["stand-ins"] });
    say(`building with ${engine.title}`);
    await build(engine);
    return 0;
  } catch (error) {
    say(`image: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

async function build(engine: Engine): Promise<void> {
  const stamp = await buildStamp(root);
  const context = await Deno.makeTempDir({ prefix: "coder-k8s-context-" });
  try {
    const members = CONTEXT.map((name) => join(root, name));
    await program("cp", ["-r", ...members, context]);
    const runtime = await runtimeOf();
    if (runtime !== undefined) {
      await Deno.mkdir(join(context, "dist"));
      await Deno.copyFile(runtime, join(context, "dist", "denort"));
    }
    const buildArgs = {
      VERSION: stamp.version,
      SOURCE_COMMIT: stamp.commit,
      SOURCE_DATE_EPOCH: String(Date.parse(stamp.built) / 1_000),
      ...(runtime === undefined ? {} : { DENORT_BIN: "/src/dist/denort" }),
    };
    await Deno.mkdir(join(root, "dist", "image"), { recursive: true });
    for (const image of IMAGES) {
      const name = "name" in image ? image.name : image.target;
      const tag = `ghcr.io/coder/${name}:${stamp.version}`;
      const started = performance.now();
      await engine.build({ context, target: image.target, tag, buildArgs });
      const said = await engine.run(tag, image.programs);
      if (!said.includes(`coder-k8s ${stamp.version}`)) {
        throw new Error(`${tag} does not say its version: ${said}`);
      }
      const facts = await engine.inspect(tag);
      if (facts.user !== "1000:1000") {
        throw new Error(`${tag} runs as ${facts.user || "root"}, not as 1000:1000`);
      }
      if (facts.labels["org.opencontainers.image.version"] !== stamp.version) {
        throw new Error(`${tag} is not labelled with its version`);
      }
      await engine.withRoot(tag, async (tree) => {
        const size = await treeSize(tree);
        const components = debianComponents(await dpkgStatus(tree), "12");
        const about = {
          type: "container",
          name,
          version: stamp.version,
          description:
            `Debian's packages of the image; those of the executable are in usr/share/doc/coder-k8s`,
          built: stamp.built,
          needs: components.map(({ purl }) => purl),
        } as const;
        const path = join(root, "dist", "image", `${name}.cdx.json`);
        await Deno.writeTextFile(path, JSON.stringify(cycloneDx(about, components), null, 2) + "\n");
        await Deno.stat(join(tree, "usr/share/doc/coder-k8s/coder-k8s.cdx.json"));
        if (image.target === "coder-k8s") await noShell(tree);
        const seconds = Math.round((performance.now() - started) / 1_000);
        say(
          `${tag}: ${
            (size / 1_000_000).toFixed(1)
          } MB, ${components.length} packages of Debian, ${seconds} s`,
        );
      });
    }
  } finally {
    await Deno.remove(context, { recursive: true });
  }
}

async function noShell(tree: string): Promise<void> {
  for (const path of ["bin/sh", "usr/bin/sh", "bin/bash", "usr/bin/apt-get", "usr/bin/dpkg"]) {
    const there = await Deno.lstat(join(tree, path)).then(() => true, () => false);
    if (there) throw new Error(`the product's image has /${path}`);
  }
}

/** One file, or a folder of pieces, as distroless images have it. */
async function dpkgStatus(tree: string): Promise<string> {
  const pieces = join(tree, "var/lib/dpkg/status.d");
  try {
    const names = [...Deno.readDirSync(pieces)].map(({ name }) => name).filter((name) =>
      !name.endsWith(".md5sums")
    );
    return (await Promise.all(names.map((name) => Deno.readTextFile(join(pieces, name))))).join("\n\n");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return await Deno.readTextFile(join(tree, "var/lib/dpkg/status"));
  }
}

async function program(name: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(name, { args: [...args] }).output();
  if (!success) throw new Error(`${name} failed: ${new TextDecoder().decode(stderr).trim()}`);
}
