/** Blobs in a Redis that several coordinators share: in pieces, and there when the last one is. */
import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import type { Logger } from "../../../telemetry/logger.ts";
import { SessionError } from "../../types.ts";
import { assertBlobId, assertRoom, type BlobLimits, isBlobId, newestFirst } from "../blob_rules.ts";
import type { BlobFacts, BlobInfo, BlobStore } from "../types.ts";
import { COMMIT, DELETE_BLOB, GIVE_UP, LIST_BLOBS, SWEEP, WRITE_PIECE } from "./blob_scripts.ts";
import type { RedisConnection } from "./connection.ts";
import { hashOf, keepFor, keyPrefix } from "./keys.ts";
import type { RedisScript } from "./script.ts";
import type { Argument, Reply } from "./wire.ts";

export interface RedisBlobOptions {
  /** One of its own: pieces hold nothing else up. */
  readonly connection: RedisConnection;
  /** Of all keys. */
  readonly prefix: string;
  readonly limits: BlobLimits;
  readonly log: Logger;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
  /** An upload that nobody has written to for so long is nobody's, in milliseconds. @default {900_000} */
  readonly leftoverMs?: number | undefined;
}

/** The largest that is kept in one. */
export const PIECE_BYTES = 2 ** 20;
/** A writer gets a piece within the deadline of a task. */
const LEFTOVER_MS = 15 * 60_000;
/** So many are swept in one step: others have their turn between. */
const SWEEP_PAGE = 20;

const infoSchema = z.object({
  owner: z.string(),
  id: z.string(),
  size: z.int().min(0),
  sha256: z.string(),
  createdAt: z.number(),
  expiresAt: z.number(),
  facts: z.record(z.string(), z.union([z.string(), z.number()])),
});

export class RedisBlobStore implements BlobStore {
  readonly #options: RedisBlobOptions;
  readonly #prefix: string;
  readonly #now: () => number;

  constructor(options: RedisBlobOptions) {
    this.#options = options;
    this.#prefix = keyPrefix(options.prefix);
    this.#now = options.now ?? Date.now;
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
    const upload = randomUUID();
    const home = hashOf(owner);
    const keep = keepFor(facts.expiresAt, this.#now());
    const hash = createHash("sha256");
    let [size, pieces] = [0, 0];
    try {
      for await (const chunk of chunks) {
        for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
          signal.throwIfAborted();
          // Who gave it may use it again while it is on its way.
          const piece = chunk.slice(at, at + PIECE_BYTES);
          await this.#piece({ home, id, upload, pieces, size, keep }, piece, signal);
          size += piece.length;
          pieces++;
          hash.update(piece);
        }
      }
      signal.throwIfAborted();
      const { expiresAt } = facts;
      const sha256 = hash.digest("hex");
      const info = { owner, id, size, sha256, createdAt: this.#now(), expiresAt, facts: { ...facts.facts } };
      const args = [home, id, upload, String(size), JSON.stringify(info), String(expiresAt), keep];
      const said = await this.#run(COMMIT, "blob.commit", signal, args);
      if (said === "known") throw known(id);
      if (said !== "ok") throw swept(id);
      return info;
    } catch (error) {
      await this.#giveUp(home, id, upload);
      throw error;
    }
  }

  async get(owner: string, id: string, signal: AbortSignal): Promise<BlobInfo | undefined> {
    return (await this.#kept(owner, id, signal))?.info;
  }

  async list(owner: string, signal: AbortSignal): Promise<readonly BlobInfo[]> {
    const now = this.#now();
    const found: BlobInfo[] = [];
    const kept = await this.#run(LIST_BLOBS, "blob.list", signal, [hashOf(owner)], true);
    for (const json of kept as readonly string[]) {
      const info = this.#info(owner, json);
      if (info !== undefined && info.expiresAt >= now) found.push(info);
    }
    return found.sort(newestFirst);
  }

  async read(owner: string, id: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined> {
    const kept = await this.#kept(owner, id, signal);
    return kept === undefined ? undefined : this.#pieces(kept, signal);
  }

  async delete(owner: string, id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (isBlobId(id)) await this.#run(DELETE_BLOB, "blob.delete", signal, [hashOf(owner), id]);
  }

  async sweep(signal: AbortSignal): Promise<number> {
    const { leftoverMs = LEFTOVER_MS, log } = this.#options;
    const args = [String(this.#now()), String(leftoverMs), String(SWEEP_PAGE)];
    for (let all = 0;;) {
      const [over = 0, left = 0] = await this.#run(SWEEP, "blob.sweep", signal, args) as readonly number[];
      if (left > 0) log.warn("what was left of checkpoints is removed", { count: left });
      all += over;
      if (over < SWEEP_PAGE && left < SWEEP_PAGE) return all;
    }
  }

  async #piece(
    { home, id, upload, pieces, size, keep }: {
      readonly home: string;
      readonly id: string;
      readonly upload: string;
      readonly pieces: number;
      readonly size: number;
      readonly keep: string;
    },
    piece: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    const { limits } = this.#options;
    const { maxBytes, maxOwnerBytes, maxTotalBytes } = limits;
    const [said, has, total] = await this.#run(WRITE_PIECE, "blob.write", signal, [
      ...[home, id, upload, String(pieces), String(size)],
      ...[maxBytes, maxOwnerBytes, maxTotalBytes].map(String),
      keep,
      piece,
    ]) as readonly Reply[];
    if (said === "known") throw known(id);
    if (said === "swept") throw swept(id);
    if (said === "full") {
      assertRoom(limits, { size, owner: Number(has), total: Number(total) }, piece.length);
      throw new SessionError("internal", `there is room for blob ${id}, and it was not taken`);
    }
  }

  /** Never rejects: what cannot be removed now is swept later. */
  async #giveUp(home: string, id: string, upload: string): Promise<void> {
    const { signal } = new AbortController();
    await this.#run(GIVE_UP, "blob.give_up", signal, [home, id, upload]).catch((error) =>
      this.#options.log.debug("an upload is left to be swept", { error })
    );
  }

