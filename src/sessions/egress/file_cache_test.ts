import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { DiskStore } from "./disk_store.ts";
import type { FileSource } from "./download.ts";
import { type CachedFile, FileCache } from "./file_cache.ts";
import { keeping, startSite, temporaryDirectory } from "./testing/rig.ts";
import { Upstream } from "./upstream.ts";

const never = new AbortController().signal;
const text = new TextEncoder();

async function world(holdMs = 60_000) {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const site = stack.use(startSite());
  const upstream = stack.adopt(new Upstream([{ url: site.url }]), (one) => one.close());
  const store = await DiskStore.open(directory.path, 1_000_000);
  const kept = keeping();
  const files = stack.adopt(new FileCache(store, upstream, kept.metrics, holdMs), (one) => one.close());
  const source = (
    body: string,
    algorithm: "sha1" | "sha256" | "sha512" = "sha256",
    path = "/f",
  ): FileSource => ({
    url: site.url + path,
    hash: { algorithm, hex: createHash(algorithm).update(body).digest("hex") },
  });
  return {
    site,
    store,
    files,
    directory,
    source,
    ...kept,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function bodyOf(file: CachedFile): Promise<string> {
  let all = "";
  try {
    for await (const piece of file.body) all += new TextDecoder().decode(piece);
  } finally {
    await file.release();
  }
  return all;
}

/** Says `first` at once, and `last` when told. */
function slowly(first: string, last: string) {
  const rest = Promise.withResolvers<void>();
  const answer = () =>
    new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(text.encode(first));
          await rest.promise;
          controller.enqueue(text.encode(last));
          controller.close();
        },
      }),
      { headers: { "content-length": String(first.length + last.length) } },
    );
  return { answer, go: rest.resolve };
}

Deno.test("every algorithm that indexes use is checked", async () => {
  await using one = await world();
  one.site.answers.set("/f", () => new Response("body"));
  for (const algorithm of ["sha1", "sha256", "sha512"] as const) {
    const file = await one.files.get(one.source("body", algorithm), never);
    assert.equal(file.isCached, false);
    assert.equal(await bodyOf(file), "body");
    await assert.rejects(one.files.get(one.source("other", algorithm), never), /is not what its index says/);
    assert.equal(
      (await one.files.get(one.source("body", algorithm), never).then(async (again) => {
        await again.release();
        return again;
      })).isCached,
      true,
    );
  }
  assert.equal(one.counted.get("worker_package_downloads_total{ok}"), 3);
  assert.equal(one.counted.get("worker_package_downloads_total{failed}"), 3);
});

Deno.test("the same bytes from elsewhere are the same file", async () => {
  await using one = await world();
  one.site.answers.set("/f", () => new Response("body"));
  assert.equal(await bodyOf(await one.files.get(one.source("body"), never)), "body");
  assert.equal(await bodyOf(await one.files.get(one.source("body", "sha256", "/elsewhere"), never)), "body");
  assert.equal(one.site.requests.length, 1);
});

Deno.test("a long download is followed by all who want it, from its beginning", async () => {
  await using one = await world(0);
  const { answer, go } = slowly("first ", "last");
  one.site.answers.set("/f", answer);
  const early = await one.files.get(one.source("first last"), never);
  assert.equal(early.size, 10);
  const reading = bodyOf(early);
  const late = await one.files.get(one.source("first last"), never);
  const leaving = new AbortController();
  const left = bodyOf(await one.files.get(one.source("first last"), leaving.signal));
  leaving.abort(new Error("gone"));
  await assert.rejects(left, /gone/);
  go();
  assert.equal(await reading, "first last");
  // It is over and kept under another name by the time that this one begins to read.
  assert.equal(await bodyOf(late), "first last");
  assert.equal(one.site.requests.length, 1);
});

Deno.test("one who asks and goes away does not end what others wait for", async () => {
  await using one = await world();
  const { answer, go } = slowly("a", "b");
  one.site.answers.set("/f", answer);
  const leaving = new AbortController();
  const gone = one.files.get(one.source("ab"), leaving.signal);
  const other = one.files.get(one.source("ab"), never);
  leaving.abort(new Error("gone"));
  await assert.rejects(gone, /gone/);
  go();
  assert.equal(await bodyOf(await other), "ab");
});

Deno.test("a file that does not fit is a failure of its own, and leaves nothing behind", async () => {
  await using one = await world();
  const body = "x".repeat(1_500_000);
  one.site.answers.set("/f", () => new Response(body));
  await assert.rejects(one.files.get(one.source(body), never), /has no room for it/);
  assert.equal(one.store.bytes, 0);
  assert.deepEqual([...Deno.readDirSync(`${one.directory.path}/drafts`)], []);
});

Deno.test("closing ends what is under way", async () => {
  await using one = await world();
  const { answer, go } = slowly("a", "b");
  one.site.answers.set("/f", answer);
  const asking = one.files.get(one.source("ab"), never);
  const refused = assert.rejects(asking, /the worker stops/);
  while (one.site.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await one.files.close();
  await refused;
  go();
  assert.equal(one.store.bytes, 0);
});

Deno.test("more downloads than may be at once wait for each other", async () => {
  await using one = await world();
  let now = 0;
  let most = 0;
  const bodies = Array.from({ length: 100 }, (_, index) => `body ${index}`);
  for (const [index, body] of bodies.entries()) {
    one.site.answers.set(`/${index}`, async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now--;
      return new Response(body);
    });
  }
  const all = await Promise.all(
    bodies.map(async (body, index) =>
      await bodyOf(await one.files.get(one.source(body, "sha256", `/${index}`), never))
    ),
  );
  assert.deepEqual(all, bodies);
  assert.ok(most <= 32, String(most));
});
