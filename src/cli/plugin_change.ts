/** `kubectl coder start`, `stop` and `restart`, of several workspaces at once. */
import { keyText } from "../api/object.ts";
import { asItIs, buildLog, harmless } from "../plugin/build_log.ts";
import { type Change, change, type Progress, shownName } from "../plugin/change.ts";
import { failureText } from "../plugin/failure.ts";
import { locate } from "../plugin/locate.ts";
import { clean } from "../ui/terminal/text.ts";
import type { PluginJob } from "./plugin_job.ts";

const DONE = 0;
const FAILED = 1;
/** As shells tell the end by a signal. */
const SIGNALS: Readonly<Partial<Record<Deno.Signal, number>>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
/** So many at once. */
const AT_ONCE = 8;

/** Resolves to 1 where one of them failed, to what shells make of a signal where one ended it. */
export async function changeAll(job: PluginJob, what: Change): Promise<number> {
  const { call, around, parts } = job;
  const names = [...new Set(call.words)];
  const open = new Map<string, Progress>(
    names.map((name) => [name, { left: "was not asked for anything yet" }]),
  );
  const taken = new Set<string>();
  let isFailed = false;
  const by = await parts.untilStopped(async (signal) => {
    const waiting = [...names];
    const work = async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        try {
          await one(job, what, name, open.get(name)!, { signal, taken, isAlone: names.length === 1 });
        } catch (error) {
          // What is left is said below, of all at once.
          if (signal.aborted) return;
          isFailed = true;
          const text = failureText(error, { verb: what, name, namespace: job.options.namespace });
          around.err(`kubectl coder: ${clean(`${name}: ${text}`)}\n`);
        }
        open.delete(name);
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, names.length) }, work));
  });
  if (by === undefined) return isFailed ? FAILED : DONE;
  for (const [name, { left }] of open) {
    around.err(`kubectl coder: interrupted: ${clean(`${name} ${left}`)}\n`);
  }
  return SIGNALS[by] ?? FAILED;
}

interface One {
  readonly signal: AbortSignal;
  /** Workspaces that another name means, too. */
  readonly taken: Set<string>;
  readonly isAlone: boolean;
}

async function one(
  { world, options, around, parts }: PluginJob,
  what: Change,
  typed: string,
  progress: Progress,
  { signal, taken, isAlone }: One,
): Promise<void> {
  const { namespace, wait, follow, timeoutMs } = options;
  const key = await locate(world, typed, { namespace, signal });
  if (taken.has(keyText(key))) return;
  taken.add(keyText(key));
  const name = shownName(key, world.namespace);
  const tell = (words: string) => around.out(`${clean(`${name}: ${words}`)}\n`);
  const prefix = isAlone ? "" : `[${clean(name)}] `;
  const followBuild = async (build: number, ends: AbortSignal) => {
    const tidy = parts.isTerminal ? harmless : asItIs;
    try {
      const request = { follow: true, timestamps: false, build };
      const lines = buildLog(world, key, request, {
        signal: ends,
        clean: (line) => prefix + tidy(line),
      });
      for await (const text of lines) around.out(text);
    } catch (error) {
      if (ends.aborted) return;
      const text = failureText(error, { verb: "log", name, namespace });
      around.err(`kubectl coder: the log of ${clean(`${name}, build ${build}, cannot be shown: ${text}`)}\n`);
    }
  };
  await change(world, what, key, {
    signal,
    wait,
    timeoutMs,
    tell,
    ...(follow ? { followBuild } : {}),
  }, progress);
}
