// deno-lint-ignore-file no-control-regex -- what is drawn is read back
/** For tests: a terminal that somebody types at, and a place to watch. */
import type { TopSource } from "../app/top.ts";
import type { Told } from "../ui/client/source.ts";
import type { TopParts } from "./top.ts";
import type { Screen } from "./top_screen.ts";

/** Nothing is watched. */
export const noTop: TopParts = {
  open: () => Promise.reject(new Error("there is nothing to watch here")),
  screen: () => undefined,
  untilStopped: async (run) => {
    await run(new AbortController().signal);
    return undefined;
  },
  now: () => 0,
};

/** Shows what was drawn last as lines, without styles; `type` types. */
export class TestScreen implements Screen {
  isOpen = false;
  opened = 0;
  columns = 100;
  rows = 20;
  written = "";
  #lines: string[] = [];
  #typed: string[] = [];
  #wake = () => {};
  #isOver = false;
  readonly #onResize = new Set<() => void>();

  size() {
    return { columns: this.columns, rows: this.rows };
  }

  open(): void {
    this.isOpen = true;
    this.opened++;
  }

  close(): void {
    this.isOpen = false;
  }

  write(text: string): void {
    this.written += text;
    for (const part of text.split(/(?=\x1b\[\d+;1H|\x1b\[2J)/)) {
      const at = /^\x1b\[(\d+);1H/.exec(part);
      if (at === null) {
        if (part.startsWith("\x1b[2J")) this.#lines = [];
        continue;
      }
      const line = part.slice(at[0].length);
      const row = Number(at[1]) - 1;
      if (line.endsWith("\x1b[J")) this.#lines.length = row;
      else this.#lines[row] = line;
    }
  }

  /** What is seen. */
  get lines(): string[] {
    return this.#lines.map((line) => (line ?? "").replace(/\x1b\[\d*m/g, "").trimEnd());
  }

  get text(): string {
    return this.lines.join("\n");
  }

  type(text: string): void {
    this.#typed.push(text);
    this.#wake();
  }

  /** Nobody can type any more. */
  hangUp(): void {
    this.#isOver = true;
    this.#wake();
  }

  resize(columns: number, rows: number): void {
    [this.columns, this.rows] = [columns, rows];
    for (const run of this.#onResize) run();
  }

  async *typed(signal: AbortSignal): AsyncGenerator<string, void> {
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const text = this.#typed.shift();
      if (text !== undefined) yield text;
      else if (this.#isOver) return;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  onResize(run: () => void): () => void {
    this.#onResize.add(run);
    return () => void this.#onResize.delete(run);
  }
}

/** A source that a test tells what to tell. */
export class TestSource implements TopSource {
  readonly name = "test";
  readonly asked: string[] = [];
  isClosed = false;
  /** What `watch` rejects with. */
  failure: Error | undefined;
  diagnosis: TopSource["diagnose"] = () => Promise.resolve({ summary: "It is well.", causes: [] });
  #tell: ((told: Told) => void) | undefined;
  #before: Told[] = [];

  tell(...told: Told[]): void {
    if (this.#tell === undefined) this.#before.push(...told);
    else told.forEach(this.#tell);
  }

  async watch(tell: (told: Told) => void, signal: AbortSignal): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.#tell = tell;
    this.#before.forEach(tell);
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    }
  }

  diagnose(...args: Parameters<TopSource["diagnose"]>): ReturnType<TopSource["diagnose"]> {
    this.asked.push(`diagnose ${args[0].kind} ${args[0].namespace}/${args[0].name}`);
    return this.diagnosis(...args);
  }

  async *log(...[asked]: Parameters<TopSource["log"]>) {
    this.asked.push(`log ${asked.namespace}/${asked.workspace} ${asked.build ?? "latest"}`);
    yield [{ at: "2026-11-22T04:00:00.000Z", stage: "Plan", text: "planned" }];
    await Promise.resolve();
    yield [{ at: "2026-11-22T04:00:01.000Z", stage: "Plan", text: "applied" }];
  }

  close(): void {
    this.isClosed = true;
  }
}
