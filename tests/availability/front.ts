/**
 * What stands in front of the API servers of a cluster that is highly available, played for one that has one: a new
 * connection waits until there is an API server that says that it is ready. What was open when it died breaks.
 */
import { sleep } from "../cluster/mod.ts";
import { closeQuietly, oneWay } from "../cluster/one_way.ts";

/** Between two looks for a server that is away, in milliseconds. */
const LOOK_MS = 50;

/** Ends with `await using`. */
export interface Front extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Connections that had to wait, and those that waited in vain. */
  readonly held: number;
  readonly refused: number;
  /** How often the server was away, as far as is known now. */
  readonly outagesSoFar: number;
  /** The same, after the end of a look that goes on. */
  outages(): Promise<number>;
}

export interface FrontOptions {
  /** Of the server, on 127.0.0.1. */
  readonly port: number;
  /** Asked for after the server refused or ended a connection, until it says yes. */
  readonly isReady: () => Promise<boolean>;
  /**
   * How long a connection may wait, in milliseconds; then it is closed, and clients come again. Those of client-go would
   * give up by themselves after ten seconds without a TLS handshake, and for good. @default {4_000}
   */
  readonly holdMs?: number;
}

export function startFront({ port, isReady, holdMs = 4_000 }: FrontOptions): Front {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const stop = new AbortController();
  const open = new Set<Deno.TcpConn>();
  const running = new Set<Promise<void>>();
  let looking: Promise<void> | undefined;
  let held = 0;
  let refused = 0;
  let outages = 0;

  /** One look for all who wait. */
  function untilReady(): Promise<void> {
    looking ??= (async () => {
      for (let look = 0; !stop.signal.aborted && !await isReady().catch(() => false); look++) {
        if (look === 0) outages++;
        await sleep(LOOK_MS, stop.signal).catch(() => {});
      }
    })().finally(() => looking = undefined);
    return looking;
  }

  async function connect(): Promise<Deno.TcpConn | undefined> {
    const end = performance.now() + holdMs;
    let waited = false;
    while (!stop.signal.aborted && performance.now() < end) {
      if (looking === undefined) {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
        if (connection !== undefined) return connection;
      }
      if (!waited) held++;
      waited = true;
      await Promise.race([untilReady(), sleep(end - performance.now(), stop.signal).catch(() => {})]);
    }
    return undefined;
  }

  async function lead(client: Deno.TcpConn): Promise<void> {
    open.add(client);
    const server = await connect();
    if (server === undefined) refused++;
    else {
      open.add(server);
      let isClientDone = false;
      await Promise.all([
        oneWay(client, server).then(() => isClientDone = true),
        oneWay(server, client).then(() => {
          // A server that is killed and begins anew answers before it knows anything.
          if (!isClientDone && !stop.signal.aborted) void untilReady();
        }),
      ]);
    }
    for (const one of [client, server]) {
      if (one === undefined) continue;
      open.delete(one);
      closeQuietly(one);
    }
  }

  const serving = (async () => {
    for await (const client of listener) {
      const task: Promise<void> = lead(client).finally(() => running.delete(task));
      running.add(task);
    }
  })();
  return {
    port: listener.addr.port,
    get held() {
      return held;
    },
    get refused() {
      return refused;
    },
    get outagesSoFar() {
      return outages;
    },
    async outages() {
      await looking;
      return outages;
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the front ends"));
      listener.close();
      await serving.catch(() => {});
      open.forEach(closeQuietly);
      await Promise.all(running);
    },
  };
}
