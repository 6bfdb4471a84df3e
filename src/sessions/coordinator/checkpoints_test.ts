import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { blobLimits } from "../store/blob_rules.ts";
import { MemoryBlobStore } from "../store/memory_blobs.ts";
import type { MockExecutor } from "../testing/mock_executor.ts";
import { inPieces } from "./checkpoints.ts";
import { OTHER, OWNER, Rig, START, type TestWorker, until } from "./testing.ts";

const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const MIB = 2 ** 20;

/** Archives as a worker has them. `files` is what a session's archive is made of. */
function keepArchives(executor: MockExecutor, files: Uint8Array): Map<string, Uint8Array> {
  const archives = new Map<string, Uint8Array>();
  const unpacked = new Map<string, Uint8Array>();
  const nameOf = (input: Readonly<Record<string, unknown>>) => String(input["archive"]);
  executor.answer("archive.pack", ({ task }) => {
    archives.set(nameOf(task.input), files);
    return { ok: true, output: { size: files.length, sha256: sha(files), files: 3 } };
  });
  executor.answer("archive.read", ({ task: { input } }) => {
    const kept = archives.get(nameOf(input))!;
    const [offset, length] = [Number(input["offset"]), Number(input["length"])];
    return { ok: true, output: { size: kept.length }, body: kept.slice(offset, offset + length) };
  });
  executor.answer("archive.write", ({ task: { input, body } }) => {
    const kept = archives.get(nameOf(input)) ?? new Uint8Array();
    assert.equal(input["offset"], kept.length);
    const whole = new Uint8Array(kept.length + body!.length);
    whole.set(kept);
    whole.set(body!, kept.length);
    archives.set(nameOf(input), whole);
    return { ok: true, output: { size: whole.length } };
  });
  executor.answer("archive.unpack", ({ task: { input, sessionId } }) => {
    const kept = archives.get(nameOf(input))!;
    if (sha(kept) !== input["sha256"]) return { ok: false, code: "failed", message: "another archive" };
    unpacked.set(sessionId, kept);
    return { ok: true, output: { files: 3 } };
  });
  executor.answer("archive.drop", ({ task }) => {
    archives.delete(nameOf(task.input));
    return { ok: true, output: {} };
  });
  return unpacked;
}

const BYTES = crypto.getRandomValues(new Uint8Array(65_536));
/** Nine MiB and a bit: three pieces. */
const FILES = new Uint8Array(9 * MIB + 7).map((_, index) => BYTES[index & 65_535]!);

async function started(given: ConstructorParameters<typeof Rig>[0] = {}, files = FILES) {
  const rig = new Rig(given);
  const worker = await rig.worker("w1");
  const unpacked = keepArchives(worker.executor, files);
  const session = await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  return { rig, worker, unpacked, session };
}

const dropped = (worker: TestWorker, times: number) =>
  until(() => worker.operations().filter((one) => one === "archive.drop").length === times);

Deno.test("a session's files are copied in pieces, and are put into another session", async () => {
  const { rig, worker, unpacked, session } = await started();
  await using _ = rig;
  const seen: unknown[] = [];
  const onEvent = (event: unknown) => void seen.push(event);
  const made = await rig.sessions.checkpoint(OWNER, "one", { ...rig.options, onEvent });
  assert.match(made.id, /^ckpt-[a-z2-7]{16}$/);
  assert.deepEqual({ ...made, id: "" }, {
    id: "",
    sessionId: session.id,
    size: FILES.length,
    sha256: sha(FILES),
    files: 3,
    createdAt: START,
    expiresAt: START + 86_400_000,
  });
  assert.deepEqual(await rig.sessions.checkpoints(OWNER, rig.signal), [made]);
  const total = FILES.length;
  assert.deepEqual(seen, [
    { kind: "progress", done: 4 * MIB, total, message: "files are copied" },
    { kind: "progress", done: 8 * MIB, total, message: "files are copied" },
    { kind: "progress", done: total, total, message: "files are copied" },
  ]);
  await rig.sessions.create(OWNER, { name: "two" }, rig.options);
  const restored = await rig.sessions.restore(OWNER, "two", made.id, rig.options);
  assert.deepEqual([restored.files, restored.session.name], [3, "two"]);
  assert.deepEqual(unpacked.get(restored.session.id), FILES);
  await dropped(worker, 2);
  assert.equal(await rig.metric("coordinator_checkpoint_bytes_total", "written"), total);
  assert.equal(await rig.metric("coordinator_checkpoint_bytes_total", "read"), total);
});

