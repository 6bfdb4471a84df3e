/** One look at all of it, for pipes and for `--once`. */
import type { TopSource } from "../app/top.ts";
import { NOTHING, type Shown, shownAfter } from "../ui/state.ts";
import { sectionsOf } from "../ui/terminal/model.ts";
import type { Section } from "../ui/types.ts";
import { type Clock, systemClock } from "../telemetry/clock.ts";

export interface OnceOptions {
  readonly source: Pick<TopSource, "watch" | "name">;
  /** Those that are asked for; absent: all. */
  readonly sections?: readonly Section[] | undefined;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

export interface Looked {
  readonly shown: Shown;
  /** Not all was there in time. */
  readonly isLate: boolean;
}

/** Resolves when all that there is was told, or why it cannot be. Rejects with words where nothing was told at all. */
export async function lookOnce(
  { source, sections, timeoutMs, signal, clock = systemClock }: OnceOptions,
): Promise<Looked> {
  let shown = NOTHING;
  let connection = "";
  let isLate = false;
  const done = new AbortController();
  const cancel = clock.setTimer(() => {
    isLate = true;
    done.abort();
  }, timeoutMs);
  const onAbort = () => done.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await source.watch((told) => {
      if ("event" in told) shown = shownAfter(shown, told.event);
      else connection = told.connection;
      if (isAll(shown, sections)) done.abort();
    }, done.signal);
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
  signal.throwIfAborted();
  if (shown.hello !== undefined) return { shown, isLate };
  throw new Error(
    connection === "" ? `${source.name} said nothing within ${timeoutMs / 1_000} s` : connection,
  );
}

function isAll(shown: Shown, sections: readonly Section[] | undefined): boolean {
  if (shown.hello === undefined) return false;
  return sectionsOf(shown).every((section) => {
    if (sections !== undefined && !sections.includes(section)) return true;
    const { isComplete, problem } = shown.sections[section];
    return isComplete || problem !== "";
  });
}

/** Whether anything at all could be seen. */
export function sawAnything({ shown }: Looked, sections: readonly Section[] | undefined): boolean {
  return sectionsOf(shown).some((section) => {
    if (sections !== undefined && !sections.includes(section)) return false;
    const { isComplete, problem, rows } = shown.sections[section];
    return rows.size > 0 || (isComplete && problem === "");
  });
}
