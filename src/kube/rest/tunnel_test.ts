import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { fakeConnection, json, localServer } from "../testing/local_server.ts";
import { createTransport } from "./transport.ts";

/** A CONNECT proxy; `status` other than 200 refuses. */
async function proxyServer(status = 200) {
  const targets: { target: string; login: string | undefined }[] = [];
  const sockets = new Set<net.Socket>();
  const server = http.createServer();
  server.on("connect", (request: http.IncomingMessage, socket: net.Socket) => {
    targets.push({ target: request.url ?? "", login: request.headers["proxy-authorization"] });
    sockets.add(socket);
    socket.on("error", () => {});
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    const [host, port] = (request.url ?? "").split(":");
    const upstream = net.connect(Number(port), host ?? "", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on("error", () => socket.destroy());
    sockets.add(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    url: new URL(`http://us%40er:p%3Ass@127.0.0.1:${port}`),
    targets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const get = { method: "GET", path: "/", timeoutMs: 60_000 };

Deno.test("calls go through the proxy, with its login, and share a tunnel", async () => {
  await using proxy = await proxyServer();
  await using server = await localServer((_request, response) => json(response, 200, {}));
  const transport = createTransport(fakeConnection(server.connection.server, { proxy: proxy.url }));
  assert.equal((await transport.send(get)).status, 200);
  assert.equal((await transport.send(get)).status, 200);
  const login = `Basic ${btoa("us@er:p:ss")}`;
  assert.deepEqual(proxy.targets, [{ target: server.connection.server.host, login }]);
  transport.close();
});

Deno.test("a proxy that refuses is named, without its password", async () => {
  await using proxy = await proxyServer(407);
  const transport = createTransport(fakeConnection(new URL("http://kube.test:6443"), { proxy: proxy.url }));
  await assert.rejects(transport.send(get), (error) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /proxy 127\.0\.0\.1:\d+ refused to connect to kube\.test:6443: HTTP 407/);
    assert.doesNotMatch(error.message, /p:ss|p%3Ass/);
    return true;
  });
  transport.close();
});

Deno.test("a proxy that is not there is named", async () => {
  const proxy = new URL("http://127.0.0.1:1");
  const transport = createTransport(fakeConnection(new URL("http://kube.test:6443"), { proxy }));
  await assert.rejects(transport.send(get), /proxy 127\.0\.0\.1:1: .*ECONNREFUSED/);
  transport.close();
});
