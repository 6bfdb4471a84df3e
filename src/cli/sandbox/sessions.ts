/** `coder-k8s sessions`: what a coordinator says of its sessions and workers. */
import { describeMistakes, type Mistake, quote } from "../mistake.ts";
import { suggest } from "../suggest.ts";
import type { OwnCall, OwnSurroundings } from "./own_call.ts";
import { askCoordinator } from "./sessions_ask.ts";
import { sessionsTable, workersTable } from "./sessions_table.ts";
import { loadOptions } from "./load.ts";
import { SESSIONS } from "./small_options.ts";

type Around = Pick<OwnSurroundings, "environment" | "out" | "err" | "readTextFile" | "fetch" | "now">;

const WORDS = ["list", "get", "workers"] as const;

/** Resolves to the exit code: 0 shown, 1 it could not be found out, 2 not understood. */
export async function sessionsCommand(call: OwnCall, around: Around): Promise<number> {
  const { values, mistakes: wrong } = await loadOptions(SESSIONS, { ...around, flags: call.flags });
  const [word = "list", ...rest] = call.words;
  const [ref, ...more] = word === "get" ? rest : [undefined, ...rest];
  const mistakes: Mistake[] = [...call.mistakes, ...wrong];
  if (!WORDS.some((one) => one === word)) mistakes.push({ where: word, what: unknownWord(word) });
  else if (word === "get" && ref === undefined) {
    mistakes.push({ where: "sessions get", what: "needs a session's id, or its name" });
  }
  mistakes.push(...more.map((where) => ({ where: String(where), what: `stray argument after ${word}` })));
  const { url, output, timeout } = values;
  if (mistakes.length > 0 || url === undefined || output === undefined || timeout === undefined) {
    around.err(describeMistakes(mistakes, "coder-k8s help sessions"));
    return 2;
  }
  const answer = await askCoordinator({ ...values, url, timeout, debug: values.debug === true }, around);
  if ("refusal" in answer) {
    around.err(`coder-k8s: ${answer.refusal}\n`);
    return 1;
  }
  const { sessions, workers } = answer;
  const now = around.now();
  if (word === "workers") {
    around.out(await shown(workers, output, () => workersTable(workers, now)));
    return 0;
  }
  if (word === "list") {
    around.out(await shown(sessions, output, () => sessionsTable(sessions, now)));
    return 0;
  }
  const found = sessions.filter(({ id, name }) => id === ref || name === ref);
  const [first] = found;
  if (first === undefined) {
    const near = suggest(ref ?? "", sessions.flatMap(({ id, name }) => [id, name]));
    const hint = near === undefined
      ? "coder-k8s sessions list shows those that there are"
      : `did you mean ${near}?`;
    around.err(`coder-k8s: ${url} has no session ${quote(ref)}; ${hint}\n`);
    return 1;
  }
  if (found.length > 1) {
    const ids = found.map(({ id, owner }) => `${id} (${owner})`).join(", ");
    around.err(`coder-k8s: ${found.length} sessions are named ${quote(ref)}: ${ids}; give an id\n`);
    return 1;
  }
  around.out(await shown(first, output, () => sessionsTable(found, now)));
  return 0;
}

function unknownWord(word: string): string {
  const near = suggest(word, WORDS);
  return near === undefined
    ? "write list, get or workers"
    : `write list, get or workers; did you mean ${near}?`;
}

async function shown(data: unknown, format: "table" | "json" | "yaml", table: () => string): Promise<string> {
  if (format === "table") return table();
  if (format === "json") return `${JSON.stringify(data, null, 2)}\n`;
  const { stringify } = await import("../yaml.ts");
  return stringify(data, { lineWidth: 0 });
}
