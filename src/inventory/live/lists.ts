/** Asking for lists: page by page where there is much, so that no answer is large for long. */
import { setImmediate } from "node:timers";
import type { Template, Workspace } from "../../coder/mod.ts";
import type { Scan } from "./records.ts";
import type { CopyClient } from "./types.ts";

export interface CallLimits {
  readonly signal: AbortSignal;
  /** Of each request, in milliseconds. */
  readonly timeoutMs: number;
}

/** Workspaces of one request. */
export const PAGE = 1_000;

/** Workspaces that are taken at a time: whoever else has something to do is not held up for longer. */
const PIECE = 100;

/** Lets everybody else have a turn. */
const breath = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What was listed. */
export interface Listed {
  /** Records that Coder has, readable or not. */
  readonly count: number;
  /** Requests that it took. */
  readonly pages: number;
  /** How long they took together, in milliseconds: what is done here meanwhile is no burden on Coder. */
  readonly tookMs: number;
  /** One text for each record that cannot be read. */
  readonly problems: readonly string[];
}

/** Takes all workspaces. Rejects where a page is missing: then nothing follows from what was not in the list. */
export async function listWorkspaces(
  { workspaces }: Pick<CopyClient, "workspaces">,
  scan: Scan<Workspace>,
  limits: CallLimits,
  now: () => number,
  page = PAGE,
): Promise<Listed> {
  const problems: string[] = [];
  let offset = 0;
  let tookMs = 0;
  for (let pages = 1;; pages++) {
    const sentAt = now();
    const answer = await workspaces.page({ limit: page, offset }, limits);
    tookMs += now() - sentAt;
    for (let start = 0; start < answer.length; start += PIECE) {
      if (start > 0) await breath();
      const piece = answer.read(start, start + PIECE, scan.isKnown);
      scan.page(piece.workspaces, piece.items);
      problems.push(...piece.problems);
    }
    offset += answer.length;
    if (answer.length < page || offset >= answer.count) {
      return { count: Math.max(offset, answer.count), pages, tookMs, problems };
    }
  }
}

/** Takes all templates that are deprecated, or all that are not. */
export async function listTemplates(
  { templates }: Pick<CopyClient, "templates">,
  scan: Scan<Template>,
  limits: CallLimits,
  now: () => number,
  deprecated: boolean,
): Promise<Listed> {
  const sentAt = now();
  const answer = await templates.readable(deprecated ? { q: "deprecated:true" } : {}, limits);
  const tookMs = now() - sentAt;
  scan.page(answer.templates);
  const { problems } = answer;
  return { count: answer.templates.length + problems.length, pages: 1, tookMs, problems };
}

/** Runs `check` for each id, a few at a time and not too many; whoever is left comes with the next list. */
export async function confirmMissing(
  ids: readonly string[],
  check: (id: string) => Promise<void>,
  { atOnce = 4, most = 60 } = {},
): Promise<void> {
  const left = ids.slice(0, most);
  const work = async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) await check(id);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, left.length) }, work));
}
