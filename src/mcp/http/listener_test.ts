import assert from "node:assert/strict";
import { request as httpsRequest } from "node:https";
import { createThrowawayAuthority, type KeyPair } from "../../identity/throwaway_authority.ts";
import { testVisitor } from "../protocol/testing.ts";
import type { Admit } from "../surface.ts";
import type { TlsMaterial } from "./listener.ts";
import { request, testEndpoint } from "./testing.ts";

/** Calls over TLS. @returns the status, and the server's certificate as it was shown */
function ping(
  port: number,
  ca: string,
  own?: KeyPair,
): Promise<{ status: number | undefined; serial: string }> {
  return new Promise((resolve, reject) => {
    const call = httpsRequest({
      host: "127.0.0.1",
      port,
      path: "/mcp",
      method: "POST",
      agent: false,
      ca,
      ...(own === undefined ? {} : { cert: own.certPem, key: own.keyPem }),
      headers: { accept: "*/*", "content-type": "application/json" },
    }, (answer) => {
      const { serialNumber } =
        (answer.socket as unknown as { getPeerCertificate(): { serialNumber: string } })
          .getPeerCertificate();
      answer.resume();
      answer.once("end", () => resolve({ status: answer.statusCode, serial: serialNumber }));
    });
    call.once("error", reject);
    call.end(JSON.stringify(request("ping")));
  });
}

Deno.test("over TLS, callers may show certificates, and new ones of the server are taken up", async () => {
  const authority = await createThrowawayAuthority("test authority");
  const listeners = new Set<() => void>();
  const source = {
    current: undefined as TlsMaterial | undefined,
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const peers: (number | undefined)[] = [];
  const admit: Admit = ({ peer }) => {
    peers.push(peer?.leaf.byteLength);
    return Promise.resolve({ visitor: testVisitor() });
  };
  await assert.rejects(testEndpoint({ tls: source, admit }), /no certificate for the MCP port yet/);
  source.current = { ...await authority.issue("server", "server"), clientCaPem: [authority.certPem] };
  await using rig = await testEndpoint({ tls: source, admit });
  const first = await ping(rig.port, authority.certPem);
  assert.deepEqual([first.status, peers], [200, [undefined]]);
  await ping(rig.port, authority.certPem, await authority.issue("client", "client"));
  assert.ok(peers[1]! > 100);
  source.current = { ...await authority.issue("server", "server"), clientCaPem: [authority.certPem] };
  for (const listener of listeners) listener();
  const second = await ping(rig.port, authority.certPem);
  assert.equal(second.status, 200);
  assert.notEqual(second.serial, first.serial);
  source.current = undefined;
  for (const listener of listeners) listener();
  assert.equal((await ping(rig.port, authority.certPem)).serial, second.serial);
  await rig.endpoint.close();
  assert.equal(listeners.size, 0);
});

Deno.test("a connection that is no TLS is let go of", async () => {
  const authority = await createThrowawayAuthority("test authority");
  const current = await authority.issue("server", "server");
  await using rig = await testEndpoint({ tls: { current, subscribe: () => () => {} } });
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: rig.port });
  await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  const text = await new Response(connection.readable).text().catch(() => "");
  assert.doesNotMatch(text, /^HTTP/);
  assert.equal((await ping(rig.port, authority.certPem)).status, 200);
});
