/** Go: its events are its output; what people see is made of them. */
import { z } from "zod";
import { type Case, resultsOf } from "./results.ts";
import type { Framework, Results } from "./types.ts";

export const go: Framework = {
  markers: ["go.mod"],
  command: ({ path, isFile, marker }, args) => {
    const events = new GoEvents(/^module\s+"?([^\s"]+)/m.exec(marker ?? "")?.[1] ?? "");
    const directory = isFile ? path.slice(0, Math.max(0, path.lastIndexOf("/"))) || "." : `${path}/...`;
    return {
      line: 'PATH="$PATH:/usr/local/go/bin"; exec go test -json "$@"',
      argv: [...args, directory.startsWith(".") ? directory : `./${directory}`],
      filter: (stream, bytes) => stream === "stdout" ? events.read(bytes) : bytes,
      results: () => events.results(),
    };
  },
  missing: ({ exitCode }) => exitCode === 127 ? "this worker has no go" : undefined,
};

const eventSchema = z.object({
  Action: z.string(),
  Package: z.string().optional(),
  ImportPath: z.string().optional(),
  Test: z.string().optional(),
  Output: z.string().optional(),
});
type Event = z.output<typeof eventSchema>;

/** A line that is longer is none of Go's events. */
const MOST_LINE = 2 ** 20;
/** Of the output of one test. */
const MOST_KEPT = 16_384;
const MOST_TESTS = 100_000;
/** Packages, and those of them that are built: each failed one is looked for among the built ones. */
const MOST_PACKAGES = 5_000;
/** Output that is read for events, and lines that look like one and are none: what comes after that is passed on as it is. */
const MOST_READ = 64 * 2 ** 20;
const MOST_NOISE = 1_000;

interface Seen {
  output: string;
  end?: "pass" | "fail" | "skip";
}

/** Reads events as they come. */
export class GoEvents {
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  readonly #packages = new Map<string, Seen & { readonly tests: Map<string, Seen> }>();
  readonly #builds = new Map<string, string>();
  #rest = "";
  #tests = 0;
  #isCut = false;
  #read = 0;
  #noise = 0;

  /** @param module as `go.mod` has it */
  constructor(readonly module: string) {}

  /** @returns what the events say that was printed; lines that are no events as they are */
  read(bytes: Uint8Array): Uint8Array {
    this.#read += bytes.length;
    if (this.#read > MOST_READ || this.#noise > MOST_NOISE) return this.#passed(bytes);
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop()!;
    let printed = lines.map((line) => this.#line(line)).join("");
    if (this.#rest.length > MOST_LINE) {
      printed += this.#rest;
      this.#rest = "";
      this.#isCut = true;
    }
    return this.#encoder.encode(printed);
  }

  #passed(bytes: Uint8Array): Uint8Array {
    if (this.#rest === "") return bytes;
    const rest = this.#encoder.encode(this.#rest);
    this.#rest = "";
    const all = new Uint8Array(rest.length + bytes.length);
    all.set(rest);
    all.set(bytes, rest.length);
    return all;
  }

  results(): Results | undefined {
    if (this.#packages.size === 0 && this.#builds.size === 0) return undefined;
    return resultsOf(this.#cases());
  }

  #line(line: string): string {
    const isRead = line.startsWith("{") && !this.#isCut && this.#noise <= MOST_NOISE;
    const event = isRead ? eventOf(line) : undefined;
    this.#isCut = false;
    if (event === undefined) {
      if (line.startsWith("{")) this.#noise++;
      return `${line}\n`;
    }
    const { Action, Package, ImportPath, Output = "" } = event;
    if (Action.startsWith("build-")) {
      const built = ImportPath ?? "";
      const before = this.#builds.get(built);
      if (before !== undefined || this.#builds.size < MOST_PACKAGES) {
        this.#builds.set(built, ((before ?? "") + Output).slice(0, MOST_KEPT));
      }
      return Output;
    }
    if (Package !== undefined) this.#note(Package, event);
    return Output;
  }

  #note(name: string, { Action, Test, Output = "" }: Event): void {
    let known = this.#packages.get(name);
    if (known === undefined) {
      if (this.#packages.size >= MOST_PACKAGES) return;
      known = { output: "", tests: new Map() };
      this.#packages.set(name, known);
    }
    let seen: Seen = known;
    if (Test !== undefined) {
      const before = known.tests.get(Test);
      if (before === undefined && ++this.#tests > MOST_TESTS) return;
      seen = before ?? { output: "" };
      known.tests.set(Test, seen);
    }
    if (Action === "output") seen.output = (seen.output + Output).slice(-MOST_KEPT);
    else if (Action === "pass" || Action === "fail" || Action === "skip") seen.end = Action;
  }

  *#cases(): Generator<Case, undefined, undefined> {
    for (const [name, { tests, end, output }] of this.#packages) {
      const parents = parentsOf(tests.keys());
      let failed = 0;
      for (const [test, seen] of tests) {
        // One that has parts is told by these.
        if (parents.has(test)) continue;
        const one = caseOf(`${name}.${test}`, this.#directory(name), seen, end);
        if (one.status === "failed" || one.status === "error") failed++;
        yield one;
      }
      if (end === "fail" && failed === 0) {
        const message = this.#trouble(name, output);
        // The compiler names files from where it was started.
        const place = /^([^\s:][^:\n]*\.go):(\d+):/m.exec(message);
        const line = place === null ? undefined : Number(place[2]);
        yield { name, status: "error", file: place?.[1], line, message };
      }
    }
  }

  #directory(name: string): string {
    return name.startsWith(`${this.module}/`) ? name.slice(this.module.length + 1) : "";
  }

  /** Why a package failed without a test. */
  #trouble(name: string, output: string): string {
    const builds = [...this.#builds].filter(([built]) => built === name || built.startsWith(`${name} `));
    return [...builds.map(([, text]) => text), output].join("");
  }
}

function eventOf(line: string): Event | undefined {
  try {
    const event = eventSchema.safeParse(JSON.parse(line));
    return event.success ? event.data : undefined;
  } catch {
    return undefined;
  }
}

function caseOf(name: string, directory: string, { end, output }: Seen, packageEnd: Seen["end"]): Case {
  if (end === "pass") return { name, status: "passed" };
  if (end === "skip") return { name, status: "skipped" };
  const message = output.replace(/^=== \w+ .*\n/gm, "");
  const place = /^[ \t]+([^\s:][^:\n]*\.go):(\d+): /m.exec(message) ??
    // Of a panic's stack the first that is not Go's own.
    [...message.matchAll(/^\t(\/[^:\n]+\.go):(\d+)/gm)].find(([, path = ""]) =>
      path.includes("/workspace/")
    ) ??
    null;
  const file = place?.[1];
  return {
    name,
    // It had not ended when its package did: a panic, or the time was over.
    status: end === "fail" ? "failed" : packageEnd === "fail" ? "error" : "skipped",
    file: file === undefined || directory === "" || file.startsWith("/") ? file : `${directory}/${file}`,
    line: place === null ? undefined : Number(place[2]),
    message,
  };
}

/**
 * Those that have parts: `A` and `A/b` where there is `A/b/c`. Looked for in order, because names are whatever the session
 * says: one of a million parts must not become a million names.
 */
function parentsOf(names: Iterable<string>): ReadonlySet<string> {
  const sorted = [...names].sort();
  return new Set(sorted.filter((name) => {
    const start = `${name}/`;
    let low = 0;
    for (let high = sorted.length; low < high;) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < start) low = middle + 1;
      else high = middle;
    }
    return sorted[low]?.startsWith(start) ?? false;
  }));
}
