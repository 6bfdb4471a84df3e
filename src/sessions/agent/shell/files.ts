/** Operations on files: what `sandbox/python/files.py` does, by the shell of a workspace. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { SessionError } from "../../types.ts";
import { archiveOperations } from "./archives.ts";
import { below, type FileAnswer, type FileContext, type FileInput, type FileOperation } from "./context.ts";
import { type Edit, edited } from "./edits.ts";
import { said, shown } from "./errors.ts";
import { listed } from "./listing.ts";
import { plainPath } from "./paths.ts";
import { call } from "./quote.ts";
import { searched } from "./search.ts";
import { readStat, type Stat, when } from "./stat.ts";

const BLOCK = 65_536;
const MAX_EDITED = 8 << 20;

const OPERATIONS: ReadonlyMap<string, FileOperation> = new Map<string, FileOperation>([
  ["read", read],
  ["stat", stat],
  ["write", write],
  ["list", listed],
  ["edit", edit],
  ["search", searched],
  ...archiveOperations,
]);

/** Rejects with `SessionError`, and with the reason of `signal`. */
export async function fileOperation(
  op: string,
  context: FileContext,
  input: FileInput,
  body: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const operation = OPERATIONS.get(op);
  if (operation === undefined) {
    throw new SessionError("invalid", `there is no operation ${shown(op)} on files`);
  }
  return await operation(context, input, body, signal);
}

async function read(
  context: FileContext,
  input: FileInput,
  _: unknown,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const path = String(input["path"]);
  const offset = Number(input["offset"] ?? 0);
  const length = Number(input["length"] ?? 1 << 20);
  const { bytes, status } = await contentOf(context, path, offset, length, "read", signal);
  const end = offset + bytes.length;
  const size = bytes.length > 0 ? Math.max(status.size, end) : status.size;
  return {
    output: {
      path,
      size,
      offset,
      length: bytes.length,
      eof: end >= size,
      modifiedAt: when(status),
      executable: status.isExecutable,
    },
    body: bytes,
  };
}

async function contentOf(
  context: FileContext,
  path: string,
  offset: number,
  length: number,
  action: string,
  signal: AbortSignal,
): Promise<{ readonly bytes: Uint8Array; readonly status: Stat }> {
  const first = Math.floor(offset / BLOCK);
  const blocks = length === 0 ? 0 : Math.ceil((offset + length) / BLOCK) - first;
  const code = below(context, call("f_read", plainPath(path), first, blocks));
  const { body } = said(await context.link.ask(code, signal), action, path);
  const end = body.lastIndexOf(10, body.length - 2);
  const status = readStat(text(body.subarray(end + 1)).trim());
  if (end < 0 || status === undefined) {
    throw new SessionError("conflict", `cannot ${action} ${shown(path)}: it vanished meanwhile`);
  }
  const start = Math.min(offset - first * BLOCK, end);
  return { bytes: body.slice(start, Math.min(end, start + length)), status };
}

async function stat(
  context: FileContext,
  input: FileInput,
  _: unknown,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const path = String(input["path"]);
  const code = below(context, call("f_stat", plainPath(path)));
  const status = readStat(text(said(await context.link.ask(code, signal), "look at", path).body).trim());
  if (status === undefined) {
    throw new SessionError("not_found", `cannot look at ${shown(path)}: it vanished meanwhile`);
  }
  return {
    output: {
      path,
      type: status.type,
      size: status.size,
      modifiedAt: when(status),
      executable: status.isExecutable,
    },
  };
}

async function write(
  context: FileContext,
  input: FileInput,
  body: Uint8Array = new Uint8Array(),
  signal: AbortSignal,
): Promise<FileAnswer> {
  const path = String(input["path"]);
  const mode = String(input["mode"] ?? "replace");
  const expected = String(input["ifSha256"] ?? "");
  if (expected !== "" && mode === "create") {
    throw new SessionError(
      "invalid",
      `cannot write ${shown(path)}: mode create and ifSha256 exclude each other; leave one out`,
    );
  }
  const plain = plainPath(path);
  if (plain === ".") throw new SessionError("invalid", `cannot write ${shown(path)}: it is a directory`);
  return await written(
    context,
    { path, plain, mode, expected, executable: input["executable"] },
    body,
    "write",
    signal,
  );
}

async function written(
  context: FileContext,
  { path, plain, mode, expected, executable }: {
    readonly path: string;
    readonly plain: string;
    readonly mode: string;
    readonly expected: string;
    readonly executable: unknown;
  },
  body: Uint8Array,
  action: string,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const mayExecute = executable === undefined ? "" : executable === true ? "yes" : "no";
  const code = below(context, call("f_write", plain, mode, expected, mayExecute, body.length));
  const { words } = said(
    await context.link.once(code, signal, { body }),
    mode === "append" ? "append to" : action,
    path,
  );
  const [created, size, hash = ""] = words;
  const sha256 = mode === "append" ? hash : createHash("sha256").update(body).digest("hex");
  return {
    output: {
      path,
      bytes: body.length,
      size: Number(size),
      ...(sha256 === "" ? {} : { sha256 }),
      created: created === "yes",
    },
  };
}

async function edit(
  context: FileContext,
  input: FileInput,
  _: unknown,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const path = String(input["path"]);
  const edits = input["edits"] as readonly Edit[];
  const { bytes } = await contentOf(context, path, 0, MAX_EDITED + 1, "edit", signal);
  if (bytes.length > MAX_EDITED) {
    throw new SessionError(
      "limit",
      `cannot edit ${
        shown(path)
      }: it has more than ${MAX_EDITED} bytes; use run.command (sed) for files so large`,
    );
  }
  const before = createHash("sha256").update(bytes).digest("hex");
  const expected = input["ifSha256"];
  if (expected !== undefined && expected !== before) {
    throw new SessionError(
      "conflict",
      `cannot edit ${shown(path)}: it is another than ifSha256 says, its hash is ${before}; read it again`,
    );
  }
  const { value, replacements, diff } = edited(Buffer.from(bytes).toString("latin1"), edits, path);
  if (value.length > MAX_EDITED) {
    throw new SessionError(
      "limit",
      `cannot edit ${shown(path)}: it would have ${value.length} bytes; ${MAX_EDITED} are the most`,
    );
  }
  const after = new Uint8Array(Buffer.from(value, "latin1"));
  const sha256 = createHash("sha256").update(after).digest("hex");
  if (sha256 !== before) {
    const file = { path, plain: plainPath(path), mode: "replace", expected: before, executable: undefined };
    await written(context, file, after, "edit", signal).catch((error: unknown) => {
      if (!(error instanceof SessionError) || error.code !== "conflict") throw error;
      throw new SessionError(
        "conflict",
        `cannot edit ${shown(path)}: it was changed meanwhile; read it again`,
      );
    });
  }
  return { output: { path, replacements, size: after.length, sha256, diff } };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
