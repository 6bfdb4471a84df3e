/** Pages of package indexes: kept for minutes, asked for anew with their ETag, and used old where a registry is away. */
import { z } from "zod";
import type { Clock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { DiskStore } from "./disk_store.ts";
import { sha256Hex } from "./hash.ts";
import { orAbort } from "./or_abort.ts";
import { Turns } from "./turns.ts";
import { type Upstream, type UpstreamAnswer, UpstreamError } from "./upstream.ts";

const fileSchema = z.object({
  url: z.string(),
  hash: z.object({ algorithm: z.enum(["sha512", "sha384", "sha256", "sha1", "md5"]), hex: z.string() })
    .optional(),
});
const pageSchema = z.object({ document: z.string(), files: z.record(z.string(), fileSchema) });
/** What is served of an index page, and where its files are, by their names here. */
export type IndexPage = z.output<typeof pageSchema>;

const keptSchema = z.object({ key: z.string(), etag: z.string(), checkedAt: z.number(), page: pageSchema });
type Kept = z.output<typeof keptSchema>;

export interface PageSource {
  /** Says which page it is. */
  readonly key: string;
  readonly url: string;
  readonly accept: string;
  /** Makes the page of what the registry sent. Throws where it cannot be read. */
  read(text: string, contentType: string, url: URL): IndexPage;
}

/** Milliseconds that a page is served without asking, and for asking. */
const FRESH_MS = 5 * 60_000;
const ASK_MS = 60_000;
const MAX_PAGE_BYTES = 32 * 2 ** 20;
/** With the addresses of its files, and as JSON in JSON. */
const MAX_KEPT_BYTES = 2 * MAX_PAGE_BYTES;
/** A page of more takes many times that while it is read: there are turns for it. */
const LARGE_BYTES = 2 ** 20;
const LARGE_AT_ONCE = 2;
/** Milliseconds that a turn is waited for: shorter than registries let one wait with the rest of a page unread. */
const TURN_MS = 20_000;
/** Characters of pages that are held in memory. */
const MEMORY = 32 * 2 ** 20;

type Enter = (bytes: number) => Promise<void>;

export interface IndexCacheOptions {
  readonly store: DiskStore;
  readonly upstream: Upstream;
  readonly log: Logger;
  readonly clock: Clock;
  /** For large pages. @default {two at once} */
  readonly turns?: Turns | undefined;
  /** Milliseconds that a turn is waited for. @default 20_000 */
  readonly turnMs?: number | undefined;
}

export class IndexCache {
  /** Least recently used first. */
  readonly #memory = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<Kept>>();
  readonly #ended = new AbortController();
  readonly #turns: Turns;
  #held = 0;

  constructor(readonly options: IndexCacheOptions) {
    this.#turns = options.turns ?? new Turns(LARGE_AT_ONCE);
  }

  /** Rejects with `UpstreamError`, or the reason of `signal`. */
  async get(source: PageSource, signal: AbortSignal): Promise<IndexPage> {
    signal.throwIfAborted();
    const known = this.#memory.get(source.key);
    if (known !== undefined && this.#isFresh(known)) {
      this.#hold(known);
      return known.page;
    }
    // Asked for once, for all who wait; one of them going away does not matter to the others.
    let asking = this.#asking.get(source.key);
    if (asking === undefined) {
      asking = this.#renew(source).finally(() => this.#asking.delete(source.key));
      asking.catch(() => {});
      this.#asking.set(source.key, asking);
    }
    return (await orAbort(asking, signal)).page;
  }

  async close(): Promise<void> {
    this.#ended.abort(new Error("the worker stops"));
    await Promise.allSettled(this.#asking.values());
  }

  #isFresh(kept: Kept): boolean {
    const age = this.options.clock.now() - kept.checkedAt;
    return age >= 0 && age < FRESH_MS;
  }

  async #renew(source: PageSource): Promise<Kept> {
    let turn: (() => void) | undefined;
    const enter = async (bytes: number) => {
      if (bytes > LARGE_BYTES) turn ??= await this.#turn(source.key);
    };
    try {
      return await this.#renewed(source, enter);
    } finally {
      turn?.();
    }
  }

  /** @param enter waits for a turn where that many bytes need one */
  async #renewed(source: PageSource, enter: Enter): Promise<Kept> {
    const name = `index-${sha256Hex(source.key)}`;
    const old = this.#memory.get(source.key) ?? await this.#kept(name, source.key, enter);
    if (old !== undefined && this.#isFresh(old)) return this.#hold(old);
    try {
      await enter(old?.page.document.length ?? 0);
      const fresh = await this.#ask(source, old, enter);
      this.#hold(fresh);
      await this.#keep(name, fresh);
      return fresh;
    } catch (error) {
      if (old === undefined || !(error instanceof UpstreamError) || error.status === 404) throw error;
      this.options.log.warn("a package registry could not be asked; what it said before is used", {
        page: source.key,
        reason: error.message,
      });
      return this.#hold({ ...old, checkedAt: this.options.clock.now() - FRESH_MS + 30_000 });
    }
  }

  async #turn(key: string): Promise<() => void> {
    const late = AbortSignal.timeout(this.options.turnMs ?? TURN_MS);
    try {
      return await this.#turns.take(AbortSignal.any([this.#ended.signal, late]));
    } catch (error) {
      if (this.#ended.signal.aborted) throw error;
      throw new UpstreamError(
        502,
        `${key}: too many large pages of indexes are read at once: try again`,
        true,
      );
    }
  }

  async #ask(source: PageSource, old: Kept | undefined, enter: Enter): Promise<Kept> {
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(ASK_MS)]);
    const headers: Record<string, string> = { accept: source.accept, "accept-encoding": "gzip" };
    if (old !== undefined && old.etag !== "") headers["if-none-match"] = old.etag;
    try {
      const answer = await this.options.upstream.get(source.url, headers, signal);
      const checkedAt = this.options.clock.now();
      const text = await textOf(answer, source.key, enter);
      if (answer.status === 304 && old !== undefined) return { ...old, checkedAt };
      const page = read(source, text, answer);
      return { key: source.key, etag: answer.header("etag") ?? "", checkedAt, page };
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new UpstreamError(504, `${source.key}: the registry did not answer in ${ASK_MS / 1_000} s`, true);
    }
  }

  /** What an earlier process has kept is old, and asked for by its ETag. */
  async #kept(name: string, key: string, enter: Enter): Promise<Kept | undefined> {
    const found = await this.options.store.read(name);
    if (found === undefined) return undefined;
    try {
      await enter(found.size);
    } catch (error) {
      found.file.close();
      throw error;
    }
    try {
      if (found.size > MAX_KEPT_BYTES) {
        found.file.close();
        throw new Error("it is too large");
      }
      const text = await new Response(found.file.readable).text();
      const kept = keptSchema.parse(JSON.parse(text));
      return kept.key === key ? { ...kept, checkedAt: -Infinity } : undefined;
    } catch {
      // Written by another version, cut, or too large: as if it were not there.
      await this.options.store.remove(name);
      return undefined;
    }
  }

  async #keep(name: string, kept: Kept): Promise<void> {
    const draft = await this.options.store.draft();
    try {
      await draft.write(new TextEncoder().encode(JSON.stringify(kept)));
      await draft.keep(name);
    } catch (error) {
      // It is served all the same.
      this.options.log.warn("a page of a package index could not be kept", { page: kept.key, error });
    } finally {
      await draft.drop();
    }
  }

  #hold(kept: Kept): Kept {
    const before = this.#memory.get(kept.key);
    if (before !== undefined) this.#held -= sizeOf(before);
    this.#memory.delete(kept.key);
    this.#memory.set(kept.key, kept);
    this.#held += sizeOf(kept);
    for (const [key, one] of this.#memory) {
      if (this.#held <= MEMORY || key === kept.key) break;
      this.#memory.delete(key);
      this.#held -= sizeOf(one);
    }
    return kept;
  }
}

/** Roughly: names and addresses of files are as long as what is served. */
function sizeOf(kept: Kept): number {
  return 2 * kept.page.document.length;
}

function read(source: PageSource, text: string, answer: UpstreamAnswer): IndexPage {
  try {
    return source.read(text, answer.header("content-type") ?? "", answer.url);
  } catch (error) {
    const message = error instanceof Error ? error.message.slice(0, 200) : String(error);
    throw new UpstreamError(502, `${source.key}: what the registry sent cannot be read: ${message}`);
  }
}

async function textOf(answer: UpstreamAnswer, key: string, enter: Enter): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const piece of answer.body) {
    bytes += piece.length;
    if (bytes > MAX_PAGE_BYTES) {
      throw new UpstreamError(
        502,
        `${key}: this page of the index has more than ${
          MAX_PAGE_BYTES / 2 ** 20
        } MiB, the most that the mirror ` +
          "reads; install from the address of the package's file, whose host --egress has to list",
      );
    }
    await enter(bytes);
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}
