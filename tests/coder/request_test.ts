import assert from "node:assert/strict";
import { request, RequestError, send } from "./request.ts";

/** A server that answers with what it was asked. */
async function withEcho(run: (url: string) => Promise<void>): Promise<void> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (asked) => {
    const { pathname, search } = new URL(asked.url);
    if (pathname === "/text") return new Response("OK");
    if (pathname === "/empty") return new Response(null, { status: 204 });
    if (pathname === "/moved") return new Response(null, { status: 307, headers: { location: "/echo" } });
    const status = Number(new URLSearchParams(search).get("status") ?? 200);
    return Response.json({
      method: asked.method,
      path: pathname + search,
      token: asked.headers.get("coder-session-token"),
      type: asked.headers.get("content-type"),
      body: await asked.text(),
    }, { status });
  });
  await run(`http://127.0.0.1:${server.addr.port}`);
}

Deno.test("a request carries its token and its body as JSON", () =>
  withEcho(async (url) => {
    const said = await request(url, "POST", "/echo?a=1", { token: "t", body: { x: [1] } });
    assert.deepEqual(said, {
      method: "POST",
      path: "/echo?a=1",
      token: "t",
      type: "application/json",
      body: '{"x":[1]}',
    });
  }));

Deno.test("without token and body there is no header for them", () =>
  withEcho(async (url) => {
    const said = await request(url, "GET", "/echo");
    assert.deepEqual([said.token, said.type, said.body], [null, null, ""]);
  }));

Deno.test("bytes are sent as they are, with the type that was asked for", () =>
  withEcho(async (url) => {
    const headers = { "content-type": "application/x-tar" };
    const said = await request(url, "POST", "/echo", { body: new TextEncoder().encode("bytes"), headers });
    assert.deepEqual([said.type, said.body], ["application/x-tar", "bytes"]);
  }));

Deno.test("an answer other than 2xx is an error with status and body, or an answer, as one likes", () =>
  withEcho(async (url) => {
    await assert.rejects(
      request(url, "DELETE", "/echo?status=409"),
      (error) =>
        error instanceof RequestError && error.status === 409 && error.body.method === "DELETE" &&
        error.message.startsWith("DELETE /echo?status=409 answered 409: {"),
    );
    const { status, body } = await send(url, "GET", "/echo?status=500");
    assert.deepEqual([status, body.method], [500, "GET"]);
  }));

Deno.test("texts, empty answers and redirects are returned as they are", () =>
  withEcho(async (url) => {
    assert.equal(await request(url, "GET", "/text"), "OK");
    assert.equal(await request(url, "GET", "/empty"), undefined);
    const { status, headers } = await send(url, "GET", "/moved");
    assert.deepEqual([status, headers.get("location")], [307, "/echo"]);
  }));

Deno.test("a server that does not answer is given up at the deadline", async () => {
  // Nobody accepts: the kernel takes the connection, no answer ever comes.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  await assert.rejects(send(url, "GET", "/", { timeoutMs: 50 }), { name: "TimeoutError" });
});
