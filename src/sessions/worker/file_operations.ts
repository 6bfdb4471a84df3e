/**
 * The operations on a session's files and archives: what the sandbox is asked, and what it answers. Answers come out of the
 * session, so they are foreign: their shape and their sizes are checked.
 */
import {
  archiveDrop,
  archivePack,
  archiveRead,
  archiveUnpack,
  archiveWrite,
  fsEdit,
  fsList,
  fsRead,
  fsSearch,
  fsWrite,
  MAX_BODY_BYTES,
  type Operation,
} from "../operations.ts";
import type { Sandbox } from "../sandbox/types.ts";
import { SessionError } from "../types.ts";

interface FileOperation {
  readonly operation: Operation;
  /** Its name in `sandbox/python/files.py`. */
  readonly op: string;
  readonly takesBody?: boolean;
  /** What its answer may have at most, by what was asked for; says what is wrong. */
  readonly excess?: (
    input: Readonly<Record<string, unknown>>,
    output: Readonly<Record<string, unknown>>,
    bytes: number,
  ) => string | undefined;
}

function known(operation: unknown, op: string, more: Omit<FileOperation, "operation" | "op"> = {}) {
  const entry: FileOperation = { operation: operation as Operation, op, ...more };
  return [entry.operation.name, entry] as const;
}

const KNOWN: ReadonlyMap<string, FileOperation> = new Map([
  known(fsRead, "read", {
    excess: ({ length }, output, bytes) =>
      bytes > Number(length) || output["length"] !== bytes ? `${bytes} bytes` : undefined,
  }),
  known(fsWrite, "write", { takesBody: true }),
  known(fsList, "list", { excess: ({ limit }, { entries }) => tooMany(entries, limit) }),
  known(fsEdit, "edit"),
  known(fsSearch, "search", { excess: ({ limit }, { matches }) => tooMany(matches, limit) }),
  known(archivePack, "pack"),
  known(archiveRead, "archive_read", {
    excess: ({ length }, _, bytes) => bytes > Number(length) ? `${bytes} bytes` : undefined,
  }),
  known(archiveWrite, "archive_write", { takesBody: true }),
  known(archiveUnpack, "unpack"),
  known(archiveDrop, "archive_drop"),
]);

function tooMany(list: unknown, limit: unknown): string | undefined {
  return Array.isArray(list) && list.length > Number(limit) ? `${list.length} of them` : undefined;
}

/** The names of operations that {@linkcode carryOutFileOperation} knows. */
export const FILE_OPERATIONS: ReadonlySet<string> = new Set(KNOWN.keys());

/** What came of it, as the operation's output schema has it. */
export interface FileAnswer {
  readonly output: Readonly<Record<string, unknown>>;
  readonly body?: Uint8Array | undefined;
}

/**
 * Carries out one of {@linkcode FILE_OPERATIONS} in a session. `input` is read by the operation's schema.
 * @throws {SessionError} for whatever goes wrong, other than the reason of `signal`
 */
export async function carryOutFileOperation(
  sandbox: Pick<Sandbox, "id" | "file">,
  name: string,
  input: Readonly<Record<string, unknown>>,
  body: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const file = KNOWN.get(name);
  if (file === undefined) {
    throw new SessionError("invalid", `this worker knows no operation ${name} on files: update the worker`);
  }
  const asked = read(file, input, body);
  const answer = await sandbox.file(
    file.op,
    asked,
    file.takesBody ? body ?? new Uint8Array() : undefined,
    signal,
  )
    .catch((error: unknown) => {
      throw shortened(error);
    });
  return checked(sandbox.id, file, asked, answer);
}

function read(
  { operation, takesBody }: FileOperation,
  input: Readonly<Record<string, unknown>>,
  body: Uint8Array | undefined,
): Readonly<Record<string, unknown>> {
  const parsed = operation.input.safeParse(input);
  if (!parsed.success) {
    throw new SessionError("invalid", `${operation.name} was asked wrongly: ${issues(parsed.error)}`);
  }
  const bytes = body?.length ?? 0;
  if (!takesBody && bytes > 0) throw new SessionError("invalid", `${operation.name} takes no body`);
  if (bytes > MAX_BODY_BYTES) {
    throw new SessionError(
      "limit",
      `${operation.name} takes at most ${MAX_BODY_BYTES} bytes at once, not ${bytes}: send it in pieces`,
    );
  }
  return parsed.data;
}

function checked(
  session: string,
  { operation, excess }: FileOperation,
  input: Readonly<Record<string, unknown>>,
  answer: FileAnswer,
): FileAnswer {
  const parsed = operation.output.safeParse(answer.output);
  const wrong = parsed.success
    ? excess?.(input, parsed.data, answer.body?.length ?? 0)
    : issues(parsed.error);
  if (!parsed.success || wrong !== undefined) {
    throw new SessionError(
      "failed",
      `the sandbox of ${session} answered ${operation.name} as no sandbox of ours does (${wrong}): ` +
        "something has changed it; close this session and take another",
    );
  }
  return { output: parsed.data, body: answer.body };
}

const MAX_ISSUES = 3;
function issues(error: { readonly issues: readonly { path: PropertyKey[]; message: string }[] }): string {
  return error.issues.slice(0, MAX_ISSUES)
    .map(({ path, message }) => `${path.map(String).join(".") || "it"}: ${message}`).join("; ");
}

const MAX_MESSAGE = 2_000;
/** Messages come out of the session as well. */
function shortened(error: unknown): unknown {
  if (!(error instanceof SessionError) || error.message.length <= MAX_MESSAGE) return error;
  return new SessionError(error.code, `${error.message.slice(0, MAX_MESSAGE)}…`, { cause: error.cause });
}
