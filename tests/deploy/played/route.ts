/** A Service as kube-proxy plays it: each new connection goes to any ready pod, and past those that refuse it. */
import { closeQuietly, oneWay } from "../../cluster/one_way.ts";

/** Ends with `await using`. */
export interface Route extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Connections that were taken so far, and that found nobody. */
  readonly accepted: number;
  readonly refused: number;
}

/** @param targets ports of the ready pods on 127.0.0.1, asked for at each connection */
export function startRoute(targets: () => readonly number[], random: () => number = Math.random): Route {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const running = new Set<Promise<void>>();
  let accepted = 0;
  let refused = 0;

  async function carry(client: Deno.TcpConn): Promise<void> {
    open.add(client);
    const server = await connect(shuffled(targets(), random));
    if (server === undefined) {
      refused++;
      open.delete(client);
      return closeQuietly(client);
    }
    open.add(server);
    await Promise.all([oneWay(client, server), oneWay(server, client)]);
    for (const one of [client, server]) {
      open.delete(one);
      closeQuietly(one);
    }
  }

  const serving = (async () => {
    for await (const client of listener) {
      accepted++;
      const task: Promise<void> = carry(client).finally(() => running.delete(task));
      running.add(task);
    }
  })();
  return {
    port: listener.addr.port,
    get accepted() {
      return accepted;
    },
    get refused() {
      return refused;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving.catch(() => {});
      open.forEach(closeQuietly);
      await Promise.all(running);
    },
  };
}

async function connect(ports: readonly number[]): Promise<Deno.TcpConn | undefined> {
  for (const port of ports) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    if (connection !== undefined) return connection;
  }
  return undefined;
}

function shuffled(ports: readonly number[], random: () => number): number[] {
  return ports.map((port) => ({ port, at: random() })).sort((a, b) => a.at - b.at).map(({ port }) => port);
}
