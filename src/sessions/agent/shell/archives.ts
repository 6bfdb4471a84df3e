/** Archives of a session's directory, by `tar` and `gzip`. */
import { SessionError } from "../../types.ts";
import { said, shown } from "./errors.ts";
import { below, type FileAnswer, type FileContext, type FileInput, type FileOperation } from "./context.ts";
import { call } from "./quote.ts";

const BLOCK = 65_536;
const NAME = /^arch-[a-z0-9]{1,32}$/;

function nameOf(input: FileInput): string {
  const archive = String(input["archive"]);
  if (NAME.test(archive)) return archive;
  throw new SessionError("invalid", `${shown(archive)} is no name of an archive: such are arch-1f3a`);
}

function ofScratch({ isScratch }: FileContext): void {
  if (isScratch) return;
  throw new SessionError(
    "invalid",
    "the files of this session are a person's own: they are never replaced as a whole; take a session with files scratch",
  );
}

async function pack(
  context: FileContext,
  input: FileInput,
  _: unknown,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const archive = nameOf(input);
  const code = below(context, call("a_pack", archive));
  const { words } = said(await context.link.once(code, signal, { isLong: true }), "pack", ".");
  const [size, files, sha256] = words;
  return { output: { size: Number(size), sha256, files: Number(files) } };
}

async function read(
  context: FileContext,
  input: FileInput,
  _: unknown,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const archive = nameOf(input);
  const [offset, length] = [Number(input["offset"]), Number(input["length"])];
  const first = Math.floor(offset / BLOCK);
  const code = call("a_read", archive, first, Math.ceil((offset + length) / BLOCK) - first);
  const { words, body } = said(await context.link.ask(code, signal).then(there(archive)), "read", archive);
  const start = Math.min(offset - first * BLOCK, body.length);
  return { output: { size: Number(words[0]) }, body: body.slice(start, start + length) };
}

async function write(
  context: FileContext,
  input: FileInput,
  body: Uint8Array = new Uint8Array(),
  signal: AbortSignal,
): Promise<FileAnswer> {
  ofScratch(context);
  const archive = nameOf(input);
  const offset = Number(input["offset"]);
  const answer = await context.link.once(call("a_write", archive, offset, body.length), signal, { body });
  const hole = /^no hole (\d+)/.exec(new TextDecoder().decode(answer.subarray(0, 40)));
  if (hole !== null) {
    throw new SessionError(
      "invalid",
      `the archive ${shown(archive)} has ${hole[1]} bytes yet: write what comes next, not at ${offset}`,
    );
  }
  return { output: { size: Number(said(answer, "take in", archive).words[0]) } };
}

async function unpack(
  context: FileContext,
  input: FileInput,
  _: unknown,
  signal: AbortSignal,
): Promise<FileAnswer> {
  ofScratch(context);
  const archive = nameOf(input);
  const code = below(context, call("a_unpack", archive, String(input["sha256"])));
  const answer = await context.link.once(code, signal, { isLong: true }).then(there(archive));
  const why = /^no (gzip|tar|path|kinds|below|other)( [0-9a-f]+)?/.exec(
    new TextDecoder().decode(answer.subarray(0, 100)),
  );
  if (why?.[1] === "other") {
    throw new SessionError(
      "conflict",
      `the archive ${shown(archive)} came in damaged: its hash is${why[2] ?? " another"}; send it again`,
    );
  }
  if (why !== null) throw new SessionError("invalid", `the archive cannot be unpacked: ${DAMAGE[why[1]!]}`);
  return { output: { files: Number(said(answer, "unpack into", ".").words[0]) } };
}

const DAMAGE: Readonly<Record<string, string>> = {
  gzip: "it is not gzipped, or damaged",
  tar: "it is no tar archive, or damaged",
  path: 'a path in it is absolute, or has ".." in it',
  below: "something in it is below what is no directory",
  kinds: "something in it is neither file, directory nor link",
};

async function drop(
  context: FileContext,
  input: FileInput,
  _: unknown,
  signal: AbortSignal,
): Promise<FileAnswer> {
  said(await context.link.ask(call("a_drop", nameOf(input)), signal), "drop", String(input["archive"]));
  return { output: {} };
}

function there(archive: string): (answer: Uint8Array) => Uint8Array {
  return (answer) => {
    if (!new TextDecoder().decode(answer.subarray(0, 20)).startsWith("no noent")) return answer;
    throw new SessionError("not_found", `there is no archive ${shown(archive)}: pack it, or write it, first`);
  };
}

export const archiveOperations: readonly (readonly [string, FileOperation])[] = [
  ["pack", pack],
  ["archive_read", read],
  ["archive_write", write],
  ["unpack", unpack],
  ["archive_drop", drop],
];
