import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { DiskStore } from "./disk_store.ts";
import { IndexCache, type PageSource } from "./index_cache.ts";
import { keeping, startSite, temporaryDirectory } from "./testing/rig.ts";
import { Upstream, UpstreamError } from "./upstream.ts";

const never = new AbortController().signal;

async function world() {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const site = stack.use(startSite());
  const upstream = stack.adopt(new Upstream([{ url: site.url }]), (one) => one.close());
  const store = await DiskStore.open(directory.path, 1_000_000);
  const clock = new FakeClock();
  const kept = keeping();
  const open = () =>
    stack.adopt(new IndexCache({ store, upstream, clock, log: kept.log }), (one) => one.close());
  const page = (name: string): PageSource => ({
    key: `test ${name}`,
    url: `${site.url}/${name}`,
    accept: "text/plain",
    read: (document) => {
      if (document === "unreadable") throw new Error("no page");
      return { document, files: {} };
    },
  });
  return {
    site,
    store,
    directory,
    clock,
    open,
    page,
    ...kept,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test("many who ask at once are one question", async () => {
  await using one = await world();
  const open = Promise.withResolvers<void>();
  one.site.answers.set("/a", async () => {
    await open.promise;
    return new Response("page");
  });
  const cache = one.open();
  const leaving = new AbortController();
  const all = Array.from({ length: 20 }, () => cache.get(one.page("a"), never));
  const left = cache.get(one.page("a"), leaving.signal);
  leaving.abort(new Error("gone"));
  await assert.rejects(left, /gone/);
  open.resolve();
  for (const page of await Promise.all(all)) assert.equal(page.document, "page");
  assert.equal(one.site.requests.length, 1);
});

Deno.test("a failure is not remembered", async () => {
  await using one = await world();
  const cache = one.open();
  await assert.rejects(cache.get(one.page("a"), never), UpstreamError);
  one.site.answers.set("/a", () => new Response("unreadable"));
  await assert.rejects(
    cache.get(one.page("a"), never),
    /test a: what the registry sent cannot be read: no page/,
  );
  one.site.answers.set("/a", () => new Response("page"));
  assert.equal((await cache.get(one.page("a"), never)).document, "page");
});

Deno.test("without an ETag the page is asked for as a whole; with one, only whether it changed", async () => {
  await using one = await world();
  let count = 0;
  one.site.answers.set("/a", () => new Response(`page ${++count}`));
  const cache = one.open();
  await cache.get(one.page("a"), never);
  await one.clock.advance(5 * 60_000);
  assert.equal((await cache.get(one.page("a"), never)).document, "page 2");
  assert.equal(one.site.requests[1]!.headers.get("if-none-match"), null);
});

Deno.test("another process asks again by the ETag that the first one kept", async () => {
  await using one = await world();
  one.site.answers.set(
    "/a",
    (request) =>
      request.headers.get("if-none-match") === '"x"'
        ? new Response(null, { status: 304 })
        : new Response("page", { headers: { etag: '"x"' } }),
  );
  await one.open().get(one.page("a"), never);
  assert.equal((await one.open().get(one.page("a"), never)).document, "page");
  assert.equal(one.site.requests[1]!.headers.get("if-none-match"), '"x"');
});

Deno.test("what is kept and cannot be read is as if it were not there", async () => {
  await using one = await world();
  one.site.answers.set("/a", () => new Response("page", { headers: { etag: '"x"' } }));
  await one.open().get(one.page("a"), never);
  const [kept] = [...Deno.readDirSync(one.directory.path)].filter(({ name }) => name.startsWith("index-"));
  for (
    const text of [
      "{",
      "{}",
      JSON.stringify({ key: "other", etag: "", checkedAt: 0, page: { document: "x", files: {} } }),
    ]
  ) {
    await Deno.writeTextFile(`${one.directory.path}/${kept!.name}`, text);
    const before = one.site.requests.length;
    assert.equal((await one.open().get(one.page("a"), never)).document, "page", text);
    assert.equal(one.site.requests[before]!.headers.get("if-none-match"), null);
  }
});

Deno.test("pages in memory have a limit, the others are asked for by their ETag", async () => {
  await using one = await world();
  const cache = one.open();
  const large = "x".repeat(9 * 2 ** 20);
  for (const name of ["a", "b"]) one.site.answers.set(`/${name}`, () => new Response(large));
  await cache.get(one.page("a"), never);
  await cache.get(one.page("b"), never);
  await cache.get(one.page("b"), never);
  assert.equal(one.site.requests.length, 2);
  await cache.get(one.page("a"), never);
  assert.equal(one.site.requests.length, 3);
  // They do not fit the disk either, and are served all the same.
  assert.ok(one.lines.some(({ message }) => message.includes("could not be kept")));
});
