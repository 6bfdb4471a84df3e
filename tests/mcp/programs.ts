/** Programs from the npm registry, run by this runtime in a home of their own. */
import { join } from "node:path";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface NpmProgram {
  /** Such as `npm:name@1.2.3`. */
  readonly specifier: string;
  readonly args: readonly string[];
  /** Where it works and what it takes for its home. */
  readonly folder: string;
  /** @default {300_000} */
  readonly timeoutMs?: number;
}

/** Runs it to its end. Throws where it takes too long, and kills it. */
export async function runNpm({ specifier, args, folder, timeoutMs = 300_000 }: NpmProgram): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", specifier, ...args],
    env: { HOME: folder, ...denoCache(), NO_COLOR: "1" },
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const outcome = { code, stdout: text(stdout), stderr: text(stderr) };
  if (late) {
    throw new Error(`${specifier} did not end within ${timeoutMs} ms:\n${outcome.stdout}${outcome.stderr}`);
  }
  return outcome;
}

/** What a runtime in another home needs to find the packages that are there already. */
export function denoCache(): { readonly DENO_DIR: string } {
  const home = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/", ".cache");
  return { DENO_DIR: Deno.env.get("DENO_DIR") ?? join(home, "deno") };
}

/** A folder for one run, gone with it. */
export async function inFolder<R>(run: (folder: string) => Promise<R>): Promise<R> {
  const folder = await Deno.makeTempDir({ prefix: "coder-k8s-mcp-" });
  try {
    return await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
