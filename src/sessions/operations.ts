/**
 * What can be asked of a worker: the one source of names, arguments and answers, for the tools that clients call, for the
 * coordinator that routes them, and for the worker that carries them out. Bytes (contents of files, archives) do not travel
 * in these: they are the `body` beside them.
 */
import { z } from "zod";
import { ISOLATION, limitsSchema, WORKSPACE_FILES } from "./types.ts";

export interface Operation<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly input: I;
  readonly output: O;
  /** Doing it twice is no more than doing it once: it is tried again where a worker went away in the middle. */
  readonly idempotent: boolean;
}

function operation<I extends z.ZodObject, O extends z.ZodObject>(
  name: string,
  idempotent: boolean,
  input: I,
  output: O,
): Operation<I, O> {
  return { name, input, output, idempotent };
}

const MIB = 2 ** 20;
/** One path below the session's directory; `sandbox/` says what is refused, and the kernel sees to it. */
export const pathSchema = z.string().min(1).max(4_096);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const glob = z.string().max(1_024);

/** Bytes of a file that are read or written by one call, at most. */
export const MAX_BODY_BYTES = 8 * MIB;
/** Milliseconds that a call waits for a process, unless it says otherwise. */
export const STANDARD_WAIT_MS = 30_000;

// ---- files

export const fsRead = operation(
  "fs.read",
  true,
  z.object({
    path: pathSchema,
    offset: z.int().min(0).default(0),
    length: z.int().min(0).max(MAX_BODY_BYTES).default(MIB),
  }),
  /** The bytes are the body. */
  z.object({
    path: z.string(),
    size: z.int(),
    offset: z.int(),
    length: z.int(),
    eof: z.boolean(),
    modifiedAt: z.string(),
    executable: z.boolean(),
  }),
);

export const fsWrite = operation(
  "fs.write",
  false,
  /** The body is what is written. */
  z.object({
    path: pathSchema,
    /** `create` refuses a file that is there; `append` is not atomic with others' appends beyond 4 KiB. */
    mode: z.enum(["replace", "create", "append"]).default("replace"),
    executable: z.boolean().optional(),
    /** Of what must be there now. */
    ifSha256: sha256.optional(),
  }),
  /** No hash where something was appended to more than 64 MiB. */
  z.object({
    path: z.string(),
    bytes: z.int(),
    size: z.int(),
    sha256: sha256.optional(),
    created: z.boolean(),
  }),
);

export const fsList = operation(
  "fs.list",
  true,
  z.object({
    path: z.string().max(4_096).default("."),
    /** 1: this directory alone. */
    depth: z.int().min(1).max(32).default(1),
    glob: glob.optional(),
    limit: z.int().min(1).max(5_000).default(500),
    /** The last path of the page before. */
    after: z.string().max(4_096).optional(),
  }),
  z.object({
    entries: z.array(z.object({
      path: z.string(),
      type: z.enum(["file", "directory", "symlink", "other"]),
      size: z.int(),
      modifiedAt: z.string(),
      executable: z.boolean().optional(),
      target: z.string().optional(),
    })),
    more: z.boolean(),
  }),
);

export const fsEdit = operation(
  "fs.edit",
  false,
  z.object({
    path: pathSchema,
    /** One after the other. Each `old` must be there exactly once, unless `all`. */
    edits: z.array(z.object({
      old: z.string().min(1).max(MIB),
      new: z.string().max(MIB),
      all: z.boolean().default(false),
    })).min(1).max(100),
    ifSha256: sha256.optional(),
  }),
  z.object({ path: z.string(), replacements: z.int(), size: z.int(), sha256, diff: z.string() }),
);

export const fsSearch = operation(
  "fs.search",
  true,
  z.object({
    query: z.string().min(1).max(1_024),
    path: z.string().max(4_096).default("."),
    regex: z.boolean().default(false),
    ignoreCase: z.boolean().default(false),
    glob: glob.optional(),
    context: z.int().min(0).max(10).default(0),
    limit: z.int().min(1).max(1_000).default(100),
  }),
  z.object({
    matches: z.array(z.object({
      path: z.string(),
      line: z.int(),
      text: z.string(),
      before: z.array(z.string()).optional(),
      after: z.array(z.string()).optional(),
    })),
    files: z.int(),
    more: z.boolean(),
  }),
);