  async #kept(owner: string, id: string, signal: AbortSignal): Promise<Kept | undefined> {
    signal.throwIfAborted();
    if (!isBlobId(id)) return undefined;
    const [json, upload, pieces] = await this.#options.connection.command(
      ["HMGET", `${this.#prefix}bi:${hashOf(owner)}:${id}`, "j", "t", "n"],
      { operation: "blob.get", signal, reads: true },
    ) as readonly (string | null)[];
    const info = json === null || json === undefined ? undefined : this.#info(owner, json);
    if (info?.id !== id || info.expiresAt < this.#now()) return undefined;
    return { info, upload: upload ?? "", pieces: Number(pieces ?? 0) };
  }

  #info(owner: string, json: string): BlobInfo | undefined {
    try {
      const info = infoSchema.parse(JSON.parse(json));
      // Keys have hashes of owners; whose it is is what was written.
      return info.owner === owner ? info : undefined;
    } catch (error) {
      this.#options.log.warn("what is known of a checkpoint cannot be read", { error });
      return undefined;
    }
  }

  async *#pieces({ info, upload, pieces }: Kept, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const damaged = (why: string) =>
      new SessionError("failed", `blob ${info.id} cannot be read (${why}): take another one`);
    let size = 0;
    for (let number = 0; number < pieces; number++) {
      signal.throwIfAborted();
      const piece = await this.#options.connection.command(
        ["GET", `${this.#prefix}bd:${upload}:${number}`],
        { operation: "blob.read", signal, reads: true, asBytes: true },
      );
      if (!(piece instanceof Uint8Array)) throw damaged(`piece ${number + 1} of ${pieces} is not there`);
      size += piece.length;
      yield piece;
    }
    signal.throwIfAborted();
    if (size !== info.size) throw damaged(`its pieces are ${size} of ${info.size} bytes`);
  }

  async #run(
    script: RedisScript,
    operation: string,
    signal: AbortSignal,
    args: readonly Argument[],
    reads = false,
  ): Promise<Reply> {
    try {
      return await this.#options.connection.script(script, [this.#prefix, ...args], {
        operation,
        signal,
        reads,
      });
    } catch (error) {
      if (!(error instanceof SessionError) || !/is full \(maxmemory\)/.test(error.message)) throw error;
      throw new SessionError("limit", error.message, { cause: error });
    }
  }
}

interface Kept {
  readonly info: BlobInfo;
  readonly upload: string;
  readonly pieces: number;
}

function known(id: string): SessionError {
  return new SessionError("conflict", `there is a blob ${id} already`);
}

function swept(id: string): SessionError {
  return new SessionError(
    "failed",
    `what was written of blob ${id} is gone, for it took too long: try again`,
  );
}
