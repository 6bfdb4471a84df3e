/** A page of the documents as something that can be run: text in, blocks out. */
import { type Marker, type Need, OF_A_FENCE, OF_THE_HEAD, readMarker } from "./markers.ts";

/** One thing to do, in the order of the page. */
export interface Block {
  readonly kind: "run" | "file" | "skip" | "setup" | "teardown";
  /** Of its first line of text, from 1. */
  readonly line: number;
  /** Commands, or the content of the file. */
  readonly text: string;
  /** Of a file: its path below the working directory. */
  readonly name?: string;
  /** Why it is not run. */
  readonly reason?: string;
  /** It goes on while others run, and is ended with the page. */
  readonly background: boolean;
  /** It must end with another exit code than 0. */
  readonly fails: boolean;
  /** What its output must contain. */
  readonly expect: readonly { readonly pattern: RegExp; readonly text: string }[];
  /** It is run again until it succeeds, at most for so long. */
  readonly retryMs: number | undefined;
  /** One run of it takes no longer. */
  readonly timeoutMs: number;
}

export interface Page {
  /** `docs/how-to/upgrade.md` */
  readonly path: string;
  readonly needs: ReadonlySet<Need>;
  /** Control planes whose Coder is the real one, as `namespace/name`. */
  readonly controlPlanes: readonly string[];
  /** What stands for what when blocks are run. */
  readonly where: readonly { readonly from: string; readonly to: string }[];
  readonly blocks: readonly Block[];
}

/** What is wrong with a page, all of it. */
export class PageError extends Error {
  override name = "PageError";
  constructor(path: string, readonly problems: readonly string[]) {
    super(problems.map((problem) => `${path}:${problem}`).join("\n"));
  }
}

