import assert from "node:assert/strict";
import type { CoderClient } from "../../coder/mod.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { archive } from "../../../tests/archive/odd_tar.ts";
import { uuid } from "../testing/records.ts";
import { TemplateFiles, type TemplateFilesOptions } from "./template_files.ts";

const never = new AbortController().signal;

function sources(options: Partial<TemplateFilesOptions> = {}) {
  const clock = new FakeClock();
  const files = new TemplateFiles({ clock, ...options });
  /** Versions to files. */
  const versions = new Map<string, string>();
  const asked: string[] = [];
  let failure: Error | undefined;
  let gate: Promise<void> = Promise.resolve();
  const templates = {
    async version(id: string) {
      asked.push(`version ${id}`);
      await gate;
      if (failure !== undefined) throw failure;
      return {
        id,
        name: "",
        job: { id: uuid(1), status: "succeeded", error: "", file_id: versions.get(id)! },
      };
    },
    async file(id: string) {
      asked.push(`file ${id}`);
      await gate;
      return archive([{ path: "main.tf", content: `${id} `.repeat(100) }]);
    },
  } as unknown as CoderClient["templates"];
  return {
    clock,
    files,
    versions,
    asked,
    fail: (error: Error | undefined) => failure = error,
    close: (until: Promise<void>) => gate = until,
    of: (version: string, signal = never) => files.of(version, () => Promise.resolve({ templates }), signal),
    ofFile: (file: string) => files.ofFile(file, () => Promise.resolve({ templates }), never),
  };
}

Deno.test("a source is downloaded once for each version", async () => {
  const rig = sources();
  rig.versions.set("v1", "f1");
  const first = await rig.of("v1");
  assert.match(first.files["main.tf"] ?? "", /^f1 f1/);
  assert.equal(await rig.of("v1"), first);
  assert.deepEqual(rig.asked, ["version v1", "file f1"]);
});

Deno.test("an archive that was uploaded is read by its id, once, and a version of it needs no download", async () => {
  const rig = sources();
  const [first, other] = await Promise.all([rig.ofFile("f1"), rig.ofFile("f1")]);
  assert.equal(first, other);
  assert.match(first.files["main.tf"] ?? "", /^f1 f1/);
  assert.equal(await rig.ofFile("f1"), first);
  rig.versions.set("v1", "f1");
  assert.equal(await rig.of("v1"), first);
  assert.deepEqual(rig.asked, ["file f1", "version v1"]);
});

Deno.test("versions of one file that are asked for at once count once", async () => {
  const rig = sources();
  rig.versions.set("v1", "f1").set("v2", "f1");
  await Promise.all([rig.of("v1"), rig.of("v2"), rig.ofFile("f1")]);
  const alone = sources();
  await alone.ofFile("f1");
  assert.equal(rig.files.size, alone.files.size);
});

Deno.test("two versions of one file share it", async () => {
  const rig = sources();
  rig.versions.set("v1", "f1").set("v2", "f1");
  assert.equal(await rig.of("v1"), await rig.of("v2"));
  assert.deepEqual(rig.asked, ["version v1", "file f1", "version v2"]);
});

Deno.test("many who come at once wait for one download", async () => {
  const rig = sources();
  rig.versions.set("v1", "f1");
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.close(promise);
  const all = Promise.all(Array.from({ length: 10 }, () => rig.of("v1")));
  resolve();
  assert.equal(new Set(await all).size, 1);
  assert.equal(rig.asked.length, 2);
});

Deno.test("what was not used for longest goes first", async () => {
  const rig = sources({ capacity: 1_500 });
  for (const name of ["1", "2", "3"]) rig.versions.set(`v${name}`, `f${name}`);
  await rig.of("v1");
  await rig.of("v2");
  await rig.of("v1");
  await rig.of("v3");
  assert.ok(rig.files.size <= 1_500);
  rig.asked.length = 0;
  await rig.of("v1");
  assert.deepEqual(rig.asked, []);
  await rig.of("v2");
  assert.deepEqual(rig.asked, ["file f2"]);
});

Deno.test("what is too large to be kept is given all the same", async () => {
  const rig = sources({ capacity: 100 });
  rig.versions.set("v1", "f1");
  assert.ok((await rig.of("v1")).files["main.tf"]);
  assert.equal(rig.files.size, 0);
  await rig.of("v1");
  assert.deepEqual(rig.asked, ["version v1", "file f1", "file f1"]);
});

Deno.test("a failure is told for a while before Coder is asked again", async () => {
  const rig = sources();
  rig.versions.set("v1", "f1");
  rig.fail(new Error("down"));
  await assert.rejects(rig.of("v1"), /down/);
  rig.fail(undefined);
  await assert.rejects(rig.of("v1"), /down/);
  assert.equal(rig.asked.length, 1);
  await rig.clock.advance(10_001);
  assert.ok((await rig.of("v1")).files["main.tf"]);
});

Deno.test("who gives up ends the download only where nobody else waits", async () => {
  const rig = sources();
  rig.versions.set("v1", "f1");
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.close(promise);
  const impatient = new AbortController();
  const [left, stays] = [rig.of("v1", impatient.signal), rig.of("v1")];
  impatient.abort(new Error("enough"));
  await assert.rejects(left, /enough/);
  resolve();
  assert.ok((await stays).files["main.tf"]);
  const alone = new AbortController();
  rig.versions.set("v2", "f2");
  const last = rig.of("v2", alone.signal);
  alone.abort(new Error("enough"));
  await assert.rejects(last, /enough/);
  assert.ok((await rig.of("v2")).files["main.tf"]);
});
