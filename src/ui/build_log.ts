/** The log of a workspace's build, line by line, to its end. */
import type { CallerCluster } from "../caller/types.ts";
import { keyText, type ObjectKey } from "../api/object.ts";
import { CoderWorkspaces } from "../api/workspace.ts";
import { ToolError, toolError } from "../mcp/errors.ts";
import { type Clock, sleep } from "../telemetry/clock.ts";
import type { LogLine } from "./types.ts";

/** Coder keeps 1 MiB of each build; times and headings are ours. */
const WHOLE_BYTES = 2_097_152;
const READ_MS = 10_000;
/** Between two looks, at first and at most, in milliseconds. */
const LOOK_MS = 1_000;
const LONGEST_MS = 8_000;
/** How long it may be that nothing can be read, in milliseconds. */
const AWAY_MS = 60_000;
const LONGEST_LINE = 4_096;

export interface BuildLogOptions {
  /** With whose rights; another one whenever they were let in again. */
  readonly cluster: () => CallerCluster;
  readonly key: ObjectKey;
  /** Absent: the latest, as it is at the beginning. */
  readonly build?: number | undefined;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/**
 * Lines as they are written; ends when the build is over. Reads no faster than they are taken. What comes first may be no
 * line at all: it is known by then that the log can be read.
 *
 * @throws {ToolError} where it cannot be read, or not any more
 */
export async function* buildLog(options: BuildLogOptions): AsyncGenerator<LogLine[], void> {
  const { cluster, key, signal, clock } = options;
  const what = `read the build log of CoderWorkspace ${keyText(key)}`;
  const call = { signal, timeoutMs: READ_MS };
  let { build } = options;
  let told = 0;
  let isRead = false;
  let stage = "";
  let awaySince: number | undefined;
  let waitMs = LOOK_MS;
  while (!signal.aborted) {
    try {
      const { status } = await cluster().get(CoderWorkspaces, key, call);
      const latest = status?.latestBuild;
      build ??= latest?.number;
      if (build === undefined) throw new ToolError("not_found", "it has no build yet");
      // Looked at before the log is read: what was written until its end is in it.
      const isOver = latest === undefined || build < latest.number || latest.completedAt !== undefined;
      const { bytes, isCut } = await cluster().text(CoderWorkspaces, key, "log", {
        ...call,
        query: { build, timestamps: true },
        maxBytes: WHOLE_BYTES,
      });
      const lines = new TextDecoder().decode(bytes).split("\n").slice(0, -1);
      const news: LogLine[] = [];
      for (const line of lines.slice(told)) {
        const read = lineOf(line, stage);
        stage = read.stage;
        news.push(read);
      }
      told = Math.max(told, lines.length);
      awaySince = undefined;
      waitMs = news.length > 0 ? LOOK_MS : Math.min(waitMs * 1.5, LOOK_MS * 2);
      if (news.length > 0 || !isRead) {
        isRead = true;
        yield news;
      }
      if (isCut) throw new ToolError("limit", "it is longer than is shown: Coder's own pages have more");
      if (isOver) return;
    } catch (error) {
      if (signal.aborted) return;
      const shown = toolError(error, what);
      const isAway = shown.code === "unavailable" || shown.code === "timeout";
      awaySince ??= clock.now();
      // What cannot be read at all is told at once; what breaks off in the middle may come back.
      if (!isAway || !isRead || clock.now() - awaySince >= AWAY_MS) throw shown;
      waitMs = Math.min(waitMs * 2, LONGEST_MS);
    }
    await sleep(waitMs, signal, clock);
  }
}

const STAMPED = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (.*)$/s;

/** A line as the log has it: its time, then a heading `==> stage`, or what was written. */
export function lineOf(line: string, stage: string): LogLine {
  const [, at = "", rest = line] = STAMPED.exec(line) ?? [];
  const heading = rest.startsWith("==> ") ? rest.slice(4) : undefined;
  const text = rest.length <= LONGEST_LINE ? rest : `${rest.slice(0, LONGEST_LINE).toWellFormed()}…`;
  return { at, stage: heading ?? stage, text };
}
