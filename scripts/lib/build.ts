/** From sources to one executable. */
import { bundle, compile, REQUIRE_ON_DEMAND, runtimeOf } from "./executable.ts";
import { bundleHash, settleBundle } from "./reproducible.ts";
import { root, say } from "./run.ts";
import type { Stamp } from "./stamp.ts";

/** What `deno compile` makes executables for. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
] as const;
export type Target = (typeof TARGETS)[number];

/** What is built, where. */
export interface BuildOptions {
  readonly stamp: Stamp;
  /** @default this machine's */
  readonly target?: Target | undefined;
  /** A folder for this alone; its maker removes it. */
  readonly work: string;
  /** The executable. Its name is kept in it. */
  readonly output: string;
}

/** What was built. */
export interface Built {
  /** SHA-256 over all that the runtime runs. */
  readonly bundleHash: string;
  /** The runtime that it was put on; undefined where `deno compile` fetched it. */
  readonly runtime: string | undefined;
}

/** Bundles the sources and compiles the bundle. Equal sources and stamps make equal bytes. */
export async function buildBinary({ stamp, target, work, output }: BuildOptions): Promise<Built> {
  const entry = await writeEntry(work, stamp);
  const chunks = `${work}/bundle`;
  say(`bundling ${stamp.version} (${stamp.commit})`);
  await bundle(entry, chunks);
  await settleBundle(chunks, new Date(stamp.built));
  const hash = await bundleHash(chunks);
  say(`bundle sha256:${hash}`);
  const runtime = await runtimeOf(target);
  say(`compiling${runtime === undefined ? "" : ` on ${runtime}`}`);
  await compile({ bundle: chunks, entry: "coder-k8s.js", output, target, runtime });
  return { bundleHash: hash, runtime };
}

/** Writes the entry point of an executable into a folder. */
export async function writeEntry(work: string, stamp: Stamp): Promise<string> {
  const entry = `${work}/coder-k8s.ts`;
  await Deno.writeTextFile(entry, entryPoint(stamp));
  return entry;
}

/** Stamps the build before anything else of the program runs. */
function entryPoint(stamp: Stamp): string {
  const source = (path: string) => JSON.stringify(`file://${root}/${path}`);
  return `${REQUIRE_ON_DEMAND}
import { stampBuild } from ${source("src/app/version.ts")};
import { main } from ${source("src/cli/main.ts")};
stampBuild(${JSON.stringify(stamp)});
Deno.exit(await main(Deno.args));
`;
}