const DEFAULT_TIMEOUT_MS = 180_000;
/** Languages of shells that are not run: a reader could not tell which shell a page is written for. */
const OTHER_SHELLS = /^(bash|shell|console|shell-?session|zsh|fish|terminal|powershell|ps1?|cmd|bat)$/i;
const FENCE = /^(\s*)(`{3,}|~{3,})\s*([^\s`{]*)[^`]*$/;
const COMMENT = /^\s*<!--\s*run\s*:([\s\S]*?)-->\s*$/i;
/** They stop reading before all is written, and what writes dies of that: sometimes. */
const STOPS_READING = /\|\s*(head|grep\s+(-\w*[qm]\w*|--quiet|--max-count))\b/;

type Pending = { readonly marker: Marker; readonly line: number };

/** Reads a page. @throws {PageError} naming everything that is wrong with it */
export function readPage(path: string, text: string): Page {
  const reader = new Reader();
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const fence = FENCE.exec(line);
    if (fence !== null) index = reader.fence(lines, index, fence);
    else if (/<!--\s*run\s*:/i.test(line)) index = reader.comment(lines, index);
    else if (line.trim() !== "") reader.forget();
  }
  reader.forget();
  return reader.page(path);
}

class Reader {
  readonly #problems: string[] = [];
  readonly #blocks: Block[] = [];
  readonly #needs = new Set<Need>();
  readonly #controlPlanes: string[] = [];
  readonly #where: { from: string; to: string }[] = [];
  #pending: Pending[] = [];

  page(path: string): Page {
    if (this.#problems.length === 0 && !this.#blocks.some(({ kind }) => kind === "run")) {
      this.#problems.push("1: no block of this page is run: it needs at least one fence of `sh` that is");
    }
    if (this.#needs.has("no-cluster") && this.#needs.size > 1 + Number(this.#needs.has("helm"))) {
      this.#problems.push("1: it needs no cluster, and what only a cluster has");
    }
    if (this.#problems.length > 0) throw new PageError(path, this.#problems);
    return {
      path,
      needs: this.#needs,
      controlPlanes: this.#controlPlanes.length === 0 ? ["coder/coder"] : this.#controlPlanes,
      where: this.#where,
      blocks: this.#blocks,
    };
  }

  /** A fence from its first line to its last; the index of the last. */
  fence(
    lines: readonly string[],
    start: number,
    [, indent = "", ticks = "", language = ""]: RegExpExecArray,
  ): number {
    const isEnd = (line: string) =>
      line.trim() !== "" && line.trim() === ticks[0]!.repeat(line.trim().length) &&
      line.trim().length >= ticks.length;
    let end = start + 1;
    while (end < lines.length && !isEnd(lines[end]!)) end++;
    if (end === lines.length) this.#problem(start, "this fence has no end");
    const body = lines.slice(start + 1, end).map((line) =>
      line.startsWith(indent) ? line.slice(indent.length) : line.trimStart()
    );
    this.#take(language, `${body.join("\n")}\n`, start);
    return end;
  }

  /** A comment of one or more lines; the index of the last. */
  comment(lines: readonly string[], start: number): number {
    let end = start;
    while (end < lines.length && !lines[end]!.includes("-->")) end++;
    const [, text] = COMMENT.exec(lines.slice(start, end + 1).join("\n")) ?? [];
    if (text === undefined) {
      this.#problem(start, "a comment of the runner stands on lines of its own, from <!-- to -->");
      return end;
    }
    try {
      this.#marker(readMarker(text), start);
    } catch (error) {
      this.#problem(start, error instanceof Error ? error.message : String(error));
    }
    return end;
  }

  /** Something else than a fence came: markers before it are lost. */
  forget(): void {
    for (const { marker, line } of this.#pending) {
      this.#problem(line, `no fence follows the marker ${JSON.stringify(marker.kind)}`);
    }
    this.#pending = [];
  }

  #marker(marker: Marker, line: number): void {
    if (OF_A_FENCE.has(marker.kind)) {
      this.#pending.push({ marker, line });
      return;
    }
    this.forget();
    if (OF_THE_HEAD.has(marker.kind) && this.#blocks.length > 0) {
      this.#problem(line, `${marker.kind} belongs before the first block`);
    }
    switch (marker.kind) {
      case "needs":
        for (const need of marker.needs) this.#needs.add(need);
        break;
      case "control-plane":
        this.#controlPlanes.push(marker.key);
        break;
      case "where":
        this.#where.push({ from: marker.from, to: marker.to });
        break;
      case "setup":
      case "teardown":
        this.#blocks.push({ ...plain(line), kind: marker.kind, text: `${marker.script}\n` });
    }
  }

  #take(language: string, text: string, line: number): void {
    const pending = this.#pending;
    this.#pending = [];
    if (OTHER_SHELLS.test(language)) {
      return this.#problem(line, `write \`sh\` in the place of \`${language}\`: that is what is run`);
    }
    if (language === "") {
      return this.#problem(line, "name the language of this fence: `sh` is run, `text` is not");
    }
    const kinds = pending.map(({ marker }) => marker.kind);
    const file = pending.find(({ marker }) => marker.kind === "file")?.marker;
    if (language !== "sh") {
      if (pending.length === 0) return;
      if (file?.kind === "file" && kinds.length === 1) {
        this.#blocks.push({ ...plain(line), kind: "file", text, name: file.name });
        return;
      }
      return this.#problem(line, `${kinds.join(", ")} before a fence of ${language}, which is not run`);
    }
    if (file !== undefined) {
      return this.#problem(line, "file belongs before a fence of another language than sh");
    }
    const block = { ...plain(line), text, ...collected(pending) };
    if (block.kind === "run" && STOPS_READING.test(text)) {
      this.#problem(
        line,
        "what stops reading early (head, grep -q) breaks its pipe now and then: use another way",
      );
    }
    if (block.background && (block.fails || block.retryMs !== undefined)) {
      this.#problem(line, "what runs in the background neither fails nor is retried");
    }
    if (block.kind === "skip" && kinds.length > 1) {
      this.#problem(line, "what is skipped has no other markers");
    }
    this.#blocks.push(block);
  }

  #problem(index: number, text: string): void {
    this.#problems.push(`${index + 1}: ${text}`);
  }
}

function plain(index: number): Block {
  return {
    kind: "run",
    line: index + 1,
    text: "",
    background: false,
    fails: false,
    expect: [],
    retryMs: undefined,
    timeoutMs: DEFAULT_TIMEOUT_MS,
  };
}

function collected(pending: readonly Pending[]): Partial<Block> {
  const markers = pending.map(({ marker }) => marker);
  const skip = markers.find((marker) => marker.kind === "skip");
  const time = (kind: "retry" | "timeout") =>
    markers.map((marker) => marker.kind === kind ? marker.milliseconds : undefined).find((ms) =>
      ms !== undefined
    );
  return {
    ...(skip === undefined ? {} : { kind: "skip" as const, reason: skip.reason }),
    background: markers.some(({ kind }) => kind === "background"),
    fails: markers.some(({ kind }) => kind === "fails"),
    expect: markers.filter((marker) => marker.kind === "expect"),
    retryMs: time("retry"),
    timeoutMs: time("timeout") ?? DEFAULT_TIMEOUT_MS,
  };
}
