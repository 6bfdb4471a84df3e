import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { DiskStore } from "./disk_store.ts";
import { IndexCache, type PageSource } from "./index_cache.ts";
import { keeping, startSite, temporaryDirectory } from "./testing/rig.ts";
import { Turns } from "./turns.ts";
import { Upstream, UpstreamError } from "./upstream.ts";

const never = new AbortController().signal;

async function world(maxBytes = 1_000_000) {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const site = stack.use(startSite());
  const upstream = stack.adopt(new Upstream([{ url: site.url }]), (one) => one.close());
  const store = await DiskStore.open(directory.path, maxBytes);
  const clock = new FakeClock();
  const kept = keeping();
  const open = (given: { readonly turns?: Turns; readonly turnMs?: number } = {}) =>
    stack.adopt(new IndexCache({ store, upstream, clock, log: kept.log, ...given }), (one) => one.close());
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

const MIB = 2 ** 20;

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !holds();) {
    assert.ok(Date.now() < end, "it did not come to that");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Large enough to need a turn; it ends when it is let. */
function largePage(end: Promise<void>): Response {
  const piece = new TextEncoder().encode("x".repeat(2 * MIB));
  return new Response(
    new ReadableStream<Uint8Array>({
      start: async (controller) => {
        controller.enqueue(piece);
        await end;
        controller.close();
      },
    }),
  );
}

Deno.test("two large pages are read at once, small ones besides", async () => {
  await using one = await world(100 * MIB);
  const turns = new Turns(2);
  const cache = one.open({ turns });
  const ends = new Map(["a", "b"].map((name) => [name, Promise.withResolvers<void>()]));
  try {
    for (const [name, { promise }] of ends) one.site.answers.set(`/${name}`, () => largePage(promise));
    for (const name of ["c", "d"]) one.site.answers.set(`/${name}`, () => largePage(Promise.resolve()));
    one.site.answers.set("/small", () => new Response("small"));
    const read: string[] = [];
    const get = async (name: string) => {
      const source = one.page(name);
      const page = await cache.get({
        ...source,
        read: (...given) => {
          read.push(name);
          return source.read(...given);
        },
      }, never);
      return page.document.length;
    };
    const first = [get("a"), get("b")];
    await until(() => turns.taken === 2);
    const second = [get("c"), get("d")];
    await until(() => turns.waiting === 2);
    assert.equal(await get("small"), 5);
    assert.deepEqual(read, ["small"]);
    ends.get("a")!.resolve();
    assert.deepEqual(await Promise.all([first[0], ...second]), [2 * MIB, 2 * MIB, 2 * MIB]);
    ends.get("b")!.resolve();
    assert.equal(await first[1], 2 * MIB);
    assert.deepEqual([turns.taken, turns.waiting], [0, 0]);
    assert.equal(read.at(-1), "b");
  } finally {
    ends.forEach(({ resolve }) => resolve());
  }
});

Deno.test("whose turn does not come is told so; a page that is known is used as it was", async () => {
  await using one = await world(100 * MIB);
  const etag = { etag: '"x"' };
  one.site.answers.set("/a", () => new Response("x".repeat(2 * MIB), { headers: etag }));
  one.site.answers.set("/b", () => new Response("x".repeat(2 * MIB)));
  one.site.answers.set("/small", () => new Response("small"));
  const turns = new Turns(1);
  const cache = one.open({ turns, turnMs: 20 });
  await cache.get(one.page("a"), never);
  const end = await turns.take(never);
  const busy = { name: "UpstreamError", status: 502, isPassing: true, message: /^test \w: .*try again$/ };
  await assert.rejects(cache.get(one.page("b"), never), busy);
  // What another process has kept takes as much to be read.
  await assert.rejects(one.open({ turns, turnMs: 20 }).get(one.page("a"), never), busy);
  await one.clock.advance(5 * 60_000);
  assert.equal((await cache.get(one.page("a"), never)).document.length, 2 * MIB);
  assert.equal((await cache.get(one.page("small"), never)).document, "small");
  end();
  assert.equal((await cache.get(one.page("b"), never)).document.length, 2 * MIB);
  assert.equal(
    (await one.open({ turns, turnMs: 60_000 }).get(one.page("a"), never)).document.length,
    2 * MIB,
  );
  assert.equal(turns.taken, 0);
});

Deno.test("a page of more than 32 MiB is refused as it comes, also where it was packed small", async () => {
  await using one = await world(100 * MIB);
  const turns = new Turns(2);
  const cache = one.open({ turns });
  const whole = (bytes: number) =>
    new Response(new Blob(["x".repeat(bytes)]).stream().pipeThrough(new CompressionStream("gzip")), {
      headers: { "content-encoding": "gzip" },
    });
  one.site.answers.set("/large", () => whole(32 * MIB + 1));
  one.site.answers.set("/fits", () => whole(32 * MIB));
  await assert.rejects(cache.get(one.page("large"), never), {
    name: "UpstreamError",
    status: 502,
    isPassing: false,
    message: /^test large: this page of the index has more than 32 MiB, .*--egress/,
  });
  assert.equal((await cache.get(one.page("fits"), never)).document.length, 32 * MIB);
  assert.equal(turns.taken, 0);
});

Deno.test("what is kept and too large is as if it were not there", async () => {
  await using one = await world(200 * MIB);
  one.site.answers.set("/a", () => new Response("page"));
  await one.open().get(one.page("a"), never);
  const [kept] = [...Deno.readDirSync(one.directory.path)].filter(({ name }) => name.startsWith("index-"));
  await Deno.truncate(`${one.directory.path}/${kept!.name}`, 64 * MIB + 1);
  assert.equal((await one.open().get(one.page("a"), never)).document, "page");
  assert.ok((await Deno.stat(`${one.directory.path}/${kept!.name}`)).size < 1_000);
});
