import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { Upstream, UpstreamError } from "./upstream.ts";
import { readAll, startRawSite, startSite } from "./testing/rig.ts";

const never = new AbortController().signal;
const text = new TextEncoder();

async function bodyOf(answer: { readonly body: AsyncIterable<Uint8Array> }): Promise<string> {
  let all = "";
  for await (const piece of answer.body) all += new TextDecoder().decode(piece);
  return all;
}

function upstreamOf(urls: readonly string[], idleMs?: number) {
  const upstream = new Upstream(urls.map((url) => ({ url })), [], idleMs);
  return { upstream, [Symbol.dispose]: () => upstream.close() };
}

function failing(status: number, words: RegExp, isPassing: boolean) {
  return (error: unknown) => {
    assert.ok(error instanceof UpstreamError, String(error));
    assert.equal(error.status, status);
    assert.equal(error.isPassing, isPassing);
    assert.match(error.message, words);
    return true;
  };
}

Deno.test("what a registry has packed is unpacked, and what it has not is as it is", async () => {
  await using site = startSite();
  site.answers.set("/plain", () => new Response("plain"));
  site.answers.set(
    "/packed",
    () =>
      new Response(gzipSync("packed ".repeat(10_000)) as Uint8Array<ArrayBuffer>, {
        headers: { "content-encoding": "gzip" },
      }),
  );
  using one = upstreamOf([site.url]);
  const plain = await one.upstream.get(`${site.url}/plain`, { accept: "x/y" }, never);
  assert.equal(plain.status, 200);
  assert.equal(await bodyOf(plain), "plain");
  assert.equal(site.requests[0]!.headers.get("accept"), "x/y");
  assert.equal(site.requests[0]!.headers.get("accept-encoding"), "identity");
  const packed = await one.upstream.get(`${site.url}/packed`, { "accept-encoding": "gzip" }, never);
  assert.equal((await bodyOf(packed)).length, 70_000);
});

Deno.test("statuses are told apart: gone, refused, busy", async () => {
  await using site = startSite();
  for (const status of [401, 403, 410, 429, 500, 503]) {
    site.answers.set(`/${status}`, () => new Response("", { status }));
  }
  using one = upstreamOf([site.url]);
  const get = (path: string) =>
    one.upstream.get(`${site.url}${path}?token=secret`.replace(/\?.*/, ""), {}, never);
  await assert.rejects(get("/none"), failing(404, /\/none: there is no such thing/, false));
  await assert.rejects(get("/410"), failing(404, /no such thing/, false));
  await assert.rejects(get("/401"), failing(502, /answered 401; the worker's credentials/, false));
  await assert.rejects(get("/403"), failing(502, /answered 403; the worker's credentials/, false));
  for (const status of [429, 500, 503]) {
    await assert.rejects(get(`/${status}`), failing(502, new RegExp(`answered ${status}`), true));
  }
});

Deno.test("queries are not told: they may have credentials", async () => {
  await using site = startSite();
  using one = upstreamOf([site.url]);
  await assert.rejects(one.upstream.get(`${site.url}/x?signature=secret`, {}, never), (error: Error) => {
    return error.message.includes("/x") && !error.message.includes("secret");
  });
});

Deno.test("a registry that says nothing is given up, before its answer and in the middle of it", async () => {
  await using silent = startRawSite(async (connection) => void await readAll(connection));
  await using stalling = startRawSite(async (connection) => {
    await connection.read(new Uint8Array(4_096));
    await connection.write(text.encode("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
    await readAll(connection);
  });
  const urls = [silent, stalling].map(({ port }) => `http://127.0.0.1:${port}`);
  using one = upstreamOf(urls, 200);
  await assert.rejects(one.upstream.get(`${urls[0]}/a`, {}, never), failing(504, /no answer/, true));
  const answer = await one.upstream.get(`${urls[1]}/a`, {}, never);
  await assert.rejects(bodyOf(answer), (error) => error instanceof UpstreamError && error.isPassing);
});

Deno.test("answers that break off, or are none, are failures that may pass", async () => {
  const said = [
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
  ];
  for (const words of said) {
    await using site = startRawSite(async (connection) => {
      await connection.read(new Uint8Array(4_096));
      await connection.write(text.encode(words));
    });
    const url = `http://127.0.0.1:${site.port}`;
    using one = upstreamOf([url]);
    const answer = await one.upstream.get(`${url}/a`, {}, never);
    await assert.rejects(bodyOf(answer), failing(502, /broke off/, true));
  }
  await using rubbish = startRawSite(async (connection) => {
    await connection.read(new Uint8Array(4_096));
    await connection.write(text.encode("SSH-2.0-none\r\n"));
  });
  const url = `http://127.0.0.1:${rubbish.port}`;
  using one = upstreamOf([url]);
  await assert.rejects(one.upstream.get(`${url}/a`, {}, never), failing(502, /could not be asked/, true));
});

Deno.test("who goes away does not wait", async () => {
  await using silent = startRawSite(async (connection) => void await readAll(connection));
  const url = `http://127.0.0.1:${silent.port}`;
  using one = upstreamOf([url]);
  const leaving = new AbortController();
  const asking = one.upstream.get(`${url}/a`, {}, leaving.signal);
  leaving.abort(new Error("gone"));
  await assert.rejects(asking, /gone/);
  await assert.rejects(one.upstream.get(`${url}/a`, {}, leaving.signal), /gone/);
});

Deno.test("credentials go to the registry that they are of, and not along with a redirect", async () => {
  await using site = startSite();
  await using other = startSite();
  const upstream = new Upstream([
    { url: `${site.url}/api/pypi`, authorization: "Basic pypi" },
    { url: `${site.url}/api/npm`, authorization: "Basic npm" },
    { url: other.url },
  ]);
  site.answers.set("/api/pypi/a", () => new Response("a"));
  site.answers.set(
    "/api/npm/a",
    () => new Response(null, { status: 302, headers: { location: `${other.url}/b` } }),
  );
  other.answers.set("/b", () => new Response("b"));
  await bodyOf(await upstream.get(`${site.url}/api/pypi/a`, {}, never));
  const moved = await upstream.get(`${site.url}/api/npm/a`, {}, never);
  assert.equal(await bodyOf(moved), "b");
  assert.equal(moved.url.href, `${other.url}/b`);
  assert.deepEqual(site.requests.map(({ headers }) => headers.get("authorization")), [
    "Basic pypi",
    "Basic npm",
  ]);
  assert.equal(other.requests[0]!.headers.get("authorization"), null);
  upstream.close();
});

Deno.test("nothing internal is asked but the registries themselves, by address or by name", async () => {
  await using site = startSite();
  await using inside = startSite();
  using one = upstreamOf([site.url]);
  for (
    const url of [
      inside.url,
      `http://localhost:${inside.port}`,
      `http://[::ffff:127.0.0.1]:${inside.port}`,
      "http://10.0.0.1",
    ]
  ) {
    await assert.rejects(one.upstream.get(`${url}/a`, {}, never), (error) => {
      return error instanceof UpstreamError && /internal address/.test(error.message);
    }, url);
  }
  assert.equal(inside.requests.length, 0);
});
