import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "../cluster/mod.ts";
import { startRecorder } from "./recorder.ts";

async function upstream(listener: http.RequestListener) {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
const call = (url: string, body: object, signal?: AbortSignal) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer t" },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
const CALL = { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "list_workspaces" } };

Deno.test("what goes through is written down, and arrives as it was sent", async () => {
  const seen: (string | undefined)[] = [];
  await using server = await upstream((request, response) => {
    seen.push(request.headers.authorization, request.headers.host, request.url);
    response.writeHead(200, { "content-type": "application/json", "mcp-session-id": "s" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id: 7, result: { content: [] } }));
  });
  await using recorder = await startRecorder(server.url);
  const answer = await call(recorder.url, CALL);
  assert.equal(answer.headers.get("mcp-session-id"), "s");
  const text = await answer.text();
  assert.deepEqual(seen, ["Bearer t", new URL(server.url).host, "/mcp"]);
  const [{ ms, ...exchange } = { ms: -1 }] = recorder.exchanges;
  assert.ok(ms >= 0);
  assert.deepEqual(exchange, {
    method: "tools/call",
    params: { name: "list_workspaces" },
    status: 200,
    bytesIn: JSON.stringify(CALL).length,
    bytesOut: text.length,
    result: { content: [] },
    error: undefined,
  });
});

Deno.test("of a stream of events the answer is found, and the stream comes as it goes", async () => {
  const more = Promise.withResolvers<void>();
  await using server = await upstream(async (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${JSON.stringify({ method: "notifications/progress", params: {} })}\n\n`);
    await more.promise;
    response.end(
      `event: message\ndata: ${JSON.stringify({ id: 7, error: { code: -1, message: "no" } })}\n\n`,
    );
  });
  await using recorder = await startRecorder(server.url);
  const answer = await call(recorder.url, CALL);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  assert.match((await reader.read()).value ?? "", /progress/);
  assert.equal(recorder.exchanges.length, 0);
  more.resolve();
  while (!(await reader.read()).done);
  assert.deepEqual(recorder.exchanges[0]?.error, { code: -1, message: "no" });
});

Deno.test("a client that leaves is not counted, and the server hears of it", async () => {
  const left = Promise.withResolvers<void>();
  await using server = await upstream((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": hello\n\n");
    response.on("close", () => left.resolve());
  });
  await using recorder = await startRecorder(server.url);
  const leave = new AbortController();
  const answer = await call(recorder.url, CALL, leave.signal);
  leave.abort();
  await answer.text().catch(() => {});
  await left.promise;
  assert.deepEqual(recorder.exchanges, []);
});

Deno.test("a server that is away is answered for, and requests without a message are told by their method", async () => {
  // No neighbour takes this port meanwhile.
  await using nobody = await startRecorder("http://127.0.0.1:1/mcp");
  assert.equal((await call(nobody.url, CALL)).status, 502);
  await using server = await upstream((_, response) => void response.writeHead(405).end());
  await using recorder = await startRecorder(server.url);
  assert.equal((await fetch(recorder.url, { method: "DELETE" })).status, 405);
  await waitFor(() => recorder.exchanges.length === 1, { what: "it to be written down" });
  assert.deepEqual([recorder.exchanges[0]?.method, recorder.exchanges[0]?.status], ["DELETE", 405]);
});