Deno.test("a session that begins with a checkpoint has its files before it is ready", async () => {
  const { rig, worker, unpacked } = await started();
  await using _ = rig;
  const { id } = await rig.sessions.checkpoint(OWNER, "one", rig.options);
  const held = worker.executor.hold("archive.unpack");
  const creating = rig.sessions.create(OWNER, { name: "two", checkpoint: id }, rig.options);
  const { release } = await held;
  assert.equal((await rig.sessions.get(OWNER, "two", rig.signal)).state, "creating");
  release({ ok: true, output: { files: 3 } });
  assert.equal((await creating).state, "ready");
  const three = await rig.sessions.create(OWNER, { checkpoint: id }, rig.options);
  assert.deepEqual(unpacked.get(three.id), FILES);
});

Deno.test("where the files cannot be put there, there is no session", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  const { id } = await rig.sessions.checkpoint(OWNER, "one", rig.options);
  worker.executor.answer("archive.unpack", { ok: false, code: "limit", message: "no disk" });
  await assert.rejects(rig.sessions.create(OWNER, { checkpoint: id }, rig.options), {
    code: "limit",
    message: "no disk",
  });
  await until(() => rig.registry.list()[0]?.sessions === 1);
});

Deno.test("another's checkpoint is not found", async () => {
  const { rig } = await started();
  await using _ = rig;
  const { id } = await rig.sessions.checkpoint(OWNER, "one", rig.options);
  assert.deepEqual(await rig.sessions.checkpoints(OTHER, rig.signal), []);
  await rig.sessions.create(OTHER, { name: "mine" }, rig.options);
  const missing = { code: "not_found", message: /you have no checkpoint "ckpt-/ };
  await assert.rejects(rig.sessions.restore(OTHER, "mine", id, rig.options), missing);
  await assert.rejects(rig.sessions.create(OTHER, { checkpoint: id }, rig.options), missing);
});

Deno.test("the oldest make room, and all go with time", async () => {
  const { rig } = await started({ settings: { checkpointsPerOwner: 2 } }, new Uint8Array([1]));
  await using _ = rig;
  const ids: string[] = [];
  for (let index = 0; index < 4; index++) {
    ids.unshift((await rig.sessions.checkpoint(OWNER, "one", rig.options)).id);
    await rig.clock.advance(1);
  }
  const list = async () => (await rig.sessions.checkpoints(OWNER, rig.signal)).map(({ id }) => id);
  assert.deepEqual(await list(), ids.slice(0, 2));
  await rig.clock.advance(86_400_000);
  assert.deepEqual(await list(), []);
  await assert.rejects(rig.sessions.restore(OWNER, "one", ids[0]!, rig.options), { code: "not_found" });
});

Deno.test("a copy that is not what was packed is thrown away", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  worker.executor.answer("archive.pack", {
    ok: true,
    output: { size: FILES.length, sha256: sha(new Uint8Array()), files: 1 },
  });
  worker.executor.answer(
    "archive.read",
    ({ task: { input } }) => ({
      ok: true,
      output: { size: 1 },
      body: FILES.slice(Number(input["offset"]), Number(input["offset"]) + Number(input["length"])),
    }),
  );
  await assert.rejects(rig.sessions.checkpoint(OWNER, "one", rig.options), {
    code: "failed",
    message: /the copy of session sess-\w+ is not what was packed there/,
  });
  assert.deepEqual(await rig.sessions.checkpoints(OWNER, rig.signal), []);
  await dropped(worker, 1);
});

Deno.test("a worker that gives nothing, or more than was asked for, does not hang or fill anything", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  for (const bytes of [0, FILES.length + 1]) {
    worker.executor.answer("archive.read", { ok: true, output: { size: 1 }, body: new Uint8Array(bytes) });
    await assert.rejects(rig.sessions.checkpoint(OWNER, "one", rig.options), {
      code: "failed",
      message: /the worker gave \d+ bytes at 0 of \d+/,
    });
  }
  worker.executor.answer("archive.read", { ok: true, output: { size: 1 } });
  await assert.rejects(rig.sessions.checkpoint(OWNER, "one", rig.options), { code: "failed" });
});

