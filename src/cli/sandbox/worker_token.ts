/** `coder-k8s worker-token`: prints a token that says who a worker is. */
import { describeMistakes, type Mistake } from "../mistake.ts";
import { formatDuration } from "../duration.ts";
import { type OwnCall, type OwnSurroundings, strays } from "./own_call.ts";
import { loadOptions } from "./load.ts";
import { WORKER_TOKEN } from "./small_options.ts";

type Around = Pick<
  OwnSurroundings,
  "environment" | "out" | "err" | "readTextFile" | "readStandardInput" | "workerToken" | "now"
>;

/** Resolves to the exit code: 0 printed, 1 not possible, 2 not understood. */
export async function workerTokenCommand(call: OwnCall, around: Around): Promise<number> {
  const { values, mistakes: wrong, where, isGiven } = await loadOptions(WORKER_TOKEN, {
    ...around,
    flags: call.flags,
  });
  const mistakes: Mistake[] = [...call.mistakes, ...strays(call.words, "worker-token"), ...wrong];
  for (const key of ["workerKeyFile", "workerId"] as const) {
    if (!isGiven(key)) mistakes.push({ where: where(key), what: "is needed" });
  }
  const { workerKeyFile: file, workerId, ttl, debug } = values;
  if (mistakes.length > 0 || file === undefined || workerId === undefined || ttl === undefined) {
    around.err(describeMistakes(mistakes, "coder-k8s help worker-token"));
    return 2;
  }
  let keys: string;
  try {
    keys = file === "-" ? await around.readStandardInput() : await around.readTextFile(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    around.err(`coder-k8s: ${where("workerKeyFile")}: ${file} cannot be read: ${why}\n`);
    return 1;
  }
  const made = await around.workerToken({ keys, workerId, ttlMs: ttl });
  if ("refusal" in made) {
    around.err(`coder-k8s: ${where("workerKeyFile")}: ${file}: ${made.refusal}\n`);
    return 1;
  }
  around.out(`${made.token}\n`);
  if (debug === true) {
    const until = new Date(around.now() + ttl).toISOString();
    around.err(`coder-k8s: a token for ${workerId}, for ${formatDuration(ttl)}, until ${until}\n`);
  }
  return 0;
}
