/**
 * The package mirror that sessions install from: `/pypi/simple/`, `/npm/`. It asks the registries with the worker's
 * credentials, keeps what it got on the worker's disk, and takes nothing from sessions but names.
 */
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { answer, refusal } from "./answer.ts";
import { writeAll, WrongBytes } from "./byte_reader.ts";
import { Budget } from "./budget.ts";
import { DiskStore } from "./disk_store.ts";
import { type DoorLimits, farewell, openDoor, type Visit } from "./door.ts";
import { type CachedFile, FileCache } from "./file_cache.ts";
import { IndexCache } from "./index_cache.ts";
import { MirrorRoutes, type Reply } from "./mirror_routes.ts";
import { Quiet } from "./quiet.ts";
import type { Registries } from "./registries.ts";
import { readRequestHead, type RequestHead } from "./request_head.ts";
import { Upstream } from "./upstream.ts";

export interface PackageMirrorOptions {
  /** Path of the Unix socket, in a directory that is nobody else's. */
  readonly socket: string;
  /** Of the cache; made where it is missing. */
  readonly directory: string;
  /** The cache is never larger. */
  readonly maxBytes: number;
  readonly registries: Registries;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
  readonly limits?: Partial<DoorLimits> | undefined;
  /** Milliseconds that a file is waited for as a whole before it is passed on as it comes. @default 5_000 */
  readonly holdMs?: number | undefined;
  /** Milliseconds that a registry may say nothing. @default 30_000 */
  readonly upstreamIdleMs?: number | undefined;
}

export interface PackageMirror {
  readonly socket: string;
  /** Files of packages that a session has got since it began, and how many of them nothing was fetched for. */
  counts(session: string): { readonly files: number; readonly cached: number };
  close(): Promise<void>;
}

const LIMITS: DoorLimits = { perSession: 128, idleMs: 120_000, totalMs: 3_600_000 };
/** Characters of pages that are on their way: to one session, and to all. Each takes a few bytes. */
const PAGES_OF_SESSION = 32 * 2 ** 20;
const PAGES_OF_ALL = 128 * 2 ** 20;
/** Sessions whose counts are kept. */
const MAX_COUNTS = 10_000;

/** Listens. Rejects where the cache or the socket cannot be made. */
export async function openPackageMirror(
  options: PackageMirrorOptions,
  signal: AbortSignal,
): Promise<PackageMirror> {
  signal.throwIfAborted();
  const { registries, log } = options;
  const metrics = options.metrics ?? noMetrics;
  const store = await DiskStore.open(options.directory, options.maxBytes);
  const upstream = new Upstream(
    [registries.pypi, registries.npm, ...registries.scoped.values()],
    registries.caTexts,
    options.upstreamIdleMs,
  );
  const clock = options.clock ?? systemClock;
  const indexes = new IndexCache({ store, upstream, log, clock });
  const files = new FileCache(store, upstream, metrics, options.holdMs);
  const server = new MirrorServer(new MirrorRoutes(registries, indexes, files), log, metrics);
  const limits = { ...LIMITS, ...options.limits };
  const door = await openDoor(options.socket, (visit) => server.serve(visit), { limits, log });
  return {
    socket: door.socket,
    counts: (session) => server.counts.get(session) ?? { files: 0, cached: 0 },
    close: async () => {
      await door.close();
      await Promise.all([indexes.close(), files.close()]);
      upstream.close();
    },
  };
}

class MirrorServer {
  /** By session, the one that was counted last at the end. */
  readonly counts = new Map<string, { readonly files: number; readonly cached: number }>();
  readonly #pages = new Budget(PAGES_OF_SESSION, PAGES_OF_ALL);
  readonly #quiet: Quiet;
  readonly #requests;

