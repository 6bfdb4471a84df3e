import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { CallCredentials } from "@grpc/grpc-js";
import { createThrowawayAuthority } from "../../identity/throwaway_authority.ts";
import { TlsCredentials } from "./tls_client.ts";

const authority = await createThrowawayAuthority("one");

async function connection(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

async function serving<T>(run: (port: number, names: string[]) => Promise<T>): Promise<T> {
  const pair = await authority.issue("coordinator", "server");
  const names: string[] = [];
  const options = { cert: pair.certPem, key: pair.keyPem, ALPNProtocols: ["h2"] };
  const server = createTlsServer(options, (socket) => {
    names.push(String((socket as { servername?: unknown }).servername));
    socket.on("error", () => {});
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  try {
    return await run((server.address() as AddressInfo).port, names);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

Deno.test("an address is verified as an address, and a name as a name", async () => {
  await serving(async (port) => {
    for (
      const [hostname, serverName, isGood] of [
        ["127.0.0.1", undefined, true],
        ["127.0.0.2", undefined, false],
        ["[::1]", undefined, false],
        ["coordinator.example.com", undefined, false],
        ["127.0.0.1", "coordinator.example.com", false],
        ["coordinator.example.com", "127.0.0.1", true],
      ] as const
    ) {
      const credentials = new TlsCredentials(hostname, { caPem: authority.certPem, serverName });
      const connector = credentials._createSecureConnector(undefined, undefined);
      await connector.waitForReady();
      const socket = await connection(port);
      const outcome = await connector.connect(socket).then(({ socket: secure, secure: isSecure }) => {
        secure.destroy();
        return isSecure;
      }, () => false);
      assert.equal(outcome, isGood, `${hostname} ${serverName}`);
      socket.destroy();
      connector.destroy();
    }
  });
});

Deno.test("a connection that ends while TLS is set up is a failure, and not waited for", async () => {
  const server = createServer((socket) => socket.on("error", () => {}).destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const connector = new TlsCredentials("127.0.0.1", {})._createSecureConnector(undefined, undefined);
  const socket = await connection((server.address() as AddressInfo).port);
  await assert.rejects(connector.connect(socket));
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

Deno.test("it is secure, itself alone, and has no credentials of calls unless it is given some", () => {
  const credentials = new TlsCredentials("127.0.0.1", {});
  assert.equal(credentials._isSecure(), true);
  assert.equal(credentials._equals(credentials), true);
  assert.equal(credentials._equals(new TlsCredentials("127.0.0.1", {})), false);
  const own = CallCredentials.createEmpty();
  assert.equal(credentials._createSecureConnector(undefined, undefined, own).getCallCredentials(), own);
  assert.ok(credentials._createSecureConnector(undefined, undefined).getCallCredentials());
});
