/** A TCP proxy as a port-forward is: it carries bytes, passes on half-closed ends, and drops connections. */
import { closeQuietly, oneWay } from "../cluster/one_way.ts";

/** Ends with `await using`. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open now, and that there ever were. */
  readonly open: number;
  readonly accepted: number;
  /** Nobody gets through. */
  isShut: boolean;
  /** Ends all that are open, without a word to either end. */
  drop(): void;
}

/** Forwards connections of a free loopback port to another one, which is asked for each. */
export function startTcpProxy(upstream: number | (() => number)): TcpProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const pairs = new Set<readonly [Deno.TcpConn, Deno.TcpConn]>();
  const running = new Set<Promise<void>>();
  let accepted = 0;
  let isShut = false;
  const port = () => typeof upstream === "number" ? upstream : upstream();
  const serve = async () => {
    for await (const incoming of listener) {
      accepted++;
      if (isShut) {
        closeQuietly(incoming);
        continue;
      }
      const task = carry(incoming, port(), pairs).finally(() => running.delete(task));
      running.add(task);
    }
  };
  const serving = serve();
  const drop = () => pairs.forEach((pair) => pair.forEach(closeQuietly));
  return {
    port: listener.addr.port,
    get open() {
      return pairs.size;
    },
    get accepted() {
      return accepted;
    },
    get isShut() {
      return isShut;
    },
    set isShut(shut: boolean) {
      isShut = shut;
      if (shut) drop();
    },
    drop,
    async [Symbol.asyncDispose]() {
      listener.close();
      drop();
      await Promise.all([serving, ...running]);
    },
  };
}

type Pair = readonly [Deno.TcpConn, Deno.TcpConn];

async function carry(incoming: Deno.TcpConn, upstream: number, pairs: Set<Pair>): Promise<void> {
  const outgoing = await Deno.connect({ hostname: "127.0.0.1", port: upstream }).catch(() => undefined);
  if (outgoing === undefined) return closeQuietly(incoming);
  const pair: Pair = [incoming, outgoing];
  pairs.add(pair);
  await Promise.all([oneWay(incoming, outgoing), oneWay(outgoing, incoming)]);
  pairs.delete(pair);
  pair.forEach(closeQuietly);
}
