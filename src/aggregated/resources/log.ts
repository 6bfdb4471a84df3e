/** The sub-resource `/log`: what a build has written, and what it is still writing. */
import type { BuildLogReader } from "../../inventory/mod.ts";
import { TooManyLogsError } from "../../inventory/mod.ts";
import { type Clock, sleep, systemClock } from "../../telemetry/clock.ts";
import type { LogOptions } from "./log_options.ts";
import { ByteLimit, LogText } from "./log_text.ts";

/** Time between two looks at a log that is followed, in milliseconds. */
const LOOK_MS = 1_000;
/** Where too many logs are followed at a time, in milliseconds. */
const BUSY_MS = 2_000;
/** How long a Coder may be away while a log is followed, and the longest time between two tries, in milliseconds. */
const AWAY_MS = 60_000;
const MOST_RETRY_MS = 8_000;
/** Characters of one piece. */
const PIECE = 64 * 1_024;

/** Lines of our own, at the end of a log that is not whole. */
export const LAST_LINES = {
  away: "--- the log breaks off here: Coder cannot be asked for more now; ask for it again later",
  hidden: "--- the log breaks off here: it is no longer shown to you",
  shutdown: "--- the log breaks off here: this server shuts down; ask for it again",
  cut: "--- the log breaks off here: it is longer than is kept; Coder's own pages have more",
} as const;

export interface LogStream {
  /** It has been refreshed once. */
  readonly log: BuildLogReader;
  readonly options: LogOptions;
  /** Whether the caller may still see whose log it is. */
  isVisible(): Promise<boolean>;
  readonly signal: AbortSignal;
  /** @default {systemClock} */
  readonly clock?: Clock;
}

/**
 * The text of a log, in pieces. Whoever takes them slowly holds up nothing but themselves: what is there stays where all
 * read it, and nothing is asked of Coder meanwhile. Ends without an error as soon as `signal` aborts.
 */
export async function* logText(stream: LogStream): AsyncGenerator<string, void> {
  const { log, options, signal, clock = systemClock } = stream;
  const limit = new ByteLimit(options.limitBytes);
  const text = new LogText(options);
  let next = 0;
  const news = function* () {
    while (next < log.lines.length) yield* text.textsOf(log.lines[next++]!);
  };
  const first = options.tailLines === undefined ? news() : lastOf(news(), options.tailLines);
  let waitMs = LOOK_MS;
  let awaySince: number | undefined;
  for (let texts: Iterable<string> = first;; texts = news()) {
    const isLast = log.isOver || !options.follow;
    for (const piece of pieces(texts)) {
      yield limit.take(piece);
      if (limit.isReached || signal.aborted) return;
    }
    if (log.isCut) return yield `${LAST_LINES.cut}\n`;
    if (isLast) return;
    await sleep(waitMs, signal, clock);
    if (signal.aborted) return;
    try {
      if (!await stream.isVisible()) return yield `${LAST_LINES.hidden}\n`;
      await log.refresh(signal);
      waitMs = LOOK_MS;
      awaySince = undefined;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof TooManyLogsError) {
        waitMs = BUSY_MS;
        continue;
      }
      awaySince ??= clock.now();
      if (clock.now() - awaySince >= AWAY_MS) return yield `${LAST_LINES.away}\n`;
      waitMs = Math.min(2 * waitMs, MOST_RETRY_MS);
    }
  }
}

/** The last `count` of them. */
function lastOf(texts: Iterable<string>, count: number): string[] {
  const all = [...texts];
  return all.slice(Math.max(0, all.length - count));
}

/** Whole lines, many at a time. */
function* pieces(texts: Iterable<string>): Generator<string, void> {
  let piece = "";
  for (const text of texts) {
    piece += `${text}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
