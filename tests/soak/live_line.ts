/** A line that tells what is going on: rewritten in place on a terminal, a plain line now and then elsewhere. */
import type { ProgressSink } from "../cluster/mod.ts";

/** How often it is told anew, in milliseconds. */
export interface LiveLineOptions {
  /** @default {500} */
  terminalMs?: number;
  /** @default {30_000} */
  plainMs?: number;
}

/** Shows `line()` while `run` runs; on a terminal nothing of it stays. */
export async function withLiveLine<T>(
  sink: ProgressSink,
  line: () => string,
  run: () => Promise<T>,
  options: LiveLineOptions = {},
): Promise<T> {
  const { isTerminal } = sink;
  const show = () => sink.write(isTerminal ? `\r\x1b[K  ${line()}` : `  ${line()}\n`);
  show();
  const timer = setInterval(show, isTerminal ? options.terminalMs ?? 500 : options.plainMs ?? 30_000);
  try {
    return await run();
  } finally {
    clearInterval(timer);
    if (isTerminal) sink.write("\r\x1b[K");
  }
}
