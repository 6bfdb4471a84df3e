/** `fs.search` by `find` and `grep`. */
import { Buffer } from "node:buffer";
import { SessionError } from "../../types.ts";
import { said, shown } from "./errors.ts";
import { type Expression, expressionOf } from "./expressions.ts";
import { below, type FileAnswer, type FileContext, type FileInput } from "./context.ts";
import { Glob } from "./globs.ts";
import { compareNames, namesOf, plainPath } from "./paths.ts";
import { call, quoted } from "./quote.ts";

/** Passed over unless they are named: nobody means these. */
const SKIPPED = [".git", "node_modules"];
const MAX_SHOWN = 500;
const MOST_BYTES = 50_000_000;
/** Files that one request looks through, and bytes of their names. */
const BATCH = 400;
const BATCH_BYTES = 60_000;
const LINES_BATCH = 20;

interface Match {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}

export async function searched(
  context: FileContext,
  input: FileInput,
  _: unknown,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const path = String(input["path"] ?? ".");
  const limit = Number(input["limit"] ?? 100);
  const around = Number(input["context"] ?? 0);
  const glob = input["glob"] ? new Glob(String(input["glob"])) : undefined;
  const base = namesOf(path);
  const ask = async (code: string) =>
    said(await context.link.ask(below(context, code), signal, { isLong: true }), "search", path).body;
  const expression = await expressionOf(input, ask);
  const files = await filesBelow(ask, path, glob);
  const isFile = files[0]?.raw === ".";
  const matches: Match[] = [];
  let looked = 0;
  let more = false;
  for (const batch of batches(files)) {
    if (more) break;
    const names = batch.map(({ raw }) => raw);
    const [texts, matching] = await scan(ask, path, expression, names, isFile);
    const wanted = names.filter((name) => texts.has(name) && matching.has(name));
    const lines = new Map<string, readonly Match[]>();
    for (let at = 0; at < names.length && !more; at++) {
      const name = names[at]!;
      if (!texts.has(name)) continue;
      looked++;
      if (!matching.has(name)) continue;
      if (!lines.has(name)) {
        const from = wanted.indexOf(name);
        const some = wanted.slice(from, from + LINES_BATCH);
        const shownPaths = some.map((one) =>
          [...base, ...(isFile ? [] : [shownName(one).slice(2)])].join("/")
        );
        const most = limit - matches.length + 1;
        const found = await linesOf(ask, path, expression, some, shownPaths, most, around);
        some.forEach((one, index) => lines.set(one, found[index] ?? []));
      }
      for (const match of lines.get(name)!) {
        more = matches.length >= limit;
        if (more) break;
        matches.push(match);
      }
    }
  }
  return { output: { matches, files: looked, more } };
}

type AskBytes = (code: string) => Promise<Uint8Array>;

interface Found {
  /** As the workspace has it, each byte a letter: `./a/b`, or `.` for what is asked for itself. */
  readonly raw: string;
  readonly names: readonly string[];
}

/** What there is below `path`, in order. */
async function filesBelow(ask: AskBytes, path: string, glob: Glob | undefined): Promise<readonly Found[]> {
  const skipped = SKIPPED.filter((name) => glob?.names(name) !== true)
    .map((name) => `-name ${name} -type d -prune -o`).join(" ");
  const body = await ask(`SKIP=${quoted(skipped)}\n${call("g_files", plainPath(path))}`);
  if (body.length >= MOST_BYTES) {
    throw new SessionError("limit", `there are too many files below ${shown(path)}: give a smaller path`);
  }
  const all = namesIn(body);
  if (all.length === 1 && all[0] === ".") return [{ raw: ".", names: [] }];
  return all.map((raw) => ({ raw, names: shownName(raw).slice(2).split("/") }))
    .filter(({ names }) => glob?.matches(names) ?? true)
    .sort((one, other) => compareNames(one.names, other.names));
}

function* batches(files: readonly Found[]): Generator<readonly Found[]> {
  let batch: Found[] = [];
  let size = 0;
  for (const file of files) {
    const length = file.raw.length * 2;
    if (batch.length >= BATCH || batch.length > 0 && size + length > BATCH_BYTES) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(file);
    size += length;
  }
  if (batch.length > 0) yield batch;
}

async function scan(
  ask: AskBytes,
  path: string,
  { flags, pattern, wide }: Expression,
  names: readonly string[],
  isFile: boolean,
): Promise<readonly [ReadonlySet<string>, ReadonlySet<string>]> {
  const words = isFile ? "" : ` ${names.map(wordOf).join(" ")}`;
  const all = namesIn(await ask(call("g_scan", plainPath(path), flags, wide ?? pattern) + words));
  const end = all.indexOf("");
  const sets = [all.slice(0, end), all.slice(end + 1)] as const;
  if (!isFile) return [new Set(sets[0]), new Set(sets[1])];
  return [new Set(sets[0].length > 0 ? ["."] : []), new Set(sets[1].length > 0 ? ["."] : [])];
}

/** Names that each end with a NUL, each byte a letter. */
function namesIn(body: Uint8Array): readonly string[] {
  const names = Buffer.from(body).toString("latin1").split("\0");
  names.pop();
  return names;
}

function shownName(raw: string): string {
  return utf8.decode(Buffer.from(raw, "latin1"));
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** As a word of the shell: what is no text cannot be typed as it is. */
function wordOf(raw: string): string {
  const bytes = Buffer.from(raw, "latin1");
  const text = shownName(raw);
  if (Buffer.from(text).equals(bytes)) return quoted(text);
  const octal = [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  return `"$(printf '${octal}')"`;
}

async function linesOf(
  ask: AskBytes,
  path: string,
  { flags, pattern }: Expression,
  names: readonly string[],
  paths: readonly string[],
  most: number,
  around: number,
): Promise<readonly (readonly Match[])[]> {
  const mark = crypto.randomUUID();
  const head = call("g_lines", plainPath(path), flags, pattern, most, around, mark);
  const body = await ask(`${head} ${names.map(wordOf).join(" ")}`);
  const parts = utf8.decode(body).split(`\n${mark}\n`);
  return paths.map((one, at) => matchesIn(parts[at] ?? "", one, around));
}

/** What `grep -n -C` has printed: `12:the line`, and `11-one beside it`. */
function matchesIn(printed: string, path: string, around: number): readonly Match[] {
  const lines = new Map<number, string>();
  const found: number[] = [];
  for (const line of printed.split("\n")) {
    const parsed = /^(\d+)([:-])([^]*)$/.exec(line);
    if (parsed === null) continue;
    const number = Number(parsed[1]);
    if (lines.has(number)) continue;
    lines.set(number, shortened(parsed[3]!.replace(/\r+$/, "")));
    if (parsed[2] === ":") found.push(number);
  }
  const near = (from: number, to: number) => {
    const beside: string[] = [];
    for (let line = from; line <= to; line++) {
      const text = lines.get(line);
      if (text !== undefined) beside.push(text);
    }
    return beside;
  };
  return found.map((line) => ({
    path,
    line,
    text: lines.get(line)!,
    ...(around === 0 ? {} : { before: near(line - around, line - 1), after: near(line + 1, line + around) }),
  }));
}

function shortened(line: string): string {
  if (line.length <= MAX_SHOWN) return line;
  const letters = [...line];
  return letters.length <= MAX_SHOWN ? line : `${letters.slice(0, MAX_SHOWN).join("")}…`;
}
