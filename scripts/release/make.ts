/** The files of a release, into a directory. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { buildBinary, type Built, type Target } from "../lib/build.ts";
import { sectionOf } from "../lib/changelog.ts";
import { filesBelow, read } from "../lib/files.ts";
import { root, run, say } from "../lib/run.ts";
import type { Stamp } from "../lib/stamp.ts";
import { binarySbom } from "../sbom/binary.ts";
import { type ArchiveFile, fileOf, tarGz } from "./archives.ts";
import { emptied } from "./folder.ts";
import { KREW_FILE, krewManifest } from "./krew.ts";
import { archiveName, platformOf } from "./platforms.ts";
import { provenance } from "./provenance.ts";

export interface ReleaseOptions {
  readonly out: string;
  readonly targets: readonly Target[];
  readonly snapshot: boolean;
  readonly stamp: Stamp;
}

/** Makes all of it anew; an earlier release in the directory is gone. */
export async function makeRelease({ out, targets, snapshot, stamp }: ReleaseOptions): Promise<void> {
  const startedOn = new Date().toISOString();
  const { version } = stamp;
  await emptied(out);
  const files = new Map<string, string>();
  const put = async (name: string, content: Uint8Array | string) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(join(out, name), bytes);
    files.set(name, sha256(bytes));
    say(`${name} (${(bytes.length / 1_000_000).toFixed(1)} MB)`);
  };
  const work = await Deno.makeTempDir({ prefix: "coder-k8s-release-" });
  try {
    const builds = new Map<Target, Built>();
    for (const target of targets) {
      const output = join(work, target, "coder-k8s");
      await Deno.mkdir(join(work, target));
      const built = await buildBinary({ stamp, target, work: join(work, target), output });
      builds.set(target, built);
      await tryIt(output, target, stamp);
      for (const [name, content] of await archivesOf(output, target, stamp)) await put(name, content);
    }
    await put("install.yaml", await manifests([]));
    await put("crds.yaml", await manifests(["--crds-only"]));
    await put(`coder-k8s-${version}.tgz`, await chart(stamp));
    await put(`coder-k8s_${version}.cdx.json`, JSON.stringify(await binarySbom(stamp), null, 2) + "\n");
    await put(
      KREW_FILE,
      krewManifest(
        version,
        targets.map((target) => {
          const platform = platformOf(target);
          return { platform, sha256: files.get(archiveName("kubectl-coder", version, platform))! };
        }),
      ),
    );
    await put(
      "RELEASE_NOTES.md",
      `${sectionOf(read("CHANGELOG.md"), snapshot ? "Unreleased" : version) ?? ""}\n`,
    );
    const subjects = [...files].map(([name, digest]) => ({ name, sha256: digest }));
    const sums = subjects.map((file) => `${file.sha256}  ${file.name}\n`).join("");
    await Deno.writeTextFile(join(out, "SHA256SUMS"), sums);
    const statement = provenance({
      ...stamp,
      sourceDateEpoch: Date.parse(stamp.built) / 1_000,
      targets,
      deno: Deno.version.deno,
      bundleHash: [...builds.values()][0]!.bundleHash,
      lockHash: sha256(await Deno.readFile(join(root, "deno.lock"))),
      runtimes: await runtimes(builds),
      ...whoBuilds(),
      startedOn,
      finishedOn: new Date().toISOString(),
      subjects,
    });
    await Deno.writeTextFile(join(out, "provenance.intoto.json"), JSON.stringify(statement, null, 2) + "\n");
    say(`${out}: ${files.size} files, SHA256SUMS, provenance.intoto.json`);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function archivesOf(
  binary: string,
  target: Target,
  { version, built }: Stamp,
): Promise<[string, Uint8Array<ArrayBuffer>][]> {
  const platform = platformOf(target);
  const licence = await fileOf("LICENSE", join(root, "LICENSE"));
  const readme = await fileOf("README.md", join(root, "README.md"));
  return await Promise.all(["coder-k8s", "kubectl-coder"].map(async (program) => {
    // Krew unpacks no links: the plugin is the same executable under its other name.
    const files = [
      await fileOf(program, binary, true),
      licence,
      ...(program === "coder-k8s" ? [readme] : []),
    ];
    return [archiveName(program, version, platform), tarGz(files, new Date(built))];
  }));
}

/** Starts what was built, where this machine can. */
async function tryIt(binary: string, target: Target, { version, commit }: Stamp): Promise<void> {
  if (target !== Deno.build.target) {
    say(`${target}: built, not tried on this machine`);
    return;
  }
  const { code, output } = await run(binary, ["version", "-o", "json"]);
  const said = code === 0 ? JSON.parse(output) as { version: string; commit: string } : undefined;
  if (said?.version === version && said.commit === commit) return;
  throw new Error(`what was built does not say version ${version} and commit ${commit}: ${output.trim()}`);
}

/** From the sources: the executable of another target carries the same. */
async function manifests(args: readonly string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", `${root}/main.ts`, "manifests", ...args],
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (success) return text(stdout);
  throw new Error(`coder-k8s manifests ${args.join(" ")} failed: ${text(stderr).trim()}`);
}

/** As `helm package` makes it; equal every time. */
async function chart({ built }: Stamp): Promise<Uint8Array<ArrayBuffer>> {
  const folder = "charts/coder-k8s";
  const files: ArchiveFile[] = await Promise.all(
    (await filesBelow(folder, [""])).map((path) => fileOf(path.slice("charts/".length), join(root, path))),
  );
  if (!files.some(({ path }) => path === "coder-k8s/Chart.yaml")) {
    throw new Error(`${folder} has no Chart.yaml`);
  }
  return tarGz(files, new Date(built));
}

async function runtimes(builds: ReadonlyMap<Target, Built>) {
  const known = [...builds].flatMap(([target, { runtime }]) =>
    runtime === undefined ? [] : [{ target, runtime }]
  );
  return await Promise.all(
    known.map(async ({ target, runtime }) => ({ target, sha256: sha256(await Deno.readFile(runtime)) })),
  );
}

/** GitHub's runners say who they are; a person's machine is not named. */
function whoBuilds(): { builder: string; invocation?: string } {
  const env = (name: string) => Deno.env.get(name) ?? "";
  if (env("GITHUB_ACTIONS") !== "true") return { builder: "https://github.com/coder/coder-k8s/local" };
  const repository = `${env("GITHUB_SERVER_URL")}/${env("GITHUB_REPOSITORY")}`;
  return {
    builder: `${env("GITHUB_SERVER_URL")}/${env("GITHUB_WORKFLOW_REF")}`,
    invocation: `${repository}/actions/runs/${env("GITHUB_RUN_ID")}/attempts/${env("GITHUB_RUN_ATTEMPT")}`,
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
