/** Blobs in this process: gone with it. */
import { createHash } from "node:crypto";
import { SessionError } from "../types.ts";
import { assertBlobId, type BlobLimits, BlobRoom, newestFirst } from "./blob_rules.ts";
import type { BlobFacts, BlobInfo, BlobStore } from "./types.ts";

export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<string, { readonly info: BlobInfo; readonly chunks: readonly Uint8Array[] }>();
  readonly #room: BlobRoom;
  readonly #now: () => number;

  constructor(limits: BlobLimits, { now = Date.now }: { readonly now?: () => number } = {}) {
    this.#room = new BlobRoom(limits);
    this.#now = now;
  }

  async write(
    owner: string,
    id: string,
    facts: BlobFacts,
    given: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<BlobInfo> {
    signal.throwIfAborted();
    assertBlobId(id);
    const hash = createHash("sha256");
    const chunks: Uint8Array[] = [];
    let size = 0;
    let isKept = false;
    try {
      for await (const chunk of given) {
        signal.throwIfAborted();
        this.#room.take(owner, size, chunk.length);
        size += chunk.length;
        hash.update(chunk);
        chunks.push(chunk.slice());
      }
      signal.throwIfAborted();
      if (this.#blobs.has(key(owner, id))) {
        throw new SessionError("conflict", `there is a blob ${id} already`);
      }
      const info = {
        ...structuredClone(facts),
        owner,
        id,
        size,
        sha256: hash.digest("hex"),
        createdAt: this.#now(),
      };
      this.#blobs.set(key(owner, id), { info, chunks });
      isKept = true;
      return info;
    } finally {
      if (!isKept) this.#room.give(owner, size);
    }
  }

  // deno-lint-ignore require-await -- stores are asynchronous, and reject
  async get(owner: string, id: string, signal: AbortSignal): Promise<BlobInfo | undefined> {
    signal.throwIfAborted();
    const info = this.#blobs.get(key(owner, id))?.info;
    return info === undefined || info.expiresAt < this.#now() ? undefined : info;
  }

  // deno-lint-ignore require-await -- as above
  async list(owner: string, signal: AbortSignal): Promise<readonly BlobInfo[]> {
    signal.throwIfAborted();
    const now = this.#now();
    return [...this.#blobs.values()].map(({ info }) => info)
      .filter((info) => info.owner === owner && info.expiresAt >= now).sort(newestFirst);
  }

  async read(owner: string, id: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined> {
    if (await this.get(owner, id, signal) === undefined) return undefined;
    const chunks = this.#blobs.get(key(owner, id))?.chunks ?? [];
    return (async function* () {
      for (const chunk of chunks) {
        signal.throwIfAborted();
        yield chunk.slice();
      }
    })();
  }

  // deno-lint-ignore require-await -- as above
  async delete(owner: string, id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#room.give(owner, this.#blobs.get(key(owner, id))?.info.size ?? 0);
    this.#blobs.delete(key(owner, id));
  }

  async sweep(signal: AbortSignal): Promise<number> {
    const now = this.#now();
    const over = [...this.#blobs.values()].filter(({ info }) => info.expiresAt < now);
    for (const { info } of over) await this.delete(info.owner, info.id, signal);
    return over.length;
  }
}

function key(owner: string, id: string): string {
  return JSON.stringify([owner, id]);
}
