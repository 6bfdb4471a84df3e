/** Listening on every interface, IPv6 included where the machine has it. */
import type { BindAddress } from "../telemetry/bind_address.ts";
import { type HttpServer, type HttpServerOptions, startHttpServer } from "../telemetry/http_server.ts";

/**
 * Starts a server. `0.0.0.0` (what `:8081` means) listens on IPv4 and IPv6 alike, as Go servers do: in a cluster of IPv6
 * alone the kubelet probes `[pod address]:8081`. Falls back to IPv4 on machines without IPv6.
 */
export function listen(
  options: HttpServerOptions,
  start: (options: HttpServerOptions) => HttpServer = startHttpServer,
): HttpServer {
  if (options.address.hostname !== "0.0.0.0") return start(options);
  const both: BindAddress = { hostname: "::", port: options.address.port };
  try {
    return start({ ...options, address: both });
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof Deno.errors.AddrInUse || cause instanceof Deno.errors.PermissionDenied) throw error;
    return start(options);
  }
}
