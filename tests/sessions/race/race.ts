/** File operations against a process that swaps what they work on all the time: for a test, and for long. */
import { createHash } from "node:crypto";
import { FilesRig } from "../../../src/sessions/sandbox/testing/files_rig.ts";
import attackerSource from "./attacker.py" with { type: "text" };
import victimSource from "./victim.py" with { type: "text" };

export interface RaceOptions {
  /** How paths are kept below: by `openat2`, or by hand. */
  readonly beneath: boolean;
  /**
   * `own uid`: operations and attacker have the session's uid, what is outside is somebody else's, for all to read and write.
   * `unisolated`: all is the worker's own, and the path guard is all that there is.
   */
  readonly as: "own uid" | "unisolated";
  readonly tries: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Operations that look at the path as a text: they must be caught. Ends with the first escape. */
  readonly naive?: boolean;
  readonly onProgress?: (tries: number) => void;
}

export interface RaceReport {
  readonly tries: number;
  /** How often the attacker swapped something. */
  readonly swaps: number;
  /** `read ok`, `all forbidden`, … and how often. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** What got out, or was changed outside, in words. None is what we want. */
  readonly escapes: readonly string[];
}

const SESSION_UID = 54_321;
const SIZE_OUTSIDE = 7_919;
const BATCH = 2_000;

/** What lies outside: whoever gets there may read and write it. */
export async function plantOutside(directory: string, mark: string): Promise<void> {
  const text = `${mark}\n`.padEnd(SIZE_OUTSIDE, "x");
  for (const name of ["sub", "a/b/c"]) await Deno.mkdir(`${directory}/${name}`, { recursive: true });
  for (const name of ["", "sub", "a", "a/b", "a/b/c"]) await Deno.chmod(`${directory}/${name}`, 0o777);
  for (const name of ["canary", "f", "sub/f", "a/b/c/f", "only-outside", "a/only-outside"]) {
    await Deno.writeTextFile(`${directory}/${name}`, text);
    await Deno.chmod(`${directory}/${name}`, 0o666);
  }
}

/** Names, kinds, permissions and contents below a directory, one a line. */
export async function fingerprint(directory: string, name = ""): Promise<string[]> {
  const lines: string[] = [];
  const entries = await Array.fromAsync(Deno.readDir(`${directory}/${name}`));
  for (const entry of entries.sort((one, other) => one.name < other.name ? -1 : 1)) {
    const path = name === "" ? entry.name : `${name}/${entry.name}`;
    const { mode, uid, isFile } = await Deno.lstat(`${directory}/${path}`);
    const content = isFile
      ? createHash("sha256").update(await Deno.readFile(`${directory}/${path}`)).digest("hex")
      : "";
    lines.push(`${path} ${mode?.toString(8)} ${uid} ${content}`);
    if (entry.isDirectory) lines.push(...await fingerprint(directory, path));
  }
  return lines;
}

/** Runs so many tries. Rejects with the reason of `signal`, or where the attacker ends too early. */
export async function race(options: RaceOptions): Promise<RaceReport> {
  const uid = options.as === "own uid" ? SESSION_UID : undefined;
  await using rig = await FilesRig.open({
    beneath: options.beneath,
    isolated: uid !== undefined,
    timeoutMs: 600_000,
    ...(uid === undefined ? {} : { uid }),
  });
  const mark = `MARK-${crypto.randomUUID()}`;
  await plantOutside(rig.outside, mark);
  await Deno.writeTextFile(`${rig.base}/canary`, `${mark}\n`.padEnd(SIZE_OUTSIDE, "x"));
  await Deno.chmod(`${rig.base}/canary`, 0o666);
  const archive = await packed(rig);
  const before = await outsideOf(rig);
  if (uid !== undefined) await spare(rig);
  await using attacker = await Attacker.start(rig, options, uid);
  const outcomes: Record<string, number> = {};
  const escapes: string[] = [];
  let tries = 0;
  while (tries < options.tries && !(options.naive && escapes.length > 0)) {
    options.signal.throwIfAborted();
    const count = Math.min(BATCH, options.tries - tries);
    const argument = {
      tries: count,
      seed: options.seed + tries,
      mark,
      archive,
      naive: options.naive ?? false,
    };
    const result = await rig.python(victimSource, argument) as Pick<RaceReport, "outcomes" | "escapes">;
    for (const [key, each] of Object.entries(result.outcomes)) outcomes[key] = (outcomes[key] ?? 0) + each;
    escapes.push(...result.escapes);
    tries += count;
    if (uid !== undefined) await spare(rig);
    options.onProgress?.(tries);
  }
  const swaps = await attacker.end();
  const after = await outsideOf(rig);
  for (const line of before.filter((each) => !after.includes(each))) {
    escapes.push(`changed outside, was: ${line}`);
  }
  for (const line of after.filter((each) => !before.includes(each))) {
    escapes.push(`changed outside, is: ${line}`);
  }
  return { tries, swaps, outcomes, escapes };
}

/** All but the session's own directories. */
async function outsideOf(rig: FilesRig): Promise<string[]> {
  return (await fingerprint(rig.base)).filter((line) => !/^(workspace|spool)/.test(line));
}

/** What the attacker makes second names of a file outside of; lost where an archive is unpacked. */
async function spare(rig: FilesRig): Promise<void> {
  await Deno.link(`${rig.outside}/canary`, `${rig.root}/spare`).catch((error) => {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  });
}

/** An archive to unpack in between, of a directory with the attacker's names. */
async function packed(rig: FilesRig): Promise<{ archive: string; sha256: string }> {
  for (const path of ["dir/f", "dir/sub/f", "n/a/b/c/f", "rel/f", "file", "t/f"]) {
    await rig.file("write", { path }, "inside, unpacked\n");
  }
  const { output } = await rig.file("pack", { archive: "arch-clean" });
  return { archive: "arch-clean", sha256: String(output["sha256"]) };
}

class Attacker implements AsyncDisposable {
  #swaps: number | undefined;

  private constructor(
    readonly child: Deno.ChildProcess,
    readonly lines: ReadableStreamDefaultReader<string>,
  ) {}

  static async start(rig: FilesRig, { as, seed }: RaceOptions, uid: number | undefined): Promise<Attacker> {
    const child = new Deno.Command("python3", {
      args: [
        ...["-I", "-B", "-c", attackerSource, rig.root, rig.outside, String(seed), String(uid ?? 0)],
        as === "own uid" ? "hard" : "soft",
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const attacker = new Attacker(child, child.stdout.pipeThrough(new TextDecoderStream()).getReader());
    const { value } = await attacker.lines.read();
    if (value?.startsWith("ready") !== true) throw new Error(`the attacker did not start: ${value}`);
    return attacker;
  }

  /** How often it has swapped. */
  async end(): Promise<number> {
    if (this.#swaps !== undefined) return this.#swaps;
    await this.child.stdin.close();
    const late = setTimeout(() => this.child.kill("SIGKILL"), 60_000);
    const { value } = await this.lines.read();
    const { code } = await this.child.status;
    clearTimeout(late);
    await this.lines.cancel();
    if (code !== 0) throw new Error(`the attacker ended with ${code}`);
    return this.#swaps = Number(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end().catch(() => {});
  }
}
