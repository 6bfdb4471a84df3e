/** Where lines of the audit go: standard output, or a file that somebody may move away. */

export interface LineTarget {
  /** Writes all of it. Rejects where it cannot. */
  write(bytes: Uint8Array): Promise<void>;
  close(): void;
}

/** Anything that takes bytes, not always all at once. */
interface Sink {
  write(bytes: Uint8Array): Promise<number>;
}

async function writeAll(
  sink: Sink,
  bytes: Uint8Array,
  wrote: (bytes: number) => void = () => {},
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const written = await sink.write(bytes.subarray(at));
    at += written;
    wrote(written);
  }
}

/** Standard output, or what a test gives in its place. */
export function streamTarget(sink: Sink = Deno.stdout): LineTarget {
  return { write: (bytes) => writeAll(sink, bytes), close() {} };
}

export interface FileTargetOptions {
  readonly path: string;
  /** Between two looks whether the file is still where it was, in milliseconds. @default {10_000} */
  readonly lookMs?: number;
  /** Monotonic milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** A file, appended to; a new one is begun where it was moved away. Only its owner and group may read it. */
export class FileTarget implements LineTarget {
  readonly #path: string;
  readonly #lookMs: number;
  readonly #now: () => number;
  #file: Deno.FsFile | undefined;
  #lookedAt = 0;
  /** The last line was not written to its end. */
  #isTorn = false;

  constructor({ path, lookMs = 10_000, now = () => performance.now() }: FileTargetOptions) {
    this.#path = path;
    this.#lookMs = lookMs;
    this.#now = now;
  }

  /** Throws where it cannot be written to. */
  open(): void {
    this.#file ??= Deno.openSync(this.#path, { append: true, create: true, mode: 0o640 });
    this.#lookedAt = this.#now();
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#file !== undefined && this.#now() - this.#lookedAt >= this.#lookMs) {
      await this.#look(this.#file);
    }
    if (this.#file === undefined) this.open();
    const file = this.#file!;
    let written = 0;
    try {
      if (this.#isTorn) await writeAll(file, new Uint8Array([10]));
      this.#isTorn = false;
      await writeAll(file, bytes, (bytes) => void (written += bytes));
    } catch (error) {
      this.#isTorn ||= written > 0 && written < bytes.length;
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** Lets go of a file that is no longer under its name. */
  async #look(file: Deno.FsFile): Promise<void> {
    this.#lookedAt = this.#now();
    const [ours, there] = await Promise.all([file.stat(), Deno.stat(this.#path).catch(() => undefined)]);
    if (there !== undefined && there.ino === ours.ino && there.dev === ours.dev) return;
    this.close();
    this.#isTorn = false;
  }
}
