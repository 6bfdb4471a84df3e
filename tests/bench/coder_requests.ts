/** What a fake Coder was asked: counted by route, so that the control plane's own visits are told from verification. */
import type { LoggedRequest } from "../fake-coder/mod.ts";

/** A stretch of time, by `performance.now()`. */
export interface Stretch {
  since: number;
  /** Not included. @default now */
  until?: number;
}

type Request = Pick<LoggedRequest, "at" | "method" | "path" | "route">;

/** What was asked, such as `GET /api/v2/organizations/{organization}/provisionerkeys`, and how often. */
export type Counts = ReadonlyMap<string, number>;

/** Requests of a stretch, by method and route. */
export function countByRoute(requests: readonly Request[], { since, until = Infinity }: Stretch): Counts {
  const counts = new Map<string, number>();
  for (const { at, method, path, route } of requests) {
    if (at < since || at >= until) continue;
    const what = `${method} ${route ?? path}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return counts;
}

/** All of them, or those whose text passes. */
export function total(counts: Counts, counted: (what: string) => boolean = () => true): number {
  let sum = 0;
  for (const [what, count] of counts) if (counted(what)) sum += count;
  return sum;
}

/** Lists and calls that only provisioners and workspace proxies need: a quiet control plane asks for none of them. */
export function isVerification(what: string): boolean {
  return /^[A-Z]+ \/api\/v2\/(organizations|workspaceproxies)(\/|$)/.test(what);
}

/** Whatever is done with keys: lists of them, new ones, deleted ones. Daemons by key are a list of daemons. */
export function isAboutKeys(what: string): boolean {
  return /\/provisionerkeys(\/\{name\})?$/.test(what);
}

/** A new key that is asked for. */
export function isNewKey(what: string): boolean {
  return isAboutKeys(what) && what.startsWith("POST ");
}

/** The counts of the one that was asked the most. */
export function busiest(all: readonly Counts[], counted: (what: string) => boolean): Counts {
  const [first = new Map()] = [...all].sort((a, b) => total(b, counted) - total(a, counted));
  return first;
}

/** For people: `5 GET provisionerkeys, 2 GET daemons`, the most frequent first; `nothing` where there are none. */
export function inWords(counts: Counts, counted: (what: string) => boolean = () => true): string {
  const told = [...counts].filter(([what]) => counted(what))
    .sort(([a, times], [b, others]) => others - times || (a < b ? -1 : 1))
    .map(([what, times]) => `${times} ${shortRoute(what)}`);
  return told.length === 0 ? "nothing" : told.join(", ");
}

/** `GET /api/v2/organizations/{organization}/provisionerkeys` is `GET provisionerkeys`. */
function shortRoute(what: string): string {
  const [method = "", path = ""] = what.split(" ", 2);
  const parts = path.split("/").filter((part) => part !== "" && part !== "api" && part !== "v2");
  // What follows the last parameter says it best, unless the parameter is the last.
  const from = parts.slice(0, -1).findLastIndex((part) => part.startsWith("{")) + 1;
  return `${method} ${parts.slice(from).join("/")}`;
}
