/**
 * How much workers may send ahead. gRPC's client has an option for it and its server has none, so that a worker at 40 ms
 * would send 1 MB/s; the sessions of its port are reached by a field that is not part of its types.
 */
import type { Server } from "@grpc/grpc-js";
import type { Http2Server, ServerHttp2Session } from "node:http2";

/** Bytes on one connection. */
export const WINDOW_BYTES = 4 * 2 ** 20;

/** After the port is bound. @returns false where this version of gRPC has no such field: all works, and distant workers are slow */
export function widenWindows(server: Server): boolean {
  const ports: unknown = Reflect.get(server, "http2Servers");
  if (!(ports instanceof Map) || ports.size === 0) return false;
  for (const port of ports.keys() as Iterable<Http2Server>) {
    port.on("session", (session: ServerHttp2Session) => {
      session.settings({ initialWindowSize: WINDOW_BYTES });
      session.setLocalWindowSize(WINDOW_BYTES);
    });
  }
  return true;
}
