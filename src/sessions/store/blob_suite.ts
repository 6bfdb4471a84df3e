/** What every store of blobs must do. For tests alone. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { BlobLimits } from "./blob_rules.ts";
import type { BlobFacts, BlobStore } from "./types.ts";

export interface BlobSuite {
  /** Of the implementation: begins the names of its tests. */
  readonly name: string;
  /** Runs something with an empty store. */
  readonly use: (
    options: { readonly limits: BlobLimits; readonly now: () => number },
    run: (store: BlobStore) => Promise<void>,
  ) => Promise<void>;
}

export const FACTS: BlobFacts = { expiresAt: 10_000, facts: { session: "sess-1", files: 3 } };

/** As pieces of a file come. */
export async function* chunksOf(...parts: readonly (string | Uint8Array)[]): AsyncIterable<Uint8Array> {
  for (const part of parts) {
    await Promise.resolve();
    yield typeof part === "string" ? new TextEncoder().encode(part) : part;
  }
}

export async function bytesOf(chunks: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  assert.notEqual(chunks, undefined);
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks!) parts.push(chunk.slice());
  return Buffer.concat(parts).toString();
}

/** Registers the tests of one implementation. */
export function testBlobStore({ name, use }: BlobSuite): void {
  const { signal } = new AbortController();
  const limits = { maxBytes: 100, maxOwnerBytes: 120, maxTotalBytes: 150 };
  const test = (what: string, run: (store: BlobStore, time: { now: number }) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      const time = { now: 1_000 };
      await use({ limits, now: () => time.now }, (store) => run(store, time));
    });

  test("what was written in pieces is read as it was", async (store) => {
    const info = await store.write("ann", "ckpt-1", FACTS, chunksOf("one ", "", "two"), signal);
    const sha256 = createHash("sha256").update("one two").digest("hex");
    assert.deepEqual(info, { ...FACTS, owner: "ann", id: "ckpt-1", size: 7, sha256, createdAt: 1_000 });
    assert.deepEqual(await store.get("ann", "ckpt-1", signal), info);
    assert.deepEqual(await store.list("ann", signal), [info]);
    assert.equal(await bytesOf(await store.read("ann", "ckpt-1", signal)), "one two");
    assert.equal(await bytesOf(await store.read("ann", "ckpt-1", signal)), "one two");
  });

  test("an empty one is one, too", async (store) => {
    const info = await store.write("ann", "ckpt-1", FACTS, chunksOf(), signal);
    assert.equal(info.size, 0);
    assert.equal(await bytesOf(await store.read("ann", "ckpt-1", signal)), "");
  });

  test("chunks may be used again by who gave them", async (store) => {
    const chunk = new TextEncoder().encode("abc");
    const chunks = (async function* () {
      for (const letter of "xyz") {
        await Promise.resolve();
        chunk.fill(letter.charCodeAt(0));
        yield chunk;
      }
    })();
    await store.write("ann", "ckpt-1", FACTS, chunks, signal);
    chunk.fill(0);
    assert.equal(await bytesOf(await store.read("ann", "ckpt-1", signal)), "xxxyyyzzz");
  });

  test("others do not have it", async (store) => {
    await store.write("ann", "ckpt-1", FACTS, chunksOf("hers"), signal);
    assert.equal(await store.get("bob", "ckpt-1", signal), undefined);
    assert.equal(await store.read("bob", "ckpt-1", signal), undefined);
    assert.deepEqual(await store.list("bob", signal), []);
    await store.delete("bob", "ckpt-1", signal);
    await store.write("bob", "ckpt-1", FACTS, chunksOf("his"), signal);
    assert.equal(await bytesOf(await store.read("ann", "ckpt-1", signal)), "hers");
  });

  test("an id is written once", async (store) => {
    await store.write("ann", "ckpt-1", FACTS, chunksOf("a"), signal);
    await assert.rejects(store.write("ann", "ckpt-1", FACTS, chunksOf("b"), signal), { code: "conflict" });
    assert.equal(await bytesOf(await store.read("ann", "ckpt-1", signal)), "a");
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => store.write("ann", "ckpt-2", FACTS, chunksOf("b"), signal)),
    );
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  });

  test("ids are names of nothing else", async (store) => {
    for (const id of ["", ".", "..", "../x", "a/b", "a\0b", "A", "ä", "a.json", "x".repeat(200)]) {
      await assert.rejects(store.write("ann", id, FACTS, chunksOf("a"), signal), { code: "invalid" });
      assert.equal(await store.get("ann", id, signal), undefined);
      assert.equal(await store.read("ann", id, signal), undefined);
      await store.delete("ann", id, signal);
    }
    for (const owner of ["", "../..", "a/b\0", "😀".repeat(300)]) {
      await store.write(owner, "ckpt-1", FACTS, chunksOf("a"), signal);
      assert.equal((await store.get(owner, "ckpt-1", signal))?.owner, owner);
      await store.delete(owner, "ckpt-1", signal);
    }
  });

  test("one that is too large is not there, and takes no room", async (store) => {
    await assert.rejects(
      store.write("ann", "ckpt-1", FACTS, chunksOf("x".repeat(60), "x".repeat(41)), signal),
      {
        code: "limit",
        message: /one may have 100 bytes/,
      },
    );
    assert.equal(await store.get("ann", "ckpt-1", signal), undefined);
    await store.write("ann", "ckpt-1", FACTS, chunksOf("x".repeat(100)), signal);
    await assert.rejects(store.write("bob", "ckpt-2", FACTS, chunksOf("x".repeat(51)), signal), {
      code: "limit",
    });
    await store.write("bob", "ckpt-2", FACTS, chunksOf("x".repeat(50)), signal);
    await store.delete("ann", "ckpt-1", signal);
    await store.delete("ann", "ckpt-1", signal);
    await store.write("ann", "ckpt-3", FACTS, chunksOf("x".repeat(100)), signal);
  });

  test("one owner does not take the room of the others", async (store, time) => {
    const over = {
      code: "limit",
      message: /one owner's together 120: .* when an older one of yours is over/,
    };
    const write = (owner: string, id: string, size: number) =>
      store.write(owner, id, FACTS, chunksOf("x".repeat(size)), signal);
    await write("ann", "ckpt-1", 100);
    await assert.rejects(write("ann", "ckpt-2", 21), over);
    await write("ann", "ckpt-2", 20);
    await assert.rejects(write("ann", "ckpt-3", 1), over);
    await write("bob", "ckpt-1", 30);
    await store.delete("bob", "ckpt-1", signal);
    await assert.rejects(write("ann", "ckpt-3", 1), over);
    await store.delete("ann", "ckpt-2", signal);
    await write("ann", "ckpt-3", 20);
    time.now = 10_001;
    assert.equal(await store.sweep(signal), 2);
    await write("ann", "ckpt-4", 100);
    await assert.rejects(write("ann", "ckpt-5", 21), over);
  });

  test("one owner's that are written side by side have one share, too", async (store) => {
    const [isHalf, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = (async function* () {
      yield* chunksOf("x".repeat(60));
      isHalf.resolve();
      await goOn.promise;
      yield* chunksOf("x".repeat(20));
    })();
    const first = store.write("ann", "ckpt-1", FACTS, slow, signal);
    await isHalf.promise;
    await assert.rejects(store.write("ann", "ckpt-2", FACTS, chunksOf("x".repeat(61)), signal), {
      code: "limit",
    });
    await store.write("ann", "ckpt-3", FACTS, chunksOf("x".repeat(50)), signal);
    await store.write("bob", "ckpt-1", FACTS, chunksOf("x".repeat(40)), signal);
    goOn.resolve();
    await assert.rejects(first, { code: "limit" });
    // What it had taken is free again.
    await store.write("ann", "ckpt-4", FACTS, chunksOf("x".repeat(60)), signal);
  });

  test("one that is deleted by several at once gives its room back once", async (store) => {
    await store.write("ann", "ckpt-1", FACTS, chunksOf("x".repeat(60)), signal);
    await store.write("ann", "ckpt-2", FACTS, chunksOf("x".repeat(60)), signal);
    await Promise.all(Array.from({ length: 5 }, () => store.delete("ann", "ckpt-1", signal)));
    await assert.rejects(store.write("ann", "ckpt-3", FACTS, chunksOf("x".repeat(61)), signal), {
      code: "limit",
    });
    await store.write("ann", "ckpt-3", FACTS, chunksOf("x".repeat(60)), signal);
  });

  test("what fails or is given up half-way is not there", async (store) => {
    const failing = (async function* () {
      yield* chunksOf("half");
      throw new Error("away");
    })();
    await assert.rejects(store.write("ann", "ckpt-1", FACTS, failing, signal), { message: "away" });
    const stop = new AbortController();
    const stopping = (async function* () {
      yield* chunksOf("half");
      stop.abort(new Error("enough"));
    })();
    await assert.rejects(store.write("ann", "ckpt-1", FACTS, stopping, stop.signal), { message: "enough" });
    assert.equal(await store.get("ann", "ckpt-1", signal), undefined);
    assert.deepEqual(await store.list("ann", signal), []);
    await store.write("ann", "ckpt-1", FACTS, chunksOf("whole"), signal);
  });

  test("the newest comes first", async (store, time) => {
    for (const [id, at] of [["b", 2], ["c", 1], ["a", 2]] as const) {
      time.now = at;
      await store.write("ann", id, FACTS, chunksOf("x"), signal);
    }
    assert.deepEqual((await store.list("ann", signal)).map(({ id }) => id), ["a", "b", "c"]);
  });

  test("what is over is not there, and is swept", async (store, time) => {
    await store.write("ann", "old", FACTS, chunksOf("x".repeat(100)), signal);
    await store.write("ann", "new", { ...FACTS, expiresAt: 20_000 }, chunksOf("new"), signal);
    assert.equal(await store.sweep(signal), 0);
    time.now = 10_001;
    assert.equal(await store.get("ann", "old", signal), undefined);
    assert.equal(await store.read("ann", "old", signal), undefined);
    assert.deepEqual((await store.list("ann", signal)).map(({ id }) => id), ["new"]);
    assert.equal(await store.sweep(signal), 1);
    assert.equal(await store.sweep(signal), 0);
    await store.write("ann", "next", { ...FACTS, expiresAt: 20_000 }, chunksOf("x".repeat(100)), signal);
    assert.equal(await bytesOf(await store.read("ann", "new", signal)), "new");
  });

  test("nothing is done for who has given up", async (store) => {
    await store.write("ann", "ckpt-1", FACTS, chunksOf("a".repeat(50)), signal);
    const reason = new Error("given up");
    const aborted = AbortSignal.abort(reason);
    const calls = [
      store.write("ann", "ckpt-2", FACTS, chunksOf("b"), aborted),
      store.get("ann", "ckpt-1", aborted),
      store.list("ann", aborted),
      store.read("ann", "ckpt-1", aborted),
      store.delete("ann", "ckpt-1", aborted),
    ];
    for (const result of await Promise.allSettled(calls)) {
      assert.deepEqual(result, { status: "rejected", reason });
    }
    const stop = new AbortController();
    const chunks = await store.read("ann", "ckpt-1", stop.signal);
    stop.abort(reason);
    await assert.rejects(bytesOf(chunks), reason);
  });
}
