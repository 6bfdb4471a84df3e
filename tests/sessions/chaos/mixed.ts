/**
 * Mixed calls on many sessions while a worker is killed half-way: no answer may be wrong, nothing may be done twice, and
 * every call that fails must say so.
 */
import type { CallAnswer, ConnectedClient } from "../../mcp/clients.ts";
import { type CallerName, startRig } from "../rig.ts";

export interface MixedOptions {
  readonly seed: number;
  readonly sessions: number;
  readonly calls: number;
  readonly binary?: string | undefined;
  readonly onProgress?: (done: number) => void;
}

export interface MixedResult {
  readonly calls: number;
  readonly good: number;
  /** Calls that answered that they failed. */
  readonly failed: number;
  /** Messages of those, counted, without names. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Answers that are not what they should be; each says which. */
  readonly wrong: readonly string[];
  /** Things that were done more than once, or were done and told as not done. */
  readonly twice: readonly string[];
  readonly seconds: number;
}

/** The same numbers for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What one session should have in it. */
interface Model {
  readonly id: string;
  /** Files that were written for sure, and their contents. */
  readonly files: Map<string, string>;
  /** Lines that were appended for sure, and those of which it is not known. */
  readonly sure: Set<string>;
  readonly unsure: Set<string>;
  isLost: boolean;
}

/** Runs it, on two workers of its own. */
export async function mixedCalls(options: MixedOptions): Promise<MixedResult> {
  const { seed, calls, binary } = options;
  await using rig = await startRig({
    binary,
    workers: ["w1", "w2"],
    args: [
      "--rate-limit=0",
      "--audit-log=off",
      // Longer than a busy machine keeps a worker from its heartbeats.
      "--worker-heartbeat-timeout=20s",
      `--max-sessions-per-owner=${options.sessions}`,
    ],
    workerArgs: [`--capacity=${options.sessions}`, "--heartbeat-interval=1s"],
  });
  const callers: readonly CallerName[] = ["ann", "bob"];
  const clients = await Promise.all(callers.map((caller) => rig.client(caller)));
  const result = {
    calls: 0,
    good: 0,
    failed: 0,
    reasons: {} as Record<string, number>,
    wrong: [],
    twice: [],
  } as {
    calls: number;
    good: number;
    failed: number;
    reasons: Record<string, number>;
    wrong: string[];
    twice: string[];
  };
  const startedAt = performance.now();
  const models = await Promise.all(Array.from({ length: options.sessions }, async (_, at) => {
    const client = clients[at % clients.length]!;
    const answer = await client.call("session.create", { name: `s${at}` });
    if (answer.isError) throw new Error(`session.create: ${answer.text}`);
    const model: Model = {
      id: String(answer.structured?.["session"]),
      files: new Map(),
      sure: new Set(),
      unsure: new Set(),
      isLost: false,
    };
    return { client, model };
  }));
  let killed = false;
  const takeNext = () => {
    if (result.calls >= calls) return false;
    result.calls++;
    options.onProgress?.(result.calls);
    if (!killed && result.calls >= calls / 2) {
      killed = true;
      void rig.worker("w1").stop("SIGKILL");
    }
    return true;
  };
  await Promise.all(models.map(async ({ client, model }, at) => {
    const own = randomOf(seed * 1_000 + at);
    for (let step = 0; takeNext(); step++) await oneCall(client, model, own, step, result);
  }));
  // What is left must be what was written: nothing lost, nothing twice.
  await Promise.all(models.map(({ client, model }) => lookOver(client, model, result)));
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  return { ...result, seconds: (performance.now() - startedAt) / 1_000 };
}

type Tally = {
  good: number;
  failed: number;
  reasons: Record<string, number>;
  wrong: string[];
  twice: string[];
};

/** Failures that are told as they should be: the session is over, or it is not known whether it was done. */
const CLEAR = /worker .*(went away|gone|lost|away|stop)|session .*(over|ended|failed|not)|not known whether/i;

