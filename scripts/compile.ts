/**
 * `deno task compile [--target <triple>]`: one executable. Bundles the sources (each part of a mode stays a chunk of its
 * own, loaded when the mode needs it), then compiles the bundle to `dist/coder-k8s`, or `dist/coder-k8s-<triple>`.
 *
 * `DENORT_BIN` names the runtime to put it on; absent, `deno compile` fetches it. `SOURCE_DATE_EPOCH` makes builds of the
 * same commit equal, byte for byte; `SOURCE_COMMIT` names the commit where there is no git.
 */
import { buildBinary, type Target, TARGETS } from "./lib/build.ts";
import { root, say } from "./lib/run.ts";
import { buildStamp } from "./lib/stamp.ts";

/** Where the bundle is made; gone afterwards. */
const WORK = `${root}/dist/build`;

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Builds. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const target = targetOf(args);
  if (target instanceof Error) {
    say(`compile: ${target.message}`);
    return 2;
  }
  try {
    await build(target);
    return 0;
  } catch (error) {
    say(`compile: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await Deno.remove(WORK, { recursive: true }).catch(() => {});
  }
}

async function build(target: Target | undefined): Promise<void> {
  const started = performance.now();
  await Deno.remove(WORK, { recursive: true }).catch(() => {});
  await Deno.mkdir(WORK, { recursive: true });
  const output = `${root}/dist/coder-k8s${target === undefined ? "" : `-${target}`}`;
  await buildBinary({ stamp: await buildStamp(root), target, work: WORK, output });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(`${output}\n${megabytes((await Deno.stat(output)).size)} in ${seconds} s`);
}

function targetOf(args: readonly string[]): Target | undefined | Error {
  const rest = args.filter((argument) => argument !== "--");
  const [flag, separate, ...more] = rest;
  if (flag === undefined) return undefined;
  const text = flag.startsWith("--target=") ? flag.slice(9) : flag === "--target" ? separate : undefined;
  const extra = flag === "--target" ? more : [...(separate === undefined ? [] : [separate]), ...more];
  const target = TARGETS.find((one) => one === text);
  if (target !== undefined && extra.length === 0) return target;
  return new Error(
    `unknown arguments ${rest.join(" ")}; possible is --target with one of ${TARGETS.join(", ")}`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
