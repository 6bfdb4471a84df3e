/** What stands in front of several replicas: connections go to any of them, and break when they are told to. */
import { pick } from "../../src/telemetry/testing/random.ts";

export interface Balancer extends AsyncDisposable {
  readonly port: number;
  /** Connections that were taken so far. */
  readonly accepted: number;
  /** New connections go to this replica; all others stay. */
  prefer(replica: number): void;
  /** New connections go to this replica alone, or to all again; those to others are broken. */
  only(replica: number | undefined): void;
  /** Breaks this share of all connections, or all. */
  cut(share?: number): void;
}

/** @param ports where the replicas listen, on 127.0.0.1 */
export function startBalancer(ports: readonly number[], random: () => number = Math.random): Balancer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Map<() => void, number>();
  let wanted: number | undefined;
  let accepted = 0;

  async function lead(client: Deno.TcpConn): Promise<void> {
    accepted++;
    const replica = wanted ?? pick(random, [...ports.keys()]);
    let server: Deno.TcpConn | undefined;
    const end = () => {
      open.delete(end);
      for (const one of [client, server]) {
        try {
          one?.close();
        } catch {
          // It is closed.
        }
      }
    };
    open.set(end, replica);
    try {
      server = await Deno.connect({ hostname: "127.0.0.1", port: ports[replica]! });
      await Promise.all([
        client.readable.pipeTo(server.writable),
        server.readable.pipeTo(client.writable),
      ]);
    } catch {
      // Whoever broke it knows.
    } finally {
      end();
    }
  }

  const serving = (async () => {
    for await (const client of listener) void lead(client);
  })();
  return {
    port: listener.addr.port,
    get accepted() {
      return accepted;
    },
    prefer(replica) {
      wanted = replica;
    },
    only(replica) {
      wanted = replica;
      if (replica === undefined) return;
      for (const [end, at] of [...open]) if (at !== replica) end();
    },
    cut(share = 1) {
      for (const end of [...open.keys()]) if (random() < share) end();
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const end of [...open.keys()]) end();
      await serving.catch(() => {});
    },
  };
}
