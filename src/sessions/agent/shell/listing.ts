/** `fs.list` by `find` and `stat`. */
import { SessionError } from "../../types.ts";
import { said, shown } from "./errors.ts";
import { below, type FileAnswer, type FileContext, type FileInput } from "./context.ts";
import { Glob } from "./globs.ts";
import { compareNames, namesOf, plainPath } from "./paths.ts";
import { call } from "./quote.ts";
import { readStat, type Stat, when } from "./stat.ts";

const MOST_BYTES = 50_000_000;

interface Entry {
  readonly names: readonly string[];
  readonly status: Stat;
}

export async function listed(
  context: FileContext,
  input: FileInput,
  _: unknown,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const path = String(input["path"] ?? ".");
  const depth = Number(input["depth"] ?? 1);
  const limit = Number(input["limit"] ?? 500);
  const glob = input["glob"] ? new Glob(String(input["glob"])) : undefined;
  const base = namesOf(path);
  const after = input["after"] ? afterOf(base, path, String(input["after"])) : undefined;
  const mark = `//${crypto.randomUUID()}//`;
  const code = below(context, call("f_list", plainPath(path), depth, mark));
  const { body } = said(await context.link.ask(code, signal, { isLong: true }), "list", path);
  if (body.length >= MOST_BYTES) {
    throw new SessionError(
      "limit",
      `there are too many entries below ${shown(path)}: list less deep, or use run.command to look at it`,
    );
  }
  const [found = "", ...links] = decoded(body).split(mark);
  const targets = targetsOf(links);
  const entries = found.replace(/^\n/, "").split("//\n").flatMap(entryOf)
    .filter(({ names }) =>
      (glob?.matches(names) ?? true) && (after === undefined || compareNames(names, after) > 0)
    )
    .sort((one, other) => compareNames(one.names, other.names));
  return {
    output: {
      entries: entries.slice(0, limit).map(({ names, status }) => ({
        path: [...base, ...names].join("/"),
        type: status.type,
        size: status.size,
        modifiedAt: when(status),
        ...(status.type === "file" ? { executable: status.isExecutable } : {}),
        ...targetOf(status, targets.get(names.join("/"))),
      })),
      more: entries.length > limit,
    },
  };
}

/** What is no UTF-8 is shown as U+FFFD. */
function decoded(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** `<mode> <size> <time> ./<path>`; no path has two slashes one after the other, which are the end. */
function entryOf(record: string): readonly Entry[] {
  const at = record.indexOf(" ./");
  const status = at < 0 ? undefined : readStat(record.slice(0, at));
  return status === undefined ? [] : [{ names: record.slice(at + 3).split("/"), status }];
}

function targetsOf(links: readonly string[]): ReadonlyMap<string, string> {
  return new Map(links.flatMap((link) => {
    const text = link.replace(/^\n(?=\.\/)/, "");
    const at = text.indexOf("//");
    return at < 0 ? [] : [[text.slice(2, at), text.slice(at + 2)] as const];
  }));
}

function targetOf({ type }: Stat, target: string | undefined): { readonly target?: string } {
  return type === "symlink" && target !== undefined ? { target } : {};
}

function afterOf(base: readonly string[], path: string, after: string): readonly string[] {
  const names = namesOf(after);
  if (base.every((name, at) => names[at] === name)) return names.slice(base.length);
  throw new SessionError(
    "invalid",
    `after is ${shown(after)}, which is not below ${shown(path)}: give the last path of the page before`,
  );
}
