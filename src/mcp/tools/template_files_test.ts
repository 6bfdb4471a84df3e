import assert from "node:assert/strict";
import { type ArchiveEntry, newFile, writeTar } from "../../archive/mod.ts";
import { bytesOf } from "../../archive/mod.ts";
import type { CoderClient, TemplateVersion } from "../../coder/mod.ts";
import { fileDifferences } from "../answers/file_diff.ts";
import { FileMemory, fileSetOf, filesOf } from "./template_files.ts";

const BINARY = new Uint8Array([0xff, 0xfe, 0]);

Deno.test("texts are kept as they are, others by marks of their content", () => {
  const entries = [newFile("./main.tf", "one\n"), newFile("logo.png", BINARY), newFile("same.png", BINARY)];
  const { files, opaque } = fileSetOf(entries);
  assert.deepEqual(files, { "main.tf": "one\n" });
  assert.deepEqual(Object.keys(opaque ?? {}), ["logo.png", "same.png"]);
  assert.equal(opaque?.["logo.png"], opaque?.["same.png"]);
  assert.match(opaque?.["logo.png"] ?? "", /^[0-9a-f]{64}$/);
});

Deno.test("links, directories and paths that lead out of the archive are no files", () => {
  const link: ArchiveEntry = { ...newFile("link", ""), kind: "symlink", target: "/etc/passwd" };
  const directory: ArchiveEntry = { ...newFile("modules/", ""), kind: "directory" };
  assert.deepEqual(fileSetOf([link, directory, newFile("../out.tf", "x"), newFile("/abs.tf", "x")]), {
    files: {},
    opaque: {},
  });
});

Deno.test("a text that becomes another kind of file differs, and is not shown", () => {
  const before = fileSetOf([newFile("a", "text")]);
  const after = fileSetOf([newFile("a", BINARY)]);
  assert.deepEqual(fileDifferences(before, after), [{ path: "a", change: "changed", opaque: true }]);
  assert.deepEqual(fileDifferences(after, fileSetOf([newFile("a", BINARY)])), []);
});

Deno.test("of two entries with one path the later one counts, of whichever kind", () => {
  const { files, opaque } = fileSetOf([newFile("a", "1"), newFile("a", "2")]);
  assert.deepEqual([files, opaque], [{ a: "2" }, {}]);
});

/** A Coder that has one archive, and counts who asks for it. */
async function coderOf(files: Readonly<Record<string, string>>) {
  const bytes = await bytesOf(writeTar(Object.entries(files).map(([path, text]) => newFile(path, text))));
  const asked: string[] = [];
  const client = {
    templates: {
      file: (id: string) => {
        asked.push(id);
        return Promise.resolve(bytes);
      },
    },
  } as unknown as CoderClient;
  return {
    asked,
    coder: {
      client,
      ref: { id: crypto.randomUUID(), namespace: "lab" },
      signal: AbortSignal.timeout(60_000),
    },
  };
}

const versionOf = (file: string) => ({ name: "v1", job: { file_id: file } }) as TemplateVersion;

Deno.test("a file is asked for once by each caller, and given to nobody else", async () => {
  const { asked, coder } = await coderOf({ a: "1" });
  for (const caller of ["ann", "ann", "bob", "bob"]) {
    assert.deepEqual((await filesOf(coder, versionOf("f1"), caller)).files, { a: "1" });
  }
  assert.equal(asked.length, 2);
  await filesOf({ ...coder, ref: { ...coder.ref, id: "another" } }, versionOf("f1"), "ann");
  assert.equal(asked.length, 3);
});

Deno.test("the memory holds a few, and nothing that is large", async () => {
  const memory = new FileMemory();
  const made: string[] = [];
  const get = (name: string, bytes = 1) =>
    memory.get([name], () => {
      made.push(name);
      return Promise.resolve({ set: { files: { name } }, bytes });
    });
  for (let index = 0; index < 9; index++) await get(`f${index}`);
  assert.deepEqual(await get("f8"), { files: { name: "f8" } });
  assert.equal(made.length, 9);
  await get("f0");
  assert.equal(made.length, 10);
  await get("large", 5 << 20);
  await get("large", 5 << 20);
  assert.equal(made.filter((name) => name === "large").length, 2);
});

Deno.test("what could not be had is asked for again", async () => {
  const memory = new FileMemory();
  await assert.rejects(memory.get(["a"], () => Promise.reject(new Error("away"))), /away/);
  assert.deepEqual(await memory.get(["a"], () => Promise.resolve({ set: { files: {} }, bytes: 0 })), {
    files: {},
  });
});