// ---- processes

const environment = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), z.string().max(32_768))
  .refine(
    (variables) => Object.keys(variables).length <= 256,
    { error: "at most 256 variables" },
  );

/** What a process is started with. */
const start = {
  cwd: z.string().max(4_096).default("."),
  env: environment.default({}),
  stdin: z.string().max(MIB).default(""),
  /** Its input stays open after `stdin`, for `process.input`; where not, it is at its end there. */
  interactive: z.boolean().default(false),
  /** Milliseconds; then its handle is answered, and it goes on. 0: at once. */
  waitMs: z.int().min(0).max(290_000).default(STANDARD_WAIT_MS),
  /** Milliseconds; then it is killed. 0: with its session. */
  timeoutMs: z.int().min(0).max(24 * 3_600_000).default(0),
};

export const processState = z.object({
  /** `proc-1`, `proc-2`, … in one session. */
  process: z.string(),
  state: z.enum(["running", "exited"]),
  exitCode: z.int().optional(),
  /** Such as SIGKILL. */
  signal: z.string().optional(),
  /** Which limit ended it. */
  limit: z.enum(["cpu", "memory", "disk", "processes", "timeout"]).optional(),
  stdout: z.string(),
  stderr: z.string(),
  /** Where the next `process.output` goes on. */
  nextStdout: z.int(),
  nextStderr: z.int(),
  /** Bytes that were before what is shown, and are kept no more. */
  lost: z.int().optional(),
  /** Bytes that are no UTF-8, and are shown as U+FFFD. */
  invalid: z.int().optional(),
  /** There is more that is kept: ask with `nextStdout`, `nextStderr`. */
  more: z.boolean().optional(),
  durationMs: z.int(),
});
export type ProcessState = z.output<typeof processState>;

export const runCommand = operation(
  "run.command",
  false,
  z.object({
    /** A line for `sh -c`, or a program with its arguments. */
    command: z.union([z.string().min(1).max(65_536), z.array(z.string().max(65_536)).min(1).max(1_024)]),
    ...start,
  }),
  processState,
);

export const runPython = operation(
  "run.python",
  false,
  z.object({
    code: z.string().min(1).max(MIB),
    args: z.array(z.string().max(65_536)).max(256).default([]),
    ...start,
  }),
  processState,
);

const processName = z.string().regex(/^proc-\d{1,9}$/);

const installed = z.array(z.object({ name: z.string(), version: z.string() }));
export const FRAMEWORKS = ["pytest", "unittest", "node", "jest", "vitest", "mocha", "go", "deno"] as const;
/** What tests came to. */
const testResults = z.object({
  framework: z.enum(FRAMEWORKS),
  counts: z.object({ passed: z.int(), failed: z.int(), skipped: z.int(), errors: z.int() }).optional(),
  failures: z.array(z.object({
    name: z.string(),
    file: z.string().optional(),
    line: z.int().optional(),
    message: z.string(),
  })),
});

export const processOutput = operation(
  "process.output",
  true,
  z.object({
    process: processName,
    stdout: z.int().min(0).optional().describe("From this byte on. Default: all that is kept"),
    stderr: z.int().min(0).optional(),
    /** Milliseconds to wait for output or its end. */
    waitMs: z.int().min(0).max(290_000).default(0),
  }),
  processState.extend({
    /** Of `test.run` and `pkg.install` whose call did not wait for their end. */
    tests: testResults.optional(),
    installed: installed.optional(),
  }),
);

export const processInput = operation(
  "process.input",
  false,
  z.object({
    process: processName,
    data: z.string().max(MIB).default(""),
    close: z.boolean().default(false),
  }),
  z.object({ process: z.string(), bytes: z.int() }),
);

export const SIGNALS = [
  "SIGINT",
  "SIGTERM",
  "SIGKILL",
  "SIGHUP",
  "SIGUSR1",
  "SIGUSR2",
  "SIGSTOP",
  "SIGCONT",
] as const;
export const processSignal = operation(
  "process.signal",
  false,
  /** Goes to the process and to all that it has started in its group. */
  z.object({ process: processName, signal: z.enum(SIGNALS).default("SIGTERM") }),
  z.object({ process: z.string(), state: z.enum(["running", "exited"]) }),
);

// ---- packages and tests

