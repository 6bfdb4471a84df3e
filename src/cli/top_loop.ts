/** `coder-k8s top` as it runs: what is told is drawn, what is typed is done. */
import type { TopSource } from "../app/top.ts";
import { NOTHING, type Shown, shownAfter } from "../ui/state.ts";
import { draw, type Frame } from "../ui/terminal/draw.ts";
import { keysOf } from "../ui/terminal/keys.ts";
import { type Choices, type Effect, FIRST, pressed, type TextView } from "../ui/terminal/model.ts";
import type { Style } from "../ui/terminal/style.ts";
import { type Clock, systemClock } from "../telemetry/clock.ts";
import type { DiagnosisAnswer } from "../ui/types.ts";
import { Painter, type Screen } from "./top_screen.ts";

export interface TopOptions {
  readonly source: TopSource;
  readonly screen: Screen;
  readonly style: Style;
  readonly choices?: Partial<Choices>;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: () => number;
}

/** What changes is drawn no more often than that, in milliseconds. */
const GATHER_MS = 200;
/** Ages and the time go on, in milliseconds. */
const TICK_MS = 1_000;
const MOST_LOG_LINES = 10_000;

/** Resolves where somebody has ended it; rejects where there is nothing to be watched. Gives the terminal back. */
export async function runTop(options: TopOptions): Promise<void> {
  const top = new Top(options);
  const { screen } = options;
  screen.open();
  try {
    await top.run();
  } finally {
    screen.close();
  }
}

class Top {
  readonly #options: TopOptions;
  readonly #clock: Clock;
  readonly #now: () => number;
  readonly #painter: Painter;
  readonly #end = new AbortController();
  #shown: Shown = NOTHING;
  #choices: Choices;
  #connection = "connecting…";
  #frame: Frame | undefined;
  /** Of the text that is read. */
  #reading = new AbortController();
  #cancelDraw = () => {};
  #isDue = false;

  constructor(options: TopOptions) {
    const { clock = systemClock, now = Date.now } = options;
    this.#options = options;
    this.#clock = clock;
    this.#now = now;
    this.#choices = { ...FIRST, ...options.choices };
    this.#painter = new Painter((text) => options.screen.write(text));
  }

  async run(): Promise<void> {
    const { screen, source, signal } = this.#options;
    const stop = () => this.#end.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const unsubscribe = screen.onResize(() => {
      this.#painter.clear();
      this.#draw();
    });
    let failure: unknown;
    const failed = (error: unknown) => {
      if (!this.#end.signal.aborted) failure = { error };
      stop();
    };
    this.#draw();
    this.#tick();
    const watching = source.watch((told) => {
      if ("event" in told) this.#shown = shownAfter(this.#shown, told.event);
      else this.#connection = told.connection;
      if ("event" in told && told.event.kind === "hello") this.#connection = "";
      this.#drawSoon();
    }, this.#end.signal).catch(failed);
    const typing = this.#type().then(stop, failed);
    await Promise.all([watching, typing]);
    this.#reading.abort();
    this.#cancelDraw();
    unsubscribe();
    signal.removeEventListener("abort", stop);
    if (failure !== undefined) throw (failure as { error: unknown }).error;
  }

  async #type(): Promise<void> {
    for await (const text of this.#options.screen.typed(this.#end.signal)) {
      for (const key of keysOf(text)) {
        const { rows = [], page = 1, textLines = 0 } = this.#frame ?? {};
        const { choices, effect } = pressed(this.#choices, key, {
          shown: this.#shown,
          rows,
          page,
          textLines,
        });
        this.#choices = choices;
        if (effect?.kind === "quit") return;
        if (effect !== undefined) this.#carryOut(effect);
        // The next key is pressed over what this one has made of it.
        this.#draw();
      }
    }
  }

  #carryOut(effect: Effect): void {
    if (effect.kind === "redraw") return this.#painter.clear();
    this.#reading.abort();
    this.#reading = new AbortController();
    const signal = AbortSignal.any([this.#reading.signal, this.#end.signal]);
    if (effect.kind === "diagnose") void this.#diagnose(effect, signal);
    if (effect.kind === "log") void this.#log(effect, signal);
  }

  async #diagnose(
    { subject: kind, namespace, name }: Extract<Effect, { kind: "diagnose" }>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const answer = await this.#options.source.diagnose({ kind, namespace, name }, signal);
      this.#put(signal, () => diagnosisLines(answer));
    } catch (error) {
      this.#put(signal, () => [messageOf(error)]);
    }
  }

  async #log(
    { namespace, workspace, build }: Extract<Effect, { kind: "log" }>,
    signal: AbortSignal,
  ): Promise<void> {
    const add = (lines: readonly string[]) =>
      this.#put(signal, (text) => [...text.lines, ...lines].slice(-MOST_LOG_LINES));
    try {
      for await (const lines of this.#options.source.log({ namespace, workspace, build }, signal)) {
        add(lines.map(({ at, text }) => `${at.slice(11, 19)} ${text}`.trimStart()));
      }
      add(["— the end of the log —"]);
    } catch (error) {
      add([`— ${messageOf(error)} —`]);
    }
  }

  /** Into the text that is shown, if it still is. */
  #put(signal: AbortSignal, lines: (text: TextView) => readonly string[]): void {
    const { text } = this.#choices;
    if (signal.aborted || text === undefined) return;
    this.#choices = { ...this.#choices, text: { ...text, lines: lines(text) } };
    this.#drawSoon();
  }

  #tick(): void {
    if (this.#end.signal.aborted) return;
    const cancel = this.#clock.setTimer(() => {
      this.#draw();
      this.#tick();
    }, TICK_MS);
    this.#end.signal.addEventListener("abort", cancel, { once: true });
  }

  #drawSoon(): void {
    if (this.#isDue || this.#end.signal.aborted) return;
    this.#isDue = true;
    this.#cancelDraw = this.#clock.setTimer(() => this.#draw(), GATHER_MS);
  }

  #draw(): void {
    this.#cancelDraw();
    this.#isDue = false;
    if (this.#end.signal.aborted) return;
    const { screen, style, source } = this.#options;
    this.#frame = draw({
      ...screen.size(),
      shown: this.#shown,
      choices: this.#choices,
      now: this.#now(),
      style,
      from: source.name,
      connection: this.#connection,
    });
    this.#painter.paint(this.#frame.lines);
  }
}

/** A diagnosis as it is read. */
export function diagnosisLines({ summary, causes }: DiagnosisAnswer): string[] {
  const lines = [summary];
  for (const [index, { title, why, steps, certainty }] of causes.entries()) {
    lines.push("", `${index + 1}. ${title} (${certainty})`, ...why.split("\n").map((line) => `   ${line}`));
    lines.push(...steps.map((step) => `   → ${step}`));
  }
  if (causes.length === 0) lines.push("", "No cause was found.");
  return lines;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
