/** Files that are kept as long as there is room, the ones that were not used for longest going first. */

/** There is no room left. */
export class StoreFull extends Error {
  override readonly name = "StoreFull";
}

/** A file that is being written: seen by nobody by its name yet. */
export interface Draft {
  readonly path: string;
  readonly bytes: number;
  write(bytes: Uint8Array): Promise<void>;
  /** It is `name` from now on. Resolves with its path. */
  keep(name: string): Promise<string>;
  /** It is nothing. After `keep`: does nothing. */
  drop(): Promise<void>;
}

const NAME = /^[a-z0-9]+-[0-9a-f]+$/;
/** Milliseconds after which a draft that nobody finished may go: other processes may write here, too. */
const DRAFT_MS = 24 * 3_600_000;

export class DiskStore {
  /** By name, least recently used first. */
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  private constructor(readonly directory: string, readonly maxBytes: number) {}

  /** Opens a directory, made where it is missing, and finds what is there. */
  static async open(directory: string, maxBytes: number): Promise<DiskStore> {
    await Deno.mkdir(`${directory}/drafts`, { recursive: true, mode: 0o700 });
    const store = new DiskStore(directory, maxBytes);
    await store.#find();
    return store;
  }

  /** Drafts among it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether it is kept, as far as this process knows. */
  has(name: string): boolean {
    return this.#sizes.has(name);
  }

  /** What is kept under that name, which counts as used now. */
  async read(name: string): Promise<{ readonly file: Deno.FsFile; readonly size: number } | undefined> {
    try {
      const file = await Deno.open(this.#path(name));
      const { size } = await file.stat();
      this.#note(name, size);
      const now = new Date();
      await file.utime(now, now);
      return { file, size };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      this.#forget(name);
      return undefined;
    }
  }

  async draft(): Promise<Draft> {
    const name = crypto.getRandomValues(new Uint8Array(16)).toHex();
    const path = `${this.directory}/drafts/${name}`;
    const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
    return new OpenDraft(path, file, {
      grow: (bytes) => this.#grow(bytes),
      keep: async (bytes, as) => {
        await Deno.rename(path, this.#path(as));
        this.#bytes -= bytes;
        this.#note(as, bytes);
        return this.#path(as);
      },
    });
  }

  async remove(name: string): Promise<void> {
    this.#forget(name);
    await Deno.remove(this.#path(name)).catch(() => {});
  }

  #path(name: string): string {
    if (!NAME.test(name)) throw new Error(`no name for a kept file: ${name}`);
    return `${this.directory}/${name}`;
  }

  async #find(): Promise<void> {
    const found: { name: string; size: number; used: number }[] = [];
    for await (const { name, isFile } of Deno.readDir(this.directory)) {
      if (!isFile || !NAME.test(name)) continue;
      const info = await Deno.stat(this.#path(name));
      found.push({ name, size: info.size, used: info.mtime?.getTime() ?? 0 });
    }
    found.sort((one, other) => one.used - other.used);
    for (const { name, size } of found) this.#note(name, size);
    for await (const { name } of Deno.readDir(`${this.directory}/drafts`)) {
      const path = `${this.directory}/drafts/${name}`;
      const age = Date.now() - ((await Deno.stat(path)).mtime?.getTime() ?? 0);
      if (age > DRAFT_MS) await Deno.remove(path);
    }
    this.#grow(0);
  }

  #note(name: string, size: number): void {
    this.#forget(name);
    this.#sizes.set(name, size);
    this.#bytes += size;
  }

  #forget(name: string): void {
    this.#bytes -= this.#sizes.get(name) ?? 0;
    this.#sizes.delete(name);
  }

  /** Makes room for that many more. Who is reading what goes away reads on. */
  #grow(bytes: number): void {
    for (const name of this.#sizes.keys()) {
      if (this.#bytes + bytes <= this.maxBytes) break;
      void this.remove(name);
    }
    if (bytes > 0 && this.#bytes + bytes > this.maxBytes) {
      throw new StoreFull(`the worker's package cache has no room for it (${this.maxBytes} bytes in all)`);
    }
    this.#bytes += bytes;
  }
}

class OpenDraft implements Draft {
  #bytes = 0;
  #isOver = false;

  constructor(
    readonly path: string,
    readonly file: Deno.FsFile,
    readonly store: { grow(bytes: number): void; keep(bytes: number, name: string): Promise<string> },
  ) {}

  get bytes(): number {
    return this.#bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.store.grow(bytes.length);
    this.#bytes += bytes.length;
    for (let at = 0; at < bytes.length;) at += await this.file.write(bytes.subarray(at));
  }

  async keep(name: string): Promise<string> {
    // A name must never stand for a file whose bytes a crash has taken.
    await this.file.syncData();
    this.#isOver = true;
    this.file.close();
    return await this.store.keep(this.#bytes, name);
  }

  async drop(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.file.close();
    this.store.grow(-this.#bytes);
    await Deno.remove(this.path).catch(() => {});
  }
}
