/** One download of a file, followed by as many as want it, checked before it is kept. */
import { createHash } from "node:crypto";
import type { Draft } from "./disk_store.ts";
import { orAbort } from "./or_abort.ts";
import { shown, type Upstream, UpstreamError } from "./upstream.ts";

/** Of what a file must be. */
export interface FileHash {
  readonly algorithm: "sha512" | "sha384" | "sha256" | "sha1" | "md5";
  readonly hex: string;
}

/** A file as an index tells of it. */
export interface FileSource {
  readonly url: string;
  /** Absent: nothing can be checked, and it is not kept. */
  readonly hash?: FileHash | undefined;
}

/** Milliseconds for all of it, and tries. */
const TOTAL_MS = 30 * 60_000;
const TRIES = 3;
const PIECE = 65_536;

type State = "running" | "done" | "failed";

export class Download {
  /** Settles when it is complete and right, or has failed. */
  readonly done: Promise<void>;
  /** In all, as soon as the registry has said it. */
  size: number | undefined;
  readonly #draft: Draft;
  #path: string;
  #written = 0;
  #state: State = "running";
  #failure: unknown;
  #changed = Promise.withResolvers<void>();

  constructor(
    readonly source: FileSource,
    readonly upstream: Upstream,
    draft: Draft,
    /** What becomes of it once it is right; resolves with where its bytes are then. */
    readonly keep: () => Promise<string>,
    signal: AbortSignal,
  ) {
    this.#draft = draft;
    this.#path = draft.path;
    this.done = this.#run(signal);
    // Whoever follows it is told.
    this.done.catch(() => {});
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** Whoever has asked for it needs it no more. */
  async release(): Promise<void> {
    // What nobody can check has one who asks, and is not kept.
    if (this.source.hash === undefined) await this.done.then(() => this.#draft.drop(), () => {});
  }

  /** Throws why it failed, where it did. */
  #throwIfFailed(): void {
    if (this.#state === "failed") throw this.#failure;
  }

  /** Resolves as soon as `size` is known or it is over. */
  async begun(signal: AbortSignal): Promise<void> {
    while (this.isRunning && this.#written === 0) await this.#change(signal);
    this.#throwIfFailed();
  }

  /**
   * What is written, and what will be; rejects where it fails. The last byte comes when the file is known to be right: nobody
   * gets all of a wrong one.
   */
  async *follow(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#throwIfFailed();
    using file = await this.#open();
    for (let at = 0;;) {
      for (let ready; at < (ready = this.#state === "done" ? this.#written : this.#written - 1);) {
        const buffer = new Uint8Array(Math.min(PIECE, ready - at));
        const count = await file.read(buffer);
        if (count === null) throw new Error("a file that is being downloaded became shorter");
        at += count;
        yield buffer.subarray(0, count);
      }
      this.#throwIfFailed();
      if (this.#state === "done" && at === this.#written) return;
      await this.#change(signal);
    }
  }

  async #run(outer: AbortSignal): Promise<void> {
    const tooLong = AbortSignal.timeout(TOTAL_MS);
    const signal = AbortSignal.any([outer, tooLong]);
    try {
      const { hash, url } = this.source;
      const digest = createHash(hash?.algorithm ?? "sha256");
      for (let left = TRIES; !await this.#fetch(digest, --left === 0, signal););
      const got = digest.digest("hex");
      if (hash !== undefined && got !== hash.hex) {
        throw new UpstreamError(
          502,
          `${
            shown(new URL(url))
          } is not what its index says: ${hash.algorithm} ${got} instead of ${hash.hex}`,
        );
      }
      this.#path = await this.keep();
      this.#tell("done");
    } catch (error) {
      this.#failure = tooLong.aborted && !outer.aborted
        ? new UpstreamError(
          504,
          `${shown(new URL(this.source.url))} took longer than ${TOTAL_MS / 60_000} minutes`,
        )
        : error;
      this.#tell("failed");
      await this.#draft.drop();
      throw this.#failure;
    }
  }

  async #open(): Promise<Deno.FsFile> {
    const path = this.#path;
    try {
      return await Deno.open(path);
    } catch (error) {
      this.#throwIfFailed();
      // It was kept in between, and is called otherwise now.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await this.done;
      return await Deno.open(this.#path);
    }
  }

  /** From where it broke off. False: it broke off again, and may be tried on. */
  async #fetch(
    digest: { update(bytes: Uint8Array): unknown },
    isLast: boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      const from = this.#written;
      const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
      const answer = await this.upstream.get(this.source.url, headers, signal);
      let skip = answer.status === 206 ? 0 : from;
      const length = Number(answer.header("content-length") ?? NaN);
      if (from === 0 && Number.isSafeInteger(length)) this.size = length;
      for await (const piece of answer.body) {
        const fresh = piece.subarray(Math.min(skip, piece.length));
        skip -= piece.length - fresh.length;
        if (fresh.length === 0) continue;
        digest.update(fresh);
        await this.#draft.write(fresh);
        this.#written += fresh.length;
        this.#tell("running");
      }
      return true;
    } catch (error) {
      if (isLast || signal.aborted || !(error instanceof UpstreamError) || !error.isPassing) throw error;
      return false;
    }
  }

  #tell(state: State): void {
    this.#state = state;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #change(signal: AbortSignal): Promise<void> {
    await orAbort(this.#changed.promise, signal);
  }
}
