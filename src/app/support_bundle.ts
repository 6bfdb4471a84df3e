/** `coder-k8s support-bundle`: one archive for those who help, made with the rights of the person at the terminal. */
import { type BundleOptions, type Gap, makeBundle, packed } from "../bundle/mod.ts";
import { oneLine } from "../diagnosis/mod.ts";
import type { Config } from "./config.ts";
import { ownLog, personAt, type PersonOptions } from "./person.ts";
import { listenForStop } from "./signals.ts";
import { buildInfo } from "./version.ts";

/** What is asked for. */
export interface BundleRequest extends Omit<BundleOptions, "signal" | "workspaces"> {
  /** Where it is written to; it must not be there yet. `-`: standard output. Absent: a name with the time. */
  readonly file?: string | undefined;
  /** `namespace/name`, or a name in the namespace that is asked for, else in that of the kubeconfig's context. */
  readonly workspaces?: readonly string[] | undefined;
}

export interface SupportBundleOptions extends PersonOptions {
  /** Ends it; rejects with its reason, and no file is left. */
  readonly signal: AbortSignal;
  /** @default {standard output} */
  readonly toStandardOutput?: ((bytes: Uint8Array) => Promise<void>) | undefined;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: (() => number) | undefined;
}

/** What was written. */
export interface WrittenBundle {
  /** `-`: standard output. */
  readonly file: string;
  /** Of the archive. */
  readonly bytes: number;
  /** Files in it. */
  readonly files: number;
  readonly gaps: readonly Gap[];
}

/** It cannot be made, and why: nobody can be asked, or the file cannot be written. */
export class NoBundleError extends Error {
  override readonly name = "NoBundleError";
}

/** Makes and writes it. @throws {NoBundleError} */
export async function supportBundleAt(
  config: Config,
  { file, workspaces = [], ...request }: BundleRequest,
  { signal, toStandardOutput = printed, now = Date.now, ...options }: SupportBundleOptions,
): Promise<WrittenBundle> {
  const person = await personAt("support-bundle", config, options, { writes: true }).catch(
    (error: unknown) => {
      throw new NoBundleError(messageOf(error), { cause: error });
    },
  );
  const folder = `coder-k8s-support-${stamp(now())}`;
  const path = file ?? `${folder}.tar.gz`;
  try {
    // First, so that nobody waits for what cannot be written.
    await using target = await opened(path, toStandardOutput);
    const { client, cluster, coders, redaction } = person;
    const { version, commit, built } = buildInfo();
    const bundle = await makeBundle({
      cluster,
      coders,
      redaction,
      now,
      build: { "coder-k8s": version, commit, built, platform: `${Deno.build.os}/${Deno.build.arch}` },
      async raw(path, options) {
        return new TextDecoder().decode((await client.bytes(path, options)).bytes);
      },
    }, {
      ...request,
      signal,
      workspaces: workspaces.map((name) => keyOf(name, request.namespace ?? person.namespace)),
    });
    const bytes = await packed(folder, bundle.files);
    await target.write(bytes);
    return { file: path, bytes: bytes.length, files: bundle.files.length, gaps: bundle.gaps };
  } finally {
    person.close();
  }
}

/** As {@linkcode supportBundleAt}, for a command line; Ctrl-C leaves no file. */
export async function bundleAndTell(
  config: Config,
  request: BundleRequest,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly written: WrittenBundle } | { readonly refusal: string }> {
  const { log, redactor } = ownLog(config);
  const stop = listenForStop(log);
  const progress = statusLine();
  try {
    const options = { signal: stop.signal, log, redactor, environment };
    const written = await supportBundleAt(config, { ...request, progress }, options);
    return { written };
  } catch (error) {
    if (stop.signal.aborted) return { refusal: "it was stopped; nothing was written" };
    if (error instanceof NoBundleError) return { refusal: redactor.text(error.message) };
    throw error;
  } finally {
    progress?.("");
    stop.close();
  }
}

/** What is being read, on one line of the screen that goes again; undefined where nobody watches. */
function statusLine(): ((what: string) => void) | undefined {
  if (!Deno.stderr.isTerminal()) return undefined;
  const encoder = new TextEncoder();
  return (what) => {
    const text = what === "" ? "" : `reading ${oneLine(what).slice(0, 60)}`;
    Deno.stderr.writeSync(encoder.encode(`\r\x1b[K${text}`));
  };
}

function keyOf(text: string, namespace: string): { namespace: string; name: string } {
  const [first = "", second] = text.split("/", 2);
  return second === undefined ? { namespace, name: first } : { namespace: first, name: second };
}

/** `20261122-080000`, UTC. */
function stamp(now: number): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d+Z$/g, "").replace("T", "-");
}

interface Target extends AsyncDisposable {
  /** All of it, once. */
  write(bytes: Uint8Array): Promise<void>;
}

/** For its owner alone, and gone again where it is not written whole. */
async function opened(path: string, print: (bytes: Uint8Array) => Promise<void>): Promise<Target> {
  if (path === "-") return { write: print, [Symbol.asyncDispose]: () => Promise.resolve() };
  const fail = (error: unknown): never => {
    const why = error instanceof Deno.errors.AlreadyExists
      ? "it is there already: name another file"
      : messageOf(error);
    throw new NoBundleError(`cannot write ${path}: ${why}`, { cause: error });
  };
  const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 }).catch(fail);
  let isWhole = false;
  return {
    async write(bytes) {
      try {
        const writer = file.writable.getWriter();
        await writer.write(bytes);
        await writer.close();
        isWhole = true;
      } catch (error) {
        fail(error);
      }
    },
    async [Symbol.asyncDispose]() {
      if (isWhole) return;
      try {
        file.close();
      } catch {
        // A failed write has closed it.
      }
      await Deno.remove(path).catch(() => {});
    },
  };
}

async function printed(bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
