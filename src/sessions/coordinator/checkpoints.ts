/** Copies of sessions' files: packed at the worker, kept here, and put into a session again. */
import { createHash } from "node:crypto";
import type { z } from "zod";
import {
  archiveDrop,
  archivePack,
  archiveRead,
  archiveUnpack,
  archiveWrite,
  type Operation,
} from "../operations.ts";
import type { BlobInfo } from "../store/types.ts";
import { SessionError, type SessionRecord } from "../types.ts";
import type { Core } from "./core.ts";
import { randomId } from "./ids.ts";
import type { TaskAnswer } from "./tasks.ts";
import type { Checkpoint, SessionCallOptions, SessionOwner } from "./types.ts";

/** Bytes that go to or from a worker at once. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Carries out one operation in the session that it is about. */
export type RunOperation = <I extends z.ZodObject, O extends z.ZodObject>(
  operation: Operation<I, O>,
  input: z.input<I>,
  body?: Uint8Array,
  /** @default {the caller's} */
  signal?: AbortSignal,
) => Promise<TaskAnswer<O>>;

const ID = /^ckpt-[a-z0-9]{16}$/;

export class Checkpoints {
  constructor(private readonly core: Core) {}

  /** Keeps a copy. */
  async make(
    session: SessionRecord,
    run: RunOperation,
    { signal, onEvent }: SessionCallOptions,
  ): Promise<Checkpoint> {
    const { blobs, log, meters, now, settings } = this.core;
    const archive = randomId("arch");
    const id = randomId("ckpt");
    try {
      const { output: packed } = await run(archivePack, { archive });
      const tell = (done: number) => {
        onEvent?.({ kind: "progress", done, total: packed.size, message: "files are copied" });
      };
      const info = await blobs.write(
        session.owner,
        id,
        {
          expiresAt: now() + settings.checkpointMaxAgeMs,
          facts: { session: session.id, files: packed.files },
        },
        // Stores keep what they are given as it comes: a worker that gives it byte by byte is not to cost them more.
        inPieces(pieces(run, archive, packed.size, tell)),
        signal,
      );
      meters.checkpointBytes.inc({ direction: "written" }, info.size);
      if (info.sha256 !== packed.sha256 || info.size !== packed.size) {
        await blobs.delete(session.owner, id, signal);
        throw new SessionError(
          "failed",
          `the copy of session ${session.id} is not what was packed there (${info.size} of ${packed.size} bytes): try again`,
        );
      }
      log.info("a checkpoint was made", { session_id: session.id, checkpoint: id, bytes: info.size });
      await this.#keepNewest(session.owner, signal);
      return checkpointOf(info);
    } finally {
      this.#drop(run, archive);
    }
  }

  /** @throws {SessionError} `not_found`, also where it is another's */
  async find(owner: SessionOwner, id: string, signal: AbortSignal): Promise<Checkpoint> {
    const info = ID.test(id) ? await this.core.blobs.get(owner.id, id, signal) : undefined;
    if (info === undefined) throw missing(id);
    return checkpointOf(info);
  }

  /** Newest first. */
  async list(owner: SessionOwner, signal: AbortSignal): Promise<readonly Checkpoint[]> {
    return (await this.core.blobs.list(owner.id, signal)).map(checkpointOf);
  }

  /** Puts its files in place of those of a session. @returns how many files */
  async unpack(owner: SessionOwner, id: string, run: RunOperation, signal: AbortSignal): Promise<number> {
    const { sha256, size } = await this.find(owner, id, signal);
    const chunks = await this.core.blobs.read(owner.id, id, signal);
    if (chunks === undefined) throw missing(id);
    const archive = randomId("arch");
    try {
      const hash = createHash("sha256");
      let offset = 0;
      for await (const piece of inPieces(chunks)) {
        hash.update(piece);
        await run(archiveWrite, { archive, offset }, piece);
        offset += piece.length;
        this.core.meters.checkpointBytes.inc({ direction: "read" }, piece.length);
      }
      if (offset !== size || hash.digest("hex") !== sha256) {
        throw new SessionError("failed", `checkpoint ${id} is damaged where it is kept: take another one`);
      }
      const { output } = await run(archiveUnpack, { archive, sha256 });
      return output.files;
    } finally {
      this.#drop(run, archive);
    }
  }

  /** The oldest go, so that there is room for the newest. */
  async #keepNewest(owner: string, signal: AbortSignal): Promise<void> {
    const all = await this.core.blobs.list(owner, signal);
    for (const { id } of all.slice(this.core.settings.checkpointsPerOwner)) {
      await this.core.blobs.delete(owner, id, signal);
      this.core.log.info("the oldest checkpoint made room", { owner, checkpoint: id });
    }
  }

  /** Also where the caller has given up. A session that is over has none. */
  #drop(run: RunOperation, archive: string): void {
    void this.core.background.run(`archive ${archive} is dropped`, async (signal) => {
      try {
        await run(archiveDrop, { archive }, undefined, signal);
      } catch (error) {
        if (!(error instanceof SessionError && error.code === "session_ended")) throw error;
      }
    });
  }
}

function missing(id: string): SessionError {
  return new SessionError(
    "not_found",
    `you have no checkpoint ${
      JSON.stringify(id.slice(0, 64))
    }: session.list shows those that you have; they are ` +
      "kept for a while, and the newest of them alone",
  );
}

function checkpointOf({ id, size, sha256, createdAt, expiresAt, facts }: BlobInfo): Checkpoint {
  return {
    id,
    sessionId: String(facts["session"] ?? ""),
    size,
    sha256,
    files: Number(facts["files"] ?? 0),
    createdAt,
    expiresAt,
  };
}

async function* pieces(
  run: RunOperation,
  archive: string,
  size: number,
  tell: (done: number) => void,
): AsyncIterable<Uint8Array> {
  for (let offset = 0; offset < size;) {
    const { body = new Uint8Array() } = await run(archiveRead, {
      archive,
      offset,
      length: Math.min(PIECE_BYTES, size - offset),
    });
    if (body.length === 0 || body.length > size - offset) {
      throw new SessionError(
        "failed",
        `the worker gave ${body.length} bytes at ${offset} of ${size}: try again`,
      );
    }
    yield body;
    offset += body.length;
    tell(offset);
  }
}

/** The same bytes, in pieces of one size; the last one may be smaller. */
export async function* inPieces(
  chunks: AsyncIterable<Uint8Array>,
  pieceBytes = PIECE_BYTES,
): AsyncIterable<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    for (let rest = chunk; rest.length > 0;) {
      const part = rest.subarray(0, pieceBytes - bytes);
      waiting.push(part);
      bytes += part.length;
      rest = rest.subarray(part.length);
      if (bytes < pieceBytes) continue;
      yield joined(waiting, bytes);
      waiting = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield joined(waiting, bytes);
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
