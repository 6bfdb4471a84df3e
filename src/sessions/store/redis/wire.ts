/** One connection to a Redis, as long as it lasts. */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { RedisAddress } from "./address.ts";
import { type Argument, encodeCommand, type RawReply, RespDecoder, RespError } from "./resp.ts";

export type { Argument } from "./resp.ts";
export type Reply = null | number | string | Uint8Array | readonly Reply[];

/** What a connection is made with. PEM texts; absent: there is none. */
export interface RedisAccess {
  readonly address: RedisAddress;
  readonly password?: string | undefined;
  /** Authorities that the server's certificate must be of. @default {those of the machine} */
  readonly ca?: string | undefined;
  /** Of this client. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** What the server said no with: its own words. */
export class RedisRefusal extends Error {
  override readonly name = "RedisRefusal";
}

/** The connection is over, or never came to be. It is not known what became of calls that were on their way. */
export class RedisLost extends Error {
  override readonly name = "RedisLost";
}

export interface RedisWire {
  /**
   * Sent once, never again by itself.
   * @param asBytes texts of the reply come as bytes
   * @throws {RedisRefusal | RedisLost}
   */
  call(args: readonly Argument[], asBytes?: boolean): Promise<Reply>;
  /** Resolves when it is over, however that came. */
  readonly whenLost: Promise<RedisLost>;
  /** Ends it: calls on their way reject. */
  end(why: string): void;
}

/**
 * Connects and signs in.
 * @param timeoutMs for all of it, in milliseconds
 * @throws {RedisRefusal | RedisLost}
 */
export async function openWire(
  access: RedisAccess,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<RedisWire> {
  signal.throwIfAborted();
  const wire = new SocketWire(socketTo(access));
  const timer = setTimeout(() => wire.end(`no answer within ${timeoutMs / 1_000} s`), timeoutMs);
  const abort = () => wire.end("it is not wanted any more");
  signal.addEventListener("abort", abort, { once: true });
  try {
    // What is written before it is connected is sent when it is.
    const { address: { user, database }, password } = access;
    if (password !== undefined) {
      await wire.call(["AUTH", ...(user === undefined ? [] : [user]), password]);
    } else if (user !== undefined) {
      await wire.call(["AUTH", user, ""]);
    }
    if (database !== 0) await wire.call(["SELECT", String(database)]);
    await wire.call(["PING"]);
    return wire;
  } catch (error) {
    wire.end("it cannot be used");
    signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

function socketTo({ address: { host, port, isTls }, ca, cert, key }: RedisAccess): Socket {
  if (!isTls) return connect({ host, port });
  return connectTls({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
}

interface Waiting {
  readonly resolve: (reply: RawReply) => void;
  readonly reject: (error: Error) => void;
}

class SocketWire implements RedisWire {
  readonly #socket: Socket;
  readonly #decoder = new RespDecoder();
  /** Replies come in the order of the calls. */
  readonly #waiting: Waiting[] = [];
  readonly #whenLost = Promise.withResolvers<RedisLost>();
  #lost: RedisLost | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
    socket.on("data", (chunk: Uint8Array) => this.#read(chunk));
    // More than one may come.
    socket.on("error", (error: Error) => this.#over(new RedisLost(error.message, { cause: error })));
    socket.on("close", () => this.#over(new RedisLost("the connection was closed")));
  }

  get whenLost(): Promise<RedisLost> {
    return this.#whenLost.promise;
  }

  async call(args: readonly Argument[], asBytes = false): Promise<Reply> {
    if (this.#lost !== undefined) throw this.#lost;
    const reply = await new Promise<RawReply>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(encodeCommand(args));
    });
    if (reply instanceof RespError) throw new RedisRefusal(reply.message);
    return asBytes ? plain(reply, (bytes) => bytes) : plain(reply, (bytes) => decoder.decode(bytes));
  }

  end(why: string): void {
    this.#over(new RedisLost(why));
  }

  #read(chunk: Uint8Array): void {
    if (this.#lost !== undefined) return;
    try {
      for (const reply of this.#decoder.push(chunk)) {
        const waiting = this.#waiting.shift();
        if (waiting === undefined) return this.end("it said something that nobody has asked for");
        waiting.resolve(reply);
      }
    } catch (error) {
      this.#over(new RedisLost(error instanceof Error ? error.message : String(error), { cause: error }));
    }
  }

  #over(why: RedisLost): void {
    if (this.#lost !== undefined) return;
    this.#lost = why;
    this.#socket.destroy();
    for (const { reject } of this.#waiting.splice(0)) reject(why);
    this.#whenLost.resolve(why);
  }
}

const decoder = new TextDecoder();

function plain(reply: RawReply, text: (bytes: Uint8Array) => string | Uint8Array): Reply {
  if (reply instanceof Uint8Array) return text(reply);
  if (reply instanceof RespError) return reply.message;
  return Array.isArray(reply) ? reply.map((one: RawReply) => plain(one, text)) : reply as null | number;
}
