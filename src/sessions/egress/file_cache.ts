/** Files of packages: fetched once for all who ask, checked, and kept by what they are. */
import type { Metrics } from "../../telemetry/metrics.ts";
import type { DiskStore } from "./disk_store.ts";
import { Download, type FileSource } from "./download.ts";
import { orAbort } from "./or_abort.ts";
import type { Upstream } from "./upstream.ts";

export interface CachedFile {
  /** Bytes; absent where the registry does not say. */
  readonly size: number | undefined;
  /** Nothing was fetched for it. */
  readonly isCached: boolean;
  readonly body: AsyncIterable<Uint8Array>;
  /** To be called in the end, whether the body was read or not. */
  release(): Promise<void>;
}

/**
 * Milliseconds that a file is waited for as a whole, so that what is wrong with it can still be said in words. Longer ones
 * are passed on as they come; the clients check them, too.
 */
const HOLD_MS = 5_000;
const MAX_DOWNLOADS = 32;

export class FileCache {
  readonly #downloads = new Map<string, Download>();
  readonly #ended = new AbortController();
  readonly #fetched;
  #unkept = 0;

  constructor(
    readonly store: DiskStore,
    readonly upstream: Upstream,
    metrics: Metrics,
    readonly holdMs: number = HOLD_MS,
  ) {
    this.#fetched = metrics.counter(
      "worker_package_downloads_total",
      "Files that the worker fetched from package registries",
      ["result"],
    );
    metrics.gauge(
      "worker_package_cache_bytes",
      "Bytes in the worker's cache of packages",
      [],
      (gauge) => gauge.set({}, store.bytes),
    );
  }

  /** Rejects with `UpstreamError` or `StoreFull`, or the reason of `signal`. */
  async get(source: FileSource, signal: AbortSignal): Promise<CachedFile> {
    const name = source.hash === undefined ? undefined : `${source.hash.algorithm}-${source.hash.hex}`;
    const running = name === undefined ? undefined : this.#downloads.get(name);
    if (name !== undefined && running === undefined) {
      const kept = await this.#kept(name);
      if (kept !== undefined) return kept;
    }
    const download = running ?? await this.#start(source, name);
    if (download === undefined) return await this.get(source, signal);
    const held = Promise.withResolvers<void>();
    const timer = setTimeout(held.resolve, this.holdMs);
    await orAbort(Promise.race([download.done, held.promise]), signal).finally(() => clearTimeout(timer));
    await download.begun(signal);
    return {
      size: download.size,
      isCached: false,
      body: download.follow(signal),
      release: () => download.release(),
    };
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.#ended.abort(new Error("the worker stops"));
    await Promise.allSettled([...this.#downloads.values()].map((download) => download.done));
  }

  async #kept(name: string): Promise<CachedFile | undefined> {
    const found = await this.store.read(name);
    if (found === undefined) return undefined;
    let isOpen = true;
    const close = () => {
      if (isOpen) found.file.close();
      isOpen = false;
      return Promise.resolve();
    };
    return { size: found.size, isCached: true, body: pieces(found.file), release: close };
  }

  /** `undefined` where it is kept by now. */
  async #start(source: FileSource, name: string | undefined): Promise<Download | undefined> {
    if (this.#downloads.size >= MAX_DOWNLOADS) await Promise.race([...this.#downloads.values()].map(settled));
    const key = name ?? `unkept-${++this.#unkept}`;
    const draft = await this.store.draft();
    const other = this.#downloads.get(key);
    if (other !== undefined || this.store.has(key)) {
      // Somebody was quicker.
      await draft.drop();
      return other;
    }
    const keep = () => name === undefined ? Promise.resolve(draft.path) : draft.keep(name);
    const download = new Download(source, this.upstream, draft, keep, this.#ended.signal);
    this.#downloads.set(key, download);
    download.done.then(
      () => this.#fetched.inc({ result: "ok" }),
      () => this.#fetched.inc({ result: "failed" }),
    )
      .finally(() => this.#downloads.delete(key));
    return download;
  }
}

async function settled(download: Download): Promise<void> {
  await download.done.catch(() => {});
}

async function* pieces(file: Deno.FsFile): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(256 * 1_024);
  for (let count; (count = await file.read(buffer)) !== null;) yield buffer.subarray(0, count);
}
