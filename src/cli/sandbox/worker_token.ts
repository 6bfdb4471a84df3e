/** `coder-k8s worker-token`: prints a token that says who a worker is. */
import { describeMistakes, type Mistake } from "../mistake.ts";
import { formatDuration } from "../duration.ts";
import { type OwnCall, type OwnSurroundings, strays } from "./own_call.ts";
import { loadOptions } from "./load.ts";
import type { Values } from "./option.ts";
import { WORKER_TOKEN } from "./small_options.ts";
import type { WorkerTokenFor } from "./surroundings.ts";

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
  const isBound = isGiven("workspace") || isGiven("workspaceOwner");
  const needed = isBound ? ["workspace", "workspaceOwner"] as const : ["workerId"] as const;
  for (const key of ["workerKeyFile", ...needed] as const) {
    if (!isGiven(key)) mistakes.push({ where: where(key), what: "is needed" });
  }
  if (isBound && isGiven("workerId")) {
    mistakes.push({
      where: where("workerId"),
      what: `cannot be given together with ${
        where("workspace")
      }: the worker of a workspace is called after it`,
    });
  }
  const { workerKeyFile: file, ttl, debug } = values;
  const whom = whomOf(values);
  if (mistakes.length > 0 || file === undefined || whom === undefined || ttl === undefined) {
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
  const made = await around.workerToken({ keys, whom, ttlMs: ttl });
  if ("refusal" in made) {
    around.err(`coder-k8s: ${where("workerKeyFile")}: ${file}: ${made.refusal}\n`);
    return 1;
  }
  around.out(`${made.token}\n`);
  if (debug === true) {
    const until = new Date(around.now() + ttl).toISOString();
    const name = "binding" in whom ? `the worker of workspace ${whom.binding.workspaceId}` : whom.workerId;
    around.err(`coder-k8s: a token for ${name}, for ${formatDuration(ttl)}, until ${until}\n`);
  }
  return 0;
}

function whomOf(
  { workerId, workspace, workspaceOwner }: Partial<Values<typeof WORKER_TOKEN.table>>,
): WorkerTokenFor | undefined {
  if (workspace !== undefined && workspaceOwner !== undefined) {
    return { binding: { workspaceId: workspace, ownerId: workspaceOwner } };
  }
  return workerId === undefined ? undefined : { workerId };
}
