/** One connection to a Redis, as long as it lasts: the client library on a socket of ours, behind one small door. */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { AbstractConnector, Redis } from "ioredis";
import type { RedisAddress } from "./address.ts";

export type Argument = string | Uint8Array;
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
    await wire.whenConnected(access.address.isTls ? "secureConnect" : "connect");
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

class SocketWire implements RedisWire {
  readonly #socket: Socket;
  readonly #whenLost = Promise.withResolvers<RedisLost>();
  #client: Redis | undefined;
  #lost: RedisLost | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
    // More than one may come, and the library listens to the first alone.
    socket.on("error", (error: Error) => this.#over(new RedisLost(error.message, { cause: error })));
    socket.on("close", () => this.#over(new RedisLost("the connection was closed")));
  }

  get whenLost(): Promise<RedisLost> {
    return this.#whenLost.promise;
  }

  /** Resolves when calls can be made. @param event of the socket: it is connected */
  async whenConnected(event: "connect" | "secureConnect"): Promise<void> {
    const connected = new Promise<void>((resolve) => this.#socket.once(event, () => resolve()));
    const lost = this.whenLost.then((error) => Promise.reject(error));
    await Promise.race([connected, lost]);
    const socket = this.#socket;
    const client = new Redis({
      // It has this connection alone, and nothing is sent twice by it or waits in it.
      Connector: class extends AbstractConnector {
        constructor() {
          super(0);
        }
        override connect() {
          return Promise.resolve(socket);
        }
      },
      lazyConnect: true,
      protocol: 2,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      disableClientInfo: true,
    });
    client.on("error", (error: Error) => this.#over(new RedisLost(error.message, { cause: error })));
    client.on("end", () => this.#over(new RedisLost("the connection was closed")));
    await Promise.race([client.connect(), lost]);
    this.#client = client;
  }

  async call([command = "", ...args]: readonly Argument[], asBytes = false): Promise<Reply> {
    if (this.#lost !== undefined) throw this.#lost;
    const client = this.#client;
    if (client === undefined) throw new RedisLost("it is not connected yet");
    const name = typeof command === "string" ? command : new TextDecoder().decode(command);
    const given = args.map((one) => typeof one === "string" ? one : bufferOf(one));
    try {
      return await (asBytes ? client.callBuffer(name, ...given) : client.call(name, ...given)) as Reply;
    } catch (error) {
      if (error instanceof Error && error.name === "ReplyError") throw new RedisRefusal(error.message);
      throw this.#lost ?? lostBy(error);
    }
  }

  end(why: string): void {
    this.#over(new RedisLost(why));
  }

  #over(why: RedisLost): void {
    if (this.#lost !== undefined) return;
    this.#lost = why;
    this.#client?.disconnect();
    this.#socket.destroy();
    this.#whenLost.resolve(why);
  }
}

/** The library takes no other bytes. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function lostBy(error: unknown): RedisLost {
  return new RedisLost(error instanceof Error ? error.message : String(error), { cause: error });
}
