/** Lines of a log as a person reads them. */
import type { BuildLogLine } from "../../inventory/mod.ts";
import type { LogOptions } from "./log_options.ts";

// deno-lint-ignore no-control-regex -- sequences that tell a terminal what to do are what is looked for
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;
/** Whatever else a terminal may take for more than a character, tabs left alone. */
// deno-lint-ignore no-control-regex -- as above
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** What somebody else wrote, on one line, and harmless to a terminal. */
export function plainText(text: string): string {
  return text.replace(ESCAPES, "").replace(/[\r\n]+$/, "").replace(/\r?\n/g, "\\n").replace(CONTROLS, "");
}

/** Turns lines into text, one after the other: it remembers the stage. */
export class LogText {
  readonly #options: Pick<LogOptions, "timestamps" | "since">;
  #stage = "";

  constructor(options: Pick<LogOptions, "timestamps" | "since">) {
    this.#options = options;
  }

  /** A text for each line that is shown, with one for the stage before it where that begins; no line ends. */
  textsOf({ created_at, log_level, stage, output }: BuildLogLine): string[] {
    const { since, timestamps } = this.#options;
    const at = Date.parse(created_at);
    if (since !== undefined && at < since) return [];
    const time = timestamps ? `${new Date(at).toISOString()} ` : "";
    const texts: string[] = [];
    const begins = stage !== "" && stage !== this.#stage;
    if (begins) {
      this.#stage = stage;
      texts.push(`${time}==> ${plainText(stage)}`);
    }
    // A stage begins with a line of its own that says nothing.
    if (begins && output === "") return texts;
    const level = log_level === "" || log_level === "info" ? "" : `[${plainText(log_level)}] `;
    // Terraform says several lines at once: each has the time and the level, so that none can pretend to be another's.
    const lines = output.replace(/[\r\n]+$/, "").split(/\r?\n/);
    for (const text of lines) texts.push(`${time}${level}${plainText(text)}`);
    return texts;
  }
}

/** Counts bytes, and cuts the text with which there would be too many. */
export class ByteLimit {
  #left: number;

  constructor(limit = Infinity) {
    this.#left = limit;
  }

  /** Nothing more fits. */
  get isReached(): boolean {
    return this.#left <= 0;
  }

  /** As much of a text as fits. A character is never cut: what would be half of one is left out. */
  take(text: string): string {
    if (this.#left === Infinity) return text;
    const bytes = new TextEncoder().encode(text);
    if (bytes.length <= this.#left) {
      this.#left -= bytes.length;
      return text;
    }
    const cut = new TextDecoder().decode(bytes.subarray(0, this.#left), { stream: true });
    this.#left = 0;
    return cut;
  }
}
