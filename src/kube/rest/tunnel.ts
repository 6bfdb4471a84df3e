/** Reaches a server through an HTTP proxy's CONNECT. */
import http from "node:http";
import https from "node:https";
import type net from "node:net";
import tls from "node:tls";

/** Node's callback for connections that take time to make. */
export type ConnectionReady = (error: Error | null, socket?: net.Socket) => void;

/** Makes the `createConnection` of an agent whose connections to `server` all go through `proxy`. */
export function tunnelThrough(
  proxy: URL,
  server: URL,
): (options: tls.ConnectionOptions, ready: ConnectionReady) => undefined {
  const secure = server.protocol === "https:";
  const target = `${server.hostname}:${server.port === "" ? (secure ? 443 : 80) : server.port}`;
  const proxySecure = proxy.protocol === "https:";
  const login = proxy.username === "" ? {} : {
    "proxy-authorization": `Basic ${
      btoa(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`)
    }`,
  };
  return (options, ready) => {
    const request = (proxySecure ? https : http).request({
      host: proxy.hostname,
      port: proxy.port === "" ? (proxySecure ? 443 : 80) : Number(proxy.port),
      method: "CONNECT",
      path: target,
      headers: { host: target, ...login },
      agent: false,
    });
    request.once("error", (cause) => ready(new Error(`proxy ${proxy.host}: ${cause.message}`, { cause })));
    request.once("connect", (response: http.IncomingMessage, socket: net.Socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        const said = `HTTP ${response.statusCode} ${response.statusMessage ?? ""}`.trim();
        ready(new Error(`proxy ${proxy.host} refused to connect to ${target}: ${said}`));
      } else if (secure) {
        const { path: _path, host: _host, port: _port, ...rest } = options;
        ready(null, tls.connect({ servername: server.hostname, ...rest, socket }));
      } else {
        ready(null, socket);
      }
    });
    request.end();
    return undefined;
  };
}
