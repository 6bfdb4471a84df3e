/** Ten thousand of them: lists in pages, and memory. */
import type { ToldRows } from "../told_rows.ts";
import { comparisonRows } from "./figures.ts";
import type { Ground } from "./ground.ts";
import { sideBySide } from "./requests.ts";

const LIMIT = 500;
const SECONDS = Number(Deno.env.get("BENCH_SECONDS") ?? "8") * 2;

/** Whole lists, page after page. */
export async function pagedLists(ground: Ground, count: number, rows: ToldRows): Promise<void> {
  const { workspacesPath, configMaps } = ground;
  const lists = await sideBySide(ground, { kind: "pages", callers: 1 }, {
    ours: [`${workspacesPath}?limit=${LIMIT}`],
    builtIn: [`${configMaps.path}?limit=${LIMIT}`],
  }, SECONDS);
  rows.push(...comparisonRows({
    what: `LIST of ${count} in pages of ${LIMIT}, 1 caller: whole lists`,
    ...lists,
    atLeast: 0.8,
  }));
  const { count: refused, text } = lists.refusals;
  rows.atMost(0, { what: `lists that broke off${text}`, value: refused, text: String(refused) });
}

/** @param when what has happened to it */
export function memoryRow(ground: Ground, what: string, rows: ToldRows, limitMb?: number): void {
  const { rss } = ground.memory();
  const text = `${(rss / 1e6).toFixed(0)} MB`;
  if (limitMb === undefined) return rows.push({ what, measured: text, value: rss });
  rows.push({ what, measured: text, reach: `≤ ${limitMb} MB`, met: rss <= limitMb * 1e6, value: rss });
}
