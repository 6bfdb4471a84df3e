/** Blobs in a directory: one below it for each owner, in which each blob is a file and, once it is whole, what is known of it. */
import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { SessionError } from "../types.ts";
import type { Logger } from "../../telemetry/logger.ts";
import {
  assertBlobId,
  type BlobLimits,
  BlobRoom,
  isBlobId,
  newestFirst,
  STANDARD_BLOB_LIMITS,
} from "./blob_rules.ts";
import type { BlobFacts, BlobInfo, BlobStore } from "./types.ts";

export interface DirectoryBlobOptions {
  /** Made where it is missing; for nobody else to read. */
  readonly directory: string;
  /** @default {STANDARD_BLOB_LIMITS} */
  readonly limits?: BlobLimits | undefined;
  readonly log: Logger;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
}

const DATA = ".data";
const INFO = ".json";
const PART = ".part";
/** What nobody has written to for so long is nobody's: a writer gets a piece within the deadline of a task. */
const LEFTOVER_MS = 15 * 60_000;
const READ_BYTES = 2 ** 18;

/** @throws {SessionError} `failed` where the directory cannot be used */
export async function openDirectoryBlobStore(options: DirectoryBlobOptions): Promise<BlobStore> {
  const { directory } = options;
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    // A volume may belong to somebody else: what is made below it is for nobody else to read, either way.
    await Deno.chmod(directory, 0o700).catch(() => {});
    const probe = join(directory, `${randomUUID()}${PART}`);
    await Deno.writeFile(probe, new Uint8Array(), { createNew: true, mode: 0o600 });
    await Deno.remove(probe);
  } catch (error) {
    throw new SessionError(
      "failed",
      `checkpoints cannot be kept in ${directory} (${
        text(error)
      }): give a directory that this user may write to`,
      { cause: error },
    );
  }
  const store = new DirectoryBlobStore(options);
  await store.sweep(new AbortController().signal);
  return store;
}

const infoSchema = z.object({
  owner: z.string(),
  id: z.string(),
  size: z.int().min(0),
  sha256: z.string(),
  createdAt: z.number(),
  expiresAt: z.number(),
  facts: z.record(z.string(), z.union([z.string(), z.number()])),
});

class DirectoryBlobStore implements BlobStore {
  readonly #directory: string;
  /** By the owners' directories; looked at anew by each sweep. */
  readonly #room: BlobRoom;
  readonly #log: Logger;
  readonly #now: () => number;

  constructor({ directory, limits = STANDARD_BLOB_LIMITS, log, now = Date.now }: DirectoryBlobOptions) {
    this.#directory = directory;
    this.#room = new BlobRoom(limits);
    this.#log = log;
    this.#now = now;
  }