  constructor(readonly routes: MirrorRoutes, readonly log: Logger, metrics: Metrics) {
    this.#quiet = new Quiet(log);
    this.#requests = metrics.counter(
      "worker_package_requests_total",
      "What sessions asked the worker's package mirror for",
      ["kind", "result"],
    );
  }

  /** One request after the other. */
  async serve(visit: Visit): Promise<void> {
    for (let count = 0;; count++) {
      let head: RequestHead | undefined;
      try {
        head = await readRequestHead(visit.reader);
        if (head === undefined) return;
        if (visit.isTooMany) throw new WrongBytes(429, "this session has too many connections open");
        if (head.body !== 0) throw new WrongBytes(405, "the package mirror takes no bodies");
      } catch (error) {
        if (!(error instanceof WrongBytes)) throw error;
        await writeAll(visit.connection, refusal(error.status, error.message));
        return await farewell(visit);
      }
      visit.touch();
      const goesOn = await this.#answer(visit, head);
      if (!goesOn || head.version === "HTTP/1.0" || /\bclose\b/i.test(connectionOf(head))) {
        return await farewell(visit);
      }
    }
  }

  /** Whether another request may follow. */
  async #answer(visit: Visit, head: RequestHead): Promise<boolean> {
    const asked = await this.routes.reply(head, visit.signal);
    const giveBack = this.#pages.take(visit.session, asked.body.length);
    try {
      return await this.#tell(visit, head, giveBack === undefined ? await busy(asked) : asked);
    } finally {
      giveBack?.();
    }
  }

  async #tell(visit: Visit, head: RequestHead, reply: Reply): Promise<boolean> {
    if (reply.problem !== undefined && reply.status >= 500) {
      this.#quiet.info(visit.session, "the package mirror could not serve a session", {
        session_id: visit.session,
        path: head.target.slice(0, 300),
        status: reply.status,
        reason: reply.problem,
      });
    }
    const file = reply.file;
    const result = file !== undefined
      ? (file.isCached ? "cached" : "fetched")
      : reply.status < 400
      ? "ok"
      : "failed";
    this.#requests.inc({ kind: reply.kind, result });
    if (file === undefined) {
      const bytes = answer(reply.status, reply.body, reply.headers, reply.problem);
      const end = head.method === "HEAD"
        ? bytes.length - new TextEncoder().encode(reply.body).length
        : bytes.length;
      await writeAll(visit.connection, bytes.subarray(0, end));
      return true;
    }
    try {
      return await this.#send(visit, head, reply, file);
    } finally {
      await file.release();
    }
  }

  async #send(visit: Visit, head: RequestHead, reply: Reply, file: CachedFile): Promise<boolean> {
    const { size } = file;
    const length: Record<string, string> = size === undefined
      ? { connection: "close" }
      : { "content-length": String(size) };
    await writeAll(visit.connection, answer(200, null, { ...reply.headers, ...length }, "OK"));
    if (head.method === "HEAD") return size !== undefined;
    let sent = 0;
    for await (const piece of file.body) {
      sent += piece.length;
      // What came is more than was said: it is cut, and the client sees that.
      if (size !== undefined && sent > size) return false;
      visit.touch();
      // Before its end is seen: who has a file finds it counted.
      if (sent === size) this.#count(visit.session, reply, file);
      await writeAll(visit.connection, piece);
    }
    if (size === undefined || size === 0) this.#count(visit.session, reply, file);
    return size === sent;
  }

  #count(session: string, { kind }: Reply, { isCached }: CachedFile): void {
    if (kind !== "file") return;
    const before = this.counts.get(session) ?? { files: 0, cached: 0 };
    this.counts.delete(session);
    this.counts.set(session, { files: before.files + 1, cached: before.cached + (isCached ? 1 : 0) });
    if (this.counts.size > MAX_COUNTS) this.counts.delete(this.counts.keys().next().value!);
  }
}

/** Instead of one that is too much: pip and npm ask again after that. */
async function busy({ kind, file }: Reply): Promise<Reply> {
  await file?.release();
  const problem = "too much that was asked for before has not been read yet: try again";
  return { kind, status: 503, headers: { "retry-after": "1" }, body: `${problem}\n`, problem };
}

function connectionOf(head: RequestHead): string {
  return head.headers.filter(([name]) => name === "connection").map(([, value]) => value).join(",");
}
