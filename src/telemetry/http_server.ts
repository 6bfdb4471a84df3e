/** A small plain-HTTP server for probes and metrics. */
import { addressText, type BindAddress } from "./bind_address.ts";
import { type Clock, settlesWithin, systemClock } from "./clock.ts";
import { type Logger, silentLogger } from "./logger.ts";

export interface HttpServerOptions {
  /** What the server is for, in log lines and errors: `health probes`. */
  name: string;
  address: BindAddress;
  handler: (request: Request) => Response | Promise<Response>;
  /** @default {silentLogger} */
  log?: Logger;
  clock?: Clock;
}

export interface HttpServer {
  /** Where it listens, with the port that the system chose. */
  readonly address: BindAddress;
  /**
   * Stops accepting and lets requests in hand finish. Resolves when they have, at the latest after `graceMs`; what has
   * not ended then ends with the process (Deno cannot cut connections of a server that is shutting down).
   * @default graceMs {2_000}
   */
  close(graceMs?: number): Promise<void>;
}

/** Starts to listen; throws with the address in the message where that fails. A handler that throws answers 500. */
export function startHttpServer(options: HttpServerOptions): HttpServer {
  const { name, address, handler, log = silentLogger, clock = systemClock } = options;
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({
      hostname: address.hostname,
      port: address.port,
      onListen() {},
      onError: (error) => {
        log.error("request failed", { server: name, error });
        return new Response("internal error\n", { status: 500 });
      },
    }, (request) => handler(request));
  } catch (cause) {
    throw new Error(
      `Cannot listen on ${
        addressText(address)
      } for ${name}. Choose another address with the flag of this port, ` +
        `or "0" to turn it off.`,
      { cause },
    );
  }
  const listening = { hostname: server.addr.hostname, port: server.addr.port };
  log.info("listening", { server: name, address: addressText(listening) });
  return {
    address: listening,
    async close(graceMs = 2_000) {
      if (await settlesWithin(server.shutdown(), graceMs, clock)) return;
      log.warn("requests in hand did not end in time", { server: name, graceMs });
    },
  };
}