  async write(
    owner: string,
    id: string,
    facts: BlobFacts,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<BlobInfo> {
    signal.throwIfAborted();
    assertBlobId(id);
    const path = this.#path(owner, id);
    const home = this.#home(owner);
    await Deno.mkdir(home, { recursive: true, mode: 0o700 });
    const file = await Deno.open(path + DATA, { createNew: true, write: true, mode: 0o600 }).catch(
      (error) => {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
        throw new SessionError("conflict", `there is a blob ${id} already`);
      },
    );
    let size = 0;
    try {
      const hash = createHash("sha256");
      try {
        for await (const chunk of chunks) {
          signal.throwIfAborted();
          this.#room.take(home, size, chunk.length);
          size += chunk.length;
          hash.update(chunk);
          await writeAll(file, chunk);
        }
        signal.throwIfAborted();
        await file.sync();
      } finally {
        file.close();
      }
      const { expiresAt } = facts;
      const sha256 = hash.digest("hex");
      const info = { owner, id, size, sha256, createdAt: this.#now(), expiresAt, facts: { ...facts.facts } };
      await this.#tell(path, info);
      return info;
    } catch (error) {
      this.#room.give(home, size);
      await removed(path + DATA);
      if (codeOf(error) !== "ENOSPC" && codeOf(error) !== "EDQUOT") throw error;
      throw new SessionError("limit", `the disk of the checkpoints is full: ${this.#directory}`, {
        cause: error,
      });
    }
  }

  async get(owner: string, id: string, signal: AbortSignal): Promise<BlobInfo | undefined> {
    signal.throwIfAborted();
    if (!isBlobId(id)) return undefined;
    const info = await this.#info(this.#path(owner, id));
    // Names of directories are hashes; who it belongs to is what was written.
    return info?.owner !== owner || info.id !== id || info.expiresAt < this.#now() ? undefined : info;
  }

  async list(owner: string, signal: AbortSignal): Promise<readonly BlobInfo[]> {
    signal.throwIfAborted();
    const found: BlobInfo[] = [];
    for (const name of await names(this.#home(owner))) {
      if (!name.endsWith(INFO)) continue;
      const info = await this.get(owner, name.slice(0, -INFO.length), signal);
      if (info !== undefined) found.push(info);
    }
    return found.sort(newestFirst);
  }

  async read(
    owner: string,
    id: string,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const info = await this.get(owner, id, signal);
    return info === undefined ? undefined : this.#chunks(info, this.#path(owner, id) + DATA, signal);
  }

  async delete(owner: string, id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!isBlobId(id)) return;
    const path = this.#path(owner, id);
    // First what makes it a blob: half of it is none.
    await removed(path + INFO);
    const size = await sizeOf(path + DATA);
    // Several may be at it: the one that removed it gives its room back.
    if (await removed(path + DATA)) this.#room.give(this.#home(owner), size);
    await removed(this.#home(owner));
  }

  async sweep(signal: AbortSignal): Promise<number> {
    let over = 0;
    const owners = new Map<string, number>();
    for (const entry of await names(this.#directory)) {
      const home = join(this.#directory, entry);
      let bytes = 0;
      for (const name of await names(home)) {
        signal.throwIfAborted();
        const path = join(home, name);
        if (name.endsWith(INFO)) {
          if (await this.#sweepBlob(path.slice(0, -INFO.length))) over++;
        } else if (name.endsWith(PART) || !await isThere(path.slice(0, -DATA.length) + INFO)) {
          await this.#sweepLeftover(path);
        }
      }
      for (const name of await names(home)) if (name.endsWith(DATA)) bytes += await sizeOf(join(home, name));
      await removed(home);
      if (bytes > 0) owners.set(home, bytes);
    }
    this.#room.recount(owners);
    return over;
  }

  async #sweepBlob(path: string): Promise<boolean> {
    const info = await this.#info(path);
    if (info === undefined) {
      await this.#sweepLeftover(path + INFO);
      return false;
    }
    if (info.expiresAt >= this.#now()) return false;
    await removed(path + INFO);
    await removed(path + DATA);
    return true;
  }

  async #sweepLeftover(path: string): Promise<void> {
    const writtenAt = (await stat(path))?.mtime?.getTime();
    if (writtenAt === undefined || this.#now() - writtenAt < LEFTOVER_MS) return;
    this.#log.warn("a file that was left of a checkpoint is removed", { file: path });
    await removed(path);
  }

  async *#chunks(info: BlobInfo, path: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const damaged = (why: string, cause?: unknown) =>
      new SessionError("failed", `blob ${info.id} cannot be read (${why}): take another one`, { cause });
    const file = await Deno.open(path).catch((error) => {
      throw damaged(text(error), error);
    });
    try {
      let size = 0;
      for (;;) {
        signal.throwIfAborted();
        const buffer = new Uint8Array(READ_BYTES);
        const bytes = await file.read(buffer);
        if (bytes === null) break;
        size += bytes;
        if (size > info.size) break;
        yield buffer.subarray(0, bytes);
      }
      if (size !== info.size) throw damaged(`its file is not of ${info.size} bytes`);
    } finally {
      file.close();
    }
  }

  /** Makes it a blob: all of it, in one. */
  async #tell(path: string, info: BlobInfo): Promise<void> {
    const part = `${path}-${randomUUID()}${PART}`;
    try {
      await Deno.writeTextFile(part, JSON.stringify(info), { createNew: true, mode: 0o600 });
      await Deno.rename(part, path + INFO);
    } catch (error) {
      await removed(part);
      throw error;
    }
  }

  async #info(path: string): Promise<BlobInfo | undefined> {
    let json: unknown;
    try {
      json = JSON.parse(await Deno.readTextFile(path + INFO));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      this.#log.warn("what is known of a checkpoint cannot be read", { file: path + INFO, error });
      return undefined;
    }
    const parsed = infoSchema.safeParse(json);
    return parsed.success ? parsed.data : undefined;
  }

  #home(owner: string): string {
    return join(this.#directory, createHash("sha256").update(owner).digest("hex").slice(0, 32));
  }

  #path(owner: string, id: string): string {
    return join(this.#home(owner), id);
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await file.write(rest));
}

/** Names in a directory; none where there is none. */
async function names(directory: string): Promise<string[]> {
  try {
    const found: string[] = [];
    for await (const { name } of Deno.readDir(directory)) found.push(name);
    return found;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

/** Removes a file or an empty directory, where it is there. @returns whether it did */
async function removed(path: string): Promise<boolean> {
  try {
    await Deno.remove(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (["ENOTEMPTY", "EEXIST"].includes(codeOf(error) ?? "")) return false;
    throw error;
  }
}

async function stat(path: string): Promise<Deno.FileInfo | undefined> {
  return await Deno.stat(path).catch(() => undefined);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path))?.size ?? 0;
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path) !== undefined;
}

function codeOf(error: unknown): string | undefined {
  return (error as { readonly code?: string } | undefined)?.code;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