export const pkgInstall = operation(
  "pkg.install",
  false,
  z.object({
    manager: z.enum(["pip", "npm"]).default("pip"),
    /** As the manager takes them: `requests==2.32.3`, `left-pad@1.3.0`. Nothing that begins with `-`. */
    packages: z.array(z.string().min(1).max(512).regex(/^[^-\s][^\s]*$/)).max(200).default([]),
    /** A requirements file (pip), or a directory with package.json (npm). */
    from: pathSchema.optional(),
    waitMs: start.waitMs.default(240_000),
  }),
  processState.extend({
    installed,
    /** How many files came from the worker's cache. */
    cached: z.int().optional(),
  }),
);

export const testRun = operation(
  "test.run",
  false,
  z.object({
    /** Absent: found out by the files that are there. */
    framework: z.enum(FRAMEWORKS).optional(),
    path: z.string().max(4_096).default("."),
    args: z.array(z.string().max(4_096)).max(64).default([]),
    env: start.env,
    waitMs: start.waitMs.default(240_000),
  }),
  processState.extend(testResults.shape),
);

export const echo = operation(
  "echo",
  true,
  z.object({ message: z.string().max(65_536) }),
  z.object({ message: z.string() }),
);

// ---- sessions: asked by the coordinator, not by clients

/** Makes it, or finds it as it was made. */
export const sessionOpen = operation(
  "session.open",
  true,
  z.object({
    limits: limitsSchema,
    /** Its files are there already, on storage that workers share. */
    existing: z.boolean().default(false),
    /** Of sessions in a Coder workspace; see `WorkspacePlace`. */
    workspace: z.object({
      directory: z.string().max(4_096),
      files: z.enum(WORKSPACE_FILES),
      /** Milliseconds without a connection after which its processes end there. */
      keepMs: z.int().min(1_000).max(24 * 3_600_000).optional(),
    }).optional(),
  }),
  z.object({ isolation: z.enum(ISOLATION) }),
);
/** Ends its processes and removes its files; true where there is none either. */
export const sessionClose = operation(
  "session.close",
  true,
  z.object({
    /** For another worker on the same storage. */
    keepFiles: z.boolean().default(false),
  }),
  z.object({}),
);
export const sessionUsage = operation(
  "session.usage",
  true,
  z.object({}),
  z.object({
    cpuMs: z.int(),
    memoryBytes: z.int(),
    diskBytes: z.int(),
    processes: z.array(z.object({
      process: z.string(),
      command: z.string(),
      state: z.enum(["running", "exited"]),
      startedAt: z.string(),
    })),
  }),
);

/** Archives go in pieces: packed or taken in at the worker, read or written by ranges, each at most `MAX_BODY_BYTES`. */
const archive = z.string().regex(/^arch-[a-z0-9]{1,32}$/);
export const archivePack = operation(
  "archive.pack",
  true,
  /** The caller of it names it, so that doing it twice makes one. A gzipped tar of the session's directory. */
  z.object({ archive }),
  z.object({ size: z.int(), sha256, files: z.int() }),
);
export const archiveRead = operation(
  "archive.read",
  true,
  z.object({ archive, offset: z.int().min(0), length: z.int().min(1).max(MAX_BODY_BYTES) }),
  z.object({ size: z.int() }),
);
export const archiveWrite = operation(
  "archive.write",
  true,
  /** The body goes there; what is written twice at one place is there once. */
  z.object({ archive, offset: z.int().min(0) }),
  z.object({ size: z.int() }),
);
/** Replaces all files of the session; all of it, or nothing. */
export const archiveUnpack = operation(
  "archive.unpack",
  true,
  z.object({ archive, sha256 }),
  z.object({ files: z.int() }),
);
export const archiveDrop = operation("archive.drop", true, z.object({ archive }), z.object({}));

/** All of them. */
export const OPERATIONS: readonly Operation[] = [
  echo,
  fsRead,
  fsWrite,
  fsList,
  fsEdit,
  fsSearch,
  runCommand,
  runPython,
  processOutput,
  processInput,
  processSignal,
  pkgInstall,
  testRun,
  sessionOpen,
  sessionClose,
  sessionUsage,
  archivePack,
  archiveRead,
  archiveWrite,
  archiveUnpack,
  archiveDrop,
] as unknown as readonly Operation[];