Deno.test("a copy that comes in small pieces is kept in large ones", async () => {
  const sizes: number[] = [];
  const blobs = new MemoryBlobStore(blobLimits({ maxTotalBytes: 64 * MIB }));
  const write = blobs.write.bind(blobs);
  blobs.write = (owner, id, facts, chunks, signal) => {
    async function* seen() {
      for await (const chunk of chunks) {
        sizes.push(chunk.length);
        yield chunk;
      }
    }
    return write(owner, id, facts, seen(), signal);
  };
  const { rig, worker, unpacked } = await started({ blobs });
  await using _ = rig;
  worker.executor.answer("archive.read", ({ task: { input } }) => {
    const offset = Number(input["offset"]);
    return { ok: true, output: { size: FILES.length }, body: FILES.slice(offset, offset + 99_999) };
  });
  const { id } = await rig.sessions.checkpoint(OWNER, "one", rig.options);
  assert.deepEqual(sizes, [4 * MIB, 4 * MIB, MIB + 7]);
  const session = await rig.sessions.create(OWNER, { name: "two", checkpoint: id }, rig.options);
  assert.equal(sha(unpacked.get(session.id)!), sha(FILES));
});

Deno.test("one that is too large leaves nothing", async () => {
  const blobs = new MemoryBlobStore(blobLimits({ maxTotalBytes: 50 * MIB, maxBytes: 5 * MIB }));
  const { rig, worker } = await started({ blobs });
  await using _ = rig;
  await assert.rejects(rig.sessions.checkpoint(OWNER, "one", rig.options), { code: "limit" });
  assert.deepEqual(await rig.sessions.checkpoints(OWNER, rig.signal), []);
  await dropped(worker, 1);
});

Deno.test("one owner's have a quarter of the room, side by side, too", async () => {
  // Two of nine MiB and a bit fit the quarter of eighty.
  const blobs = new MemoryBlobStore(blobLimits({ maxTotalBytes: 80 * MIB }));
  const { rig, worker } = await started({ blobs });
  await using _ = rig;
  const made = await Promise.allSettled(
    Array.from({ length: 3 }, () => rig.sessions.checkpoint(OWNER, "one", rig.options)),
  );
  const refused = made.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
  assert.ok(refused.length > 0);
  for (const { code, message } of refused) {
    assert.equal(code, "limit");
    assert.match(message, /one owner's together 20971520: remove large files .* try again/);
  }
  await dropped(worker, 3);
  const kept = await rig.sessions.checkpoints(OWNER, rig.signal);
  assert.equal(kept.length, 3 - refused.length);
  await rig.sessions.create(OTHER, { name: "two" }, rig.options);
  await rig.sessions.checkpoint(OTHER, "two", rig.options);
  for (let count = kept.length; count < 2; count++) {
    await rig.sessions.checkpoint(OWNER, "one", rig.options);
  }
  await assert.rejects(rig.sessions.checkpoint(OWNER, "one", rig.options), { code: "limit" });
});

Deno.test("who gives up leaves no archive at the worker, and no copy", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  const held = worker.executor.hold("archive.read");
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const rejected = assert.rejects(rig.sessions.checkpoint(OWNER, "one", options), { message: "enough" });
  await held;
  stop.abort(new Error("enough"));
  await rejected;
  await dropped(worker, 1);
  assert.deepEqual(await rig.sessions.checkpoints(OWNER, rig.signal), []);
});

Deno.test("one that is damaged where it is kept is not unpacked", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  const { id } = await rig.sessions.checkpoint(OWNER, "one", rig.options);
  const read = rig.blobs.read.bind(rig.blobs);
  rig.blobs.read = async (...given) => {
    const chunks = await read(...given);
    return (async function* () {
      for await (const chunk of chunks!) {
        chunk[0]! ^= 1;
        yield chunk;
      }
    })();
  };
  await assert.rejects(rig.sessions.restore(OWNER, "one", id, rig.options), {
    code: "failed",
    message: /checkpoint ckpt-\w+ is damaged where it is kept/,
  });
  assert.ok(!worker.operations().includes("archive.unpack"));
});

Deno.test("pieces are of one size, whatever comes", async () => {
  const given = (async function* () {
    for (const length of [0, 1, 2, 9, 3, 0, 4]) {
      await Promise.resolve();
      yield new Uint8Array(length).fill(length);
    }
  })();
  const pieces = await Array.fromAsync(inPieces(given, 4));
  assert.deepEqual(pieces.map((piece) => [...piece]), [
    [1, 2, 2, 9],
    [9, 9, 9, 9],
    [9, 9, 9, 9],
    [3, 3, 3, 4],
    [4, 4, 4],
  ]);
});