async function oneCall(
  client: ConnectedClient,
  model: Model,
  random: () => number,
  step: number,
  tally: Tally,
): Promise<void> {
  const session = model.id;
  const kind = Math.floor(random() * 6);
  const path = `f${Math.floor(random() * 4)}`;
  const line = `${session}-${step}`;
  const call = (tool: string, args: Record<string, unknown>) => client.call(tool, { session, ...args });
  let answer: CallAnswer;
  switch (kind) {
    case 0: {
      const contents = `${line}\n`.repeat(1 + Math.floor(random() * 20));
      answer = await call("fs.write", { path, contents });
      if (!answer.isError) model.files.set(path, contents);
      // Whether it was written is not known: it may be the one or the other.
      else model.files.delete(path);
      break;
    }
    case 1: {
      const known = model.files.get(path);
      answer = await call("fs.read", { path });
      if (known === undefined) return;
      check(
        answer,
        answer.structured?.["content"] === known,
        `${session} ${path} is not what was written`,
        tally,
      );
      break;
    }
    case 2: {
      answer = await call("run.command", { command: `echo ${line} >> log; echo ${line}` });
      if (answer.isError) model.unsure.add(line);
      else model.sure.add(line);
      check(answer, answer.structured?.["stdout"] === `${line}\n`, `${session} echo of ${line}`, tally);
      break;
    }
    case 3: {
      answer = await call("fs.write", { path: "log", contents: `${line}\n`, mode: "append" });
      if (answer.isError) model.unsure.add(line);
      else model.sure.add(line);
      break;
    }
    case 4: {
      const [a, b] = [Math.floor(random() * 1e6), Math.floor(random() * 1e6)];
      answer = await call("run.python", { code: `print(${a} + ${b})` });
      check(answer, answer.structured?.["stdout"] === `${a + b}\n`, `${session} ${a} + ${b}`, tally);
      break;
    }
    default: {
      answer = await call("fs.list", {});
      const paths = (answer.structured?.["entries"] as { path: string }[] | undefined)?.map(({ path }) =>
        path
      );
      check(answer, [...model.files.keys()].every((file) => paths?.includes(file)), `${session} list`, tally);
    }
  }
  if (!answer.isError) tally.good++;
  else {
    tally.failed++;
    model.isLost = true;
    const reason = answer.text.replaceAll(/sess-\w+|s\d+|\d[\d:.TZ-]*/g, "…").slice(0, 160);
    tally.reasons[reason] = (tally.reasons[reason] ?? 0) + 1;
    if (!CLEAR.test(answer.text)) tally.wrong.push(`not a clear failure: ${answer.text.slice(0, 300)}`);
  }
}

function check(answer: CallAnswer, isRight: boolean, what: string, tally: Tally): void {
  if (!answer.isError && !isRight) tally.wrong.push(`${what}: ${answer.text.slice(0, 200)}`);
}

/** Lines of the log: each that is sure once, each that is unsure at most once, no other. */
async function lookOver(client: ConnectedClient, model: Model, tally: Tally): Promise<void> {
  const answer = await client.call("fs.read", { session: model.id, path: "log", length: 8 * 2 ** 20 });
  if (answer.isError) {
    if (!model.isLost && model.sure.size > 0 && !CLEAR.test(answer.text)) {
      tally.wrong.push(`${model.id}: ${answer.text.slice(0, 200)}`);
    }
    return;
  }
  const counts = new Map<string, number>();
  for (const line of String(answer.structured?.["content"]).split("\n").filter(Boolean)) {
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  for (const [line, count] of counts) {
    if (count > 1) tally.twice.push(`${line} was done ${count} times`);
    if (!model.sure.has(line) && !model.unsure.has(line)) tally.wrong.push(`${line} was never asked for`);
  }
  for (const line of model.sure) {
    if (!counts.has(line)) tally.wrong.push(`${line} was told as done, and is not`);
  }
}
