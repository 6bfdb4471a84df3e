/**
 * The HTTP proxy by which sessions with a network of their own reach what they may: CONNECT, and requests for `http://…`.
 * One request a connection. What is refused is said in words that curl, pip and npm show.
 */
import type { Logger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { refusal } from "./answer.ts";
import { writeAll, WrongBytes } from "./byte_reader.ts";
import { closeQuietly, type Door, type DoorLimits, farewell, openDoor, type Visit } from "./door.ts";
import { EgressGuard, EgressRefused, hostAndPort, type Resolve } from "./guard.ts";
import { readRequestHead, type RequestHead } from "./request_head.ts";
import { requestBody } from "./request_body.ts";
import { forwardedHead, type Target, targetOf } from "./target.ts";
import { Quiet } from "./quiet.ts";
import { parseEgressRules } from "./rules.ts";

export interface EgressProxyOptions {
  /** Path of the Unix socket, in a directory that is nobody else's. */
  readonly socket: string;
  /** See `parseEgressRules`. */
  readonly allow: readonly string[];
  /** Names or addresses that are reached only where an entry lists their address: the coordinator. */
  readonly forbidden?: readonly string[] | undefined;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly limits?: Partial<DoorLimits> | undefined;
  readonly resolve?: Resolve | undefined;
  readonly ownAddresses?: (() => readonly string[]) | undefined;
}

export type EgressProxy = Door;

const LIMITS: DoorLimits = { perSession: 128, idleMs: 300_000, totalMs: 3_600_000 };
/** Milliseconds for one address to take a connection. */
const CONNECT_MS = 10_000;
const ESTABLISHED = new TextEncoder().encode("HTTP/1.1 200 Connection established\r\n\r\n");

/** Listens. Throws where an entry of `allow` cannot be read, or the socket cannot be made. */
export async function openEgressProxy(options: EgressProxyOptions): Promise<EgressProxy> {
  const guard = new EgressGuard({
    rules: parseEgressRules(options.allow),
    forbidden: options.forbidden,
    resolve: options.resolve,
    ownAddresses: options.ownAddresses,
  });
  const server = new ProxyServer(guard, options.log, options.metrics ?? noMetrics);
  const limits = { ...LIMITS, ...options.limits };
  return await openDoor(options.socket, (visit) => server.serve(visit), { limits, log: options.log });
}

class ProxyServer {
  readonly #quiet: Quiet;
  readonly #count;
  readonly #bytes;
  readonly #active;

  constructor(readonly guard: EgressGuard, readonly log: Logger, metrics: Metrics) {
    this.#quiet = new Quiet(log);
    this.#count = metrics.counter(
      "worker_egress_requests_total",
      "Connections that sessions asked the worker's proxy for, by what came of it",
      ["result"],
    );
    this.#bytes = metrics.counter(
      "worker_egress_bytes_total",
      "Bytes that the worker's proxy has carried for sessions",
      ["direction"],
    );
    this.#active = metrics.gauge("worker_egress_connections", "Connections through the worker's proxy now");
  }

  async serve(visit: Visit): Promise<void> {
    let target: Target | undefined;
    try {
      const head = await readRequestHead(visit.reader);
      if (head === undefined) return;
      if (visit.isTooMany) throw new WrongBytes(429, "this session has too many connections open");
      target = targetOf(head);
      const addresses = await this.guard.addresses(target.host, target.port, visit.signal);
      const outside = await connect(target, addresses, visit.signal);
      this.#count.inc({ result: "allowed" });
      await this.#carry(visit, head, target, outside);
    } catch (error) {
      if (visit.signal.aborted) return;
      await this.#refuse(visit, target, error);
    }
  }

  async #carry(visit: Visit, head: RequestHead, target: Target, outside: Deno.Conn): Promise<void> {
    const close = () => closeQuietly(outside);
    visit.signal.addEventListener("abort", close, { once: true });
    this.#active.inc({});
    try {
      if (head.method === "CONNECT") {
        await writeAll(visit.connection, ESTABLISHED);
        await Promise.all([this.#tunnel(visit, outside), this.#answers(visit, outside)]);
        return;
      }
      // Where the request cannot be read on, nothing more goes there. Where it is not taken, the answer may say why.
      this.#request(visit, head, target, outside).catch((error) => error instanceof WrongBytes && close());
      await this.#answers(visit, outside);
    } catch (error) {
      this.log.debug("a connection of a session through the proxy broke", {
        session_id: visit.session,
        host: target.host,
        error: String(error),
      });
    } finally {
      this.#active.dec({});
      visit.signal.removeEventListener("abort", close);
      close();
      closeQuietly(visit.connection);
    }
  }

  async #tunnel(visit: Visit, outside: Deno.Conn): Promise<void> {
    for (let piece; (piece = await visit.reader.some()) !== undefined;) {
      await this.#send(visit, outside, piece);
    }
    await outside.closeWrite();
  }

  async #request(visit: Visit, head: RequestHead, target: Target, outside: Deno.Conn): Promise<void> {
    await this.#send(visit, outside, forwardedHead(head, target));
    for await (const piece of requestBody(visit.reader, head.body)) await this.#send(visit, outside, piece);
  }

  async #send(visit: Visit, outside: Deno.Conn, piece: Uint8Array): Promise<void> {
    visit.touch();
    this.#bytes.inc({ direction: "out" }, piece.length);
    await writeAll(outside, piece);
  }

  async #answers(visit: Visit, outside: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    for (let count; (count = await outside.read(buffer)) !== null;) {
      visit.touch();
      this.#bytes.inc({ direction: "in" }, count);
      await writeAll(visit.connection, buffer.subarray(0, count));
    }
    await visit.connection.closeWrite();
  }

  async #refuse(visit: Visit, target: Target | undefined, error: unknown): Promise<void> {
    const status = error instanceof WrongBytes
      ? error.status
      : error instanceof EgressRefused && error.reason !== "unresolved"
      ? 403
      : 502;
    const message = error instanceof Error ? error.message : String(error);
    this.#count.inc({ result: status === 502 ? "failed" : "refused" });
    this.#quiet.info(visit.session, "egress of a session was refused", {
      session_id: visit.session,
      target: target === undefined ? undefined : hostAndPort(target.host, target.port),
      status,
      reason: message,
    });
    await writeAll(visit.connection, refusal(status, message)).catch(() => {});
    await farewell(visit);
  }
}

/** To the first address that takes it: one that was checked, never the name again. */
async function connect(
  target: Target,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Deno.Conn> {
  const failures: string[] = [];
  for (const hostname of addresses.slice(0, 8)) {
    try {
      const either = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
      return await Deno.connect({ hostname, port: target.port, signal: either });
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(
    `${hostAndPort(target.host, target.port)} is allowed, but the worker could not connect: ${
      failures.join("; ")
    }`,
  );
}
