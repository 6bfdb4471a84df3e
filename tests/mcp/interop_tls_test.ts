/** The official clients over TLS, with and without a certificate of their own. */
import assert from "node:assert/strict";
import { createAuthority, issueCertificate } from "../cluster/mod.ts";
import { CLIENTS } from "./clients.ts";
import { startEndpoint } from "./endpoint_rig.ts";
import { proveInterop } from "./interop_suite.ts";
import { initialize } from "./raw.ts";

/** An authority, a server that clients may show certificates to, and a client that has one. */
async function certificates() {
  const authority = await createAuthority("test authority");
  const server = await issueCertificate(authority, {
    commonName: "mcp",
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
    usage: ["server"],
  });
  const own = await issueCertificate(authority, { commonName: "ann", usage: ["client"] });
  const current = { certPem: server.certPem, keyPem: server.keyPem, clientCaPem: [authority.certPem] };
  return { authority, own, tls: { current, subscribe: () => () => {} } };
}

Deno.test("the clients that can be given authorities do everything over TLS, and those without them nothing", async (t) => {
  const { authority, own, tls } = await certificates();
  const shown: (number | undefined)[] = [];
  await using rig = await startEndpoint({
    tokens: { a: "ann" },
    seen: ({ peer }) => shown.push(peer?.leaf.byteLength),
    endpoint: { tls },
  });
  const url = `https://localhost:${rig.port}/mcp`;
  const kinds = CLIENTS.filter(({ protocol }) => protocol >= "2025-06-18");
  for (const certificate of [undefined, { cert: own.certPem, key: own.keyPem }]) {
    shown.length = 0;
    using trusting = Deno.createHttpClient({ caCerts: [authority.certPem], ...certificate });
    const route = {
      url,
      token: "a",
      fetch: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, { ...init, client: trusting }),
    };
    for (const kind of kinds) {
      const name = `${kind.name}, ${
        certificate === undefined ? "no certificate" : "a certificate of its own"
      }`;
      const elicits = kind.protocol >= "2026";
      await t.step(name, (t) => proveInterop(t, kind, route, { elicits, sticky: true, prefix: name }));
    }
    const isShown = shown.every((length) => certificate === undefined ? length === undefined : length! > 100);
    assert.ok(shown.length > 0 && isShown);
  }
  for (const kind of kinds) await assert.rejects(kind.connect({ url, token: "a" }));
});

Deno.test("W-9: with streams open over TLS, too, a stop waits for none of them", async () => {
  const { authority, tls } = await certificates();
  // No comment comes on a stream meanwhile.
  await using rig = await startEndpoint({ endpoint: { tls, keepAliveMs: 3_600_000 } });
  const url = `https://localhost:${rig.port}/mcp`;
  using client = Deno.createHttpClient({ caCerts: [authority.certPem] });
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const begun = await fetch(url, { method: "POST", headers, body: JSON.stringify(initialize()), client });
  await begun.body?.cancel();
  const session = { ...headers, "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
  const streams = await Promise.all(
    Array.from({ length: 10 }, () => fetch(url, { headers: session, client })),
  );
  assert.deepEqual([...new Set(streams.map(({ status }) => status)), rig.streams], [200, 10]);
  const began = performance.now();
  await rig.stop();
  const took = performance.now() - began;
  assert.ok(took < 10_000, `it took ${took} ms`);
  for (const stream of streams) assert.equal(await stream.text(), "");
});
