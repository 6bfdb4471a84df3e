/** The race in real sandboxes: the attacker is a process of the session, the operations are asked of the sandbox host. */
import { gunzipSync } from "node:zlib";
import type { Sandbox } from "../../../src/sessions/sandbox/types.ts";
import { openTestHost, type TestHostOptions } from "../../../src/sessions/sandbox/testing.ts";
import { SessionError } from "../../../src/sessions/types.ts";
import { below, pick, seededRandom } from "../../../src/telemetry/testing/random.ts";
import attackerSource from "./attacker.py" with { type: "text" };
import { fingerprint, plantOutside, type RaceReport } from "./race.ts";

export interface SandboxRaceOptions {
  readonly host: TestHostOptions;
  readonly tries: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

const FILES = [
  "dir/f",
  "dir/sub/f",
  "rel/f",
  "abs/f",
  "abs/canary",
  "file",
  "file~",
  "pipe",
  "gone",
  "n/a/b/c/f",
  "t/up",
  "p/q/r/up2",
  "dir/canary",
];
const NEW = ["dir/new-1", "n/a/b/new-2", "abs/made/er/new-3", "new-4"];
const DIRECTORIES = [".", "dir", "rel", "abs", "n/a", "n/a/b"];
/** Callers at once. */
const CALLERS = 4;

/** What lies outside is what the sandbox shows to its session besides the session's own: readable, at the same path. */
export async function sandboxRace(options: SandboxRaceOptions): Promise<RaceReport> {
  // Not below /tmp: sessions have their own.
  const outside = await Deno.realPath(await Deno.makeTempDir({ dir: "/var/tmp", prefix: "outside-" }));
  const mark = `MARK-${crypto.randomUUID()}`;
  try {
    await Deno.chmod(outside, 0o755);
    await plantOutside(outside, mark);
    const before = await fingerprint(outside);
    await using host = await openTestHost({ ...options.host, readOnlyPaths: [outside] });
    const sandbox = await host.open();
    await seen(sandbox, `${outside}/canary`, mark, options.signal);
    const attacker = await attack(sandbox, outside, options);
    const outcomes: Record<string, number> = {};
    const escapes: string[] = [];
    let tries = 0;
    await Promise.all(Array.from({ length: CALLERS }, async (_, caller) => {
      const random = seededRandom(options.seed * CALLERS + caller);
      while (tries++ < options.tries) {
        options.signal.throwIfAborted();
        const { what, came } = await once(sandbox, random, mark, options.signal);
        if (came.includes(mark)) escapes.push(`${what}: ${came.slice(0, 200)}`);
        outcomes[what] = (outcomes[what] ?? 0) + 1;
      }
    }));
    const swaps = await attacker.end();
    const after = await fingerprint(outside);
    if (after.join("\n") !== before.join("\n")) escapes.push(`outside was changed: ${after.join("; ")}`);
    return { tries: options.tries, swaps, outcomes, escapes };
  } finally {
    await Deno.remove(outside, { recursive: true });
  }
}

/** One call: what came of it, and all that it said. */
async function once(sandbox: Sandbox, random: () => number, mark: string, signal: AbortSignal) {
  const op = pick(random, ["read", "read", "read", "write", "append", "edit", "list", "search", "pack"]);
  try {
    switch (op) {
      case "write":
      case "append": {
        const path = pick(random, random() < 0.5 ? FILES : NEW);
        const body = new TextEncoder().encode("inside\n");
        const { output } = await sandbox.file(
          "write",
          { path, mode: op === "append" ? op : "replace" },
          body,
          signal,
        );
        return { what: `${op} ok`, came: JSON.stringify(output) };
      }
      case "edit": {
        const edits = [{ old: pick(random, ["inside", mark]), new: "inside", all: true }];
        const { output } = await sandbox.file(op, { path: pick(random, FILES), edits }, undefined, signal);
        // The mark was asked for: that it was there to be replaced is what must not be.
        return { what: "edit ok", came: edits[0]?.old === mark ? mark : JSON.stringify(output) };
      }
      case "list": {
        const input = { path: pick(random, DIRECTORIES), depth: 1 + 3 * below(random, 2) };
        const { output } = await sandbox.file(op, input, undefined, signal);
        const paths = (output["entries"] as { path: string }[]).map(({ path }) => path);
        return { what: "list ok", came: paths.some((path) => path.includes("only-outside")) ? mark : "" };
      }
      case "search": {
        const input = { path: pick(random, DIRECTORIES), query: mark };
        const { output } = await sandbox.file(op, input, undefined, signal);
        return { what: "search ok", came: JSON.stringify(output) };
      }
      case "pack": {
        const archive = `arch-${below(random, 1_000_000_000)}`;
        await sandbox.file("pack", { archive }, undefined, signal);
        const { body } = await sandbox.file(
          "archive_read",
          { archive, offset: 0, length: 8_000_000 },
          undefined,
          signal,
        );
        await sandbox.file("archive_drop", { archive }, undefined, signal);
        return { what: "pack ok", came: new TextDecoder().decode(gunzipSync(body ?? new Uint8Array())) };
      }
      default: {
        const { body } = await sandbox.file(
          op,
          { path: pick(random, FILES), offset: 0, length: 10_000 },
          undefined,
          signal,
        );
        return { what: "read ok", came: new TextDecoder().decode(body) };
      }
    }
  } catch (error) {
    if (!(error instanceof SessionError)) throw error;
    // What was asked for may be named.
    return { what: `all ${error.code}`, came: op === "edit" || op === "search" ? "" : error.message };
  }
}

/** The session's processes may read what lies outside: file operations that went there would. */
async function seen(sandbox: Sandbox, path: string, mark: string, signal: AbortSignal): Promise<void> {
  let said = "";
  const onOutput = (_: string, bytes: Uint8Array) => void (said += new TextDecoder().decode(bytes));
  const child = await sandbox.spawn({ argv: ["cat", path], cwd: ".", env: {}, onOutput }, signal);
  child.closeInput();
  await child.exited;
  if (!said.includes(mark)) throw new Error(`the session does not see ${path}: ${said.slice(0, 200)}`);
}

async function attack(sandbox: Sandbox, outside: string, { seed, signal }: SandboxRaceOptions) {
  let said = "";
  const ready = Promise.withResolvers<void>();
  const child = await sandbox.spawn({
    argv: ["python3", "-I", "-B", "-c", attackerSource, "/workspace", outside, String(seed), "-", "soft"],
    cwd: ".",
    env: {},
    onOutput: (_, bytes) => {
      said += new TextDecoder().decode(bytes);
      if (said.includes("ready\n")) ready.resolve();
    },
  }, signal);
  await Promise.race([ready.promise, child.exited]);
  if (!said.includes("ready")) throw new Error(`the attacker did not start: ${said}`);
  return {
    /** How often it has swapped. */
    async end(): Promise<number> {
      child.closeInput();
      const { exitCode } = await child.exited;
      if (exitCode !== 0) throw new Error(`the attacker ended with ${exitCode}: ${said}`);
      return Number(said.replace("ready", ""));
    },
  };
}
