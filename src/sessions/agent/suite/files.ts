/** Files of sessions in workspaces: the operations that the tools for files are made of. */
import assert from "node:assert/strict";
import { run } from "../../sandbox/testing.ts";
import type { Sandbox } from "../../sandbox/types.ts";
import type { Feature, SuiteOptions } from "./types.ts";
import { bytesOf, read, refusal, rigOf, sha256, signal, someBytes, textOf, write } from "./rig.ts";

/** Names that a file can have. */
const ODD_NAMES = [
  "a b",
  "-rf",
  "it's",
  'say "x"',
  "a\nb",
  "$HOME",
  "*",
  "ä✓😀",
  "x".repeat(255),
  "`id`",
  "a\\b",
  " ",
];

async function list(sandbox: Sandbox, input: Record<string, unknown>): Promise<Record<string, unknown>[]> {
  const { output } = await sandbox.file(
    "list",
    { path: ".", depth: 1, limit: 500, ...input },
    undefined,
    signal(),
  );
  return output["entries"] as Record<string, unknown>[];
}

const pathsOf = (entries: readonly Record<string, unknown>[]) => entries.map(({ path }) => path);

export function filesSuite(options: SuiteOptions, has: (feature: Feature) => boolean): void {
  Deno.test(`${options.name}: files: read and written`, async (t) => {
    await using rig = await rigOf(options);
    const sandbox = await rig.open();

    await t.step("what was written is read, and there", async () => {
      const content = "text ✓\n";
      const answer = await write(sandbox, "dir/file.txt", content);
      const size = bytesOf(content).length;
      assert.deepEqual(answer, {
        path: "dir/file.txt",
        bytes: size,
        size,
        sha256: await sha256(bytesOf(content)),
        created: true,
      });
      assert.equal(await Deno.readTextFile(`${rig.directory}/dir/file.txt`), content);
      const { output, body } = await sandbox.file(
        "read",
        { path: "dir/file.txt", offset: 0, length: 2 ** 20 },
        undefined,
        signal(),
      );
      assert.equal(textOf(body), content);
      const { modifiedAt, ...rest } = output;
      assert.match(String(modifiedAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.deepEqual(rest, {
        path: "dir/file.txt",
        size,
        offset: 0,
        length: size,
        eof: true,
        executable: false,
      });
      assert.equal((await write(sandbox, "dir/file.txt", "new"))["created"], false);
    });

    await t.step("ranges, also those beyond the end", async () => {
      await write(sandbox, "range", "0123456789");
      assert.equal(await read(sandbox, "range", 2, 3), "234");
      assert.equal(await read(sandbox, "range", 8, 100), "89");
      assert.equal(await read(sandbox, "range", 10, 5), "");
      assert.equal(await read(sandbox, "range", 1_000, 5), "");
      const part = await sandbox.file("read", { path: "range", offset: 0, length: 4 }, undefined, signal());
      assert.deepEqual([part.output["eof"], part.output["size"], part.output["length"]], [false, 10, 4]);
      assert.equal(await read(sandbox, "range", 0, 0), "");
    });

    await t.step("every byte, megabytes of them, both ways", async () => {
      const content = someBytes(3_000_001);
      const answer = await write(sandbox, "large", content);
      assert.equal(answer["sha256"], await sha256(content));
      const { body } = await sandbox.file(
        "read",
        { path: "large", offset: 0, length: 2 ** 22 },
        undefined,
        signal(),
      );
      assert.equal(await sha256(body!), answer["sha256"]);
      const piece = await sandbox.file(
        "read",
        { path: "large", offset: 1_234_567, length: 70_000 },
        undefined,
        signal(),
      );
      assert.deepEqual(piece.body!.slice(), content.slice(1_234_567, 1_304_567));
    });

    await t.step("an empty file", async () => {
      await write(sandbox, "empty", "");
      assert.equal(await read(sandbox, "empty"), "");
      assert.equal((await Deno.stat(`${rig.directory}/empty`)).size, 0);
    });

    await t.step("names of any kind", async () => {
      for (const name of ODD_NAMES) {
        await write(sandbox, `odd/${name}`, name);
        assert.equal(await read(sandbox, `odd/${name}`), name, JSON.stringify(name));
        assert.equal(await Deno.readTextFile(`${rig.directory}/odd/${name}`), name);
      }
      const listed = pathsOf(await list(sandbox, { path: "odd" }));
      assert.deepEqual([...listed].sort(), ODD_NAMES.map((name) => `odd/${name}`).sort());
    });

    await t.step("appended, and made where it was not", async () => {
      assert.equal((await write(sandbox, "log", "one\n", { mode: "append" }))["created"], true);
      const answer = await write(sandbox, "log", "two\n", { mode: "append" });
      assert.deepEqual([answer["created"], answer["bytes"], answer["size"]], [false, 4, 8]);
      assert.equal(await read(sandbox, "log"), "one\ntwo\n");
    });

    await t.step("only where there is none", async () => {
      await write(sandbox, "fresh", "x", { mode: "create" });
      assert.match(
        await refusal(sandbox, "write", { path: "fresh", mode: "create" }, bytesOf("y")),
        /^conflict: .*there already/,
      );
      assert.equal(await read(sandbox, "fresh"), "x");
    });

    await t.step("only where it is still what it was", async () => {
      const { sha256: before } = await write(sandbox, "guarded", "one");
      await write(sandbox, "guarded", "two", { ifSha256: before });
      assert.match(
        await refusal(
          sandbox,
          "write",
          { path: "guarded", mode: "replace", ifSha256: before },
          bytesOf("three"),
        ),
        /^conflict: /,
      );
      assert.match(
        await refusal(sandbox, "write", { path: "none", mode: "replace", ifSha256: before }, bytesOf("x")),
        /^conflict: /,
      );
      assert.equal(await read(sandbox, "guarded"), "two");
    });

    await t.step("whether it can be executed", async () => {
      await write(sandbox, "program", "#!/bin/sh\necho ran\n", { executable: true });
      assert.equal((await run(sandbox, ["./program"])).stdout, "ran\n");
      await write(sandbox, "program", "#!/bin/sh\necho ran again\n");
      assert.equal((await run(sandbox, ["./program"])).stdout, "ran again\n");
      await write(sandbox, "program", "text", { executable: false });
      assert.equal((await Deno.stat(`${rig.directory}/program`)).mode! & 0o111, 0);
    });

    await t.step("whoever reads sees the old one or the new one", async () => {
      await write(sandbox, "swapped", "a".repeat(100_000));
      const watching = run(
        sandbox,
        "for i in $(seq 40); do tr -d '\\n' < swapped | fold -w 1 | sort -u | wc -l; done | sort -u",
      );
      for (let i = 0; i < 20; i++) await write(sandbox, "swapped", (i % 2 ? "a" : "b").repeat(100_000));
      assert.equal((await watching).stdout.trim(), "1");
    });

    await t.step("what is no file, or not there, says so", async () => {
      assert.match(await refusal(sandbox, "read", { path: "nothing", offset: 0, length: 1 }), /^not_found: /);
      assert.match(
        await refusal(sandbox, "read", { path: "dir", offset: 0, length: 1 }),
        /^invalid: .*directory/,
      );
      assert.match(
        await refusal(sandbox, "write", { path: "dir", mode: "replace" }, bytesOf("x")),
        /^invalid: .*directory/,
      );
      assert.match(
        await refusal(sandbox, "write", { path: "range/x", mode: "replace" }, bytesOf("x")),
        /^(invalid|conflict|failed): /,
      );
      await run(sandbox, "mkfifo pipe");
      assert.match(
        await refusal(sandbox, "read", { path: "pipe", offset: 0, length: 1 }),
        /^invalid: .*no regular file/,
      );
    });

    await t.step("paths that lead out are refused", async () => {
      for (const path of ["/etc/passwd", "../x", "dir/../../x", "", "a\0b", "x".repeat(256)]) {
        assert.match(
          await refusal(sandbox, "read", { path, offset: 0, length: 1 }),
          /^(invalid|forbidden): /,
          path,
        );
      }
      if (!has("links")) return;
      await run(sandbox, "ln -s /etc out; ln -s range in; ln -s loop loop");
      assert.match(
        await refusal(sandbox, "read", { path: "out/passwd", offset: 0, length: 1 }),
        /^forbidden: /,
      );
      assert.equal(await read(sandbox, "in"), "0123456789");
      assert.match(await refusal(sandbox, "read", { path: "loop", offset: 0, length: 1 }), /^invalid: /);
    });

    await t.step("a second name of a file, as package managers make them", async () => {
      await run(sandbox, "ln range second");
      assert.equal(await read(sandbox, "second"), "0123456789");
    });

    await t.step("operations that there are not", async () => {
      assert.match(await refusal(sandbox, "explode", { path: "x" }), /^invalid: /);
    });
  });

  Deno.test(`${options.name}: files: listed, edited, searched`, async (t) => {
    await using rig = await rigOf(options);
    const sandbox = await rig.open();
    for (const path of ["b.txt", "a/one.ts", "a/two.js", "a/deep/three.ts", "c/x"]) {
      await write(sandbox, path, `content of ${path}\n`);
    }

    await t.step("one level, in order", async () => {
      const entries = await list(sandbox, {});
      assert.deepEqual(pathsOf(entries), ["a", "b.txt", "c"]);
      const [directory, file] = entries;
      assert.equal(directory!["type"], "directory");
      assert.equal(file!["type"], "file");
      assert.equal(file!["size"], 17);
      assert.equal(file!["executable"], false);
      assert.match(String(file!["modifiedAt"]), /Z$/);
    });

    await t.step("deeper, below a directory, by a pattern, in pages", async () => {
      assert.deepEqual(pathsOf(await list(sandbox, { depth: 5 })), [
        "a",
        "a/deep",
        "a/deep/three.ts",
        "a/one.ts",
        "a/two.js",
        "b.txt",
        "c",
        "c/x",
      ]);
      assert.deepEqual(pathsOf(await list(sandbox, { path: "a", depth: 1 })), [
        "a/deep",
        "a/one.ts",
        "a/two.js",
      ]);
      assert.deepEqual(pathsOf(await list(sandbox, { depth: 5, glob: "**/*.ts" })), [
        "a/deep/three.ts",
        "a/one.ts",
      ]);
      const seen: unknown[] = [];
      let after: unknown;
      for (let page = 0; page < 20; page++) {
        const { output } = await sandbox.file(
          "list",
          { path: ".", depth: 5, limit: 3, ...(after === undefined ? {} : { after }) },
          undefined,
          signal(),
        );
        seen.push(...pathsOf(output["entries"] as Record<string, unknown>[]));
        if (!output["more"]) break;
        after = seen.at(-1);
      }
      assert.equal(seen.length, 8);
      assert.equal(new Set(seen).size, 8);
    });

    await t.step("links are told as links", async () => {
      await run(sandbox, "ln -s b.txt link");
      const link = (await list(sandbox, {})).find(({ path }) => path === "link");
      assert.deepEqual([link?.["type"], link?.["target"]], ["symlink", "b.txt"]);
      await run(sandbox, "rm link");
    });

    await t.step("what cannot be listed", async () => {
      assert.match(await refusal(sandbox, "list", { path: "none", depth: 1, limit: 5 }), /^not_found: /);
      assert.match(await refusal(sandbox, "list", { path: "b.txt", depth: 1, limit: 5 }), /^invalid: /);
    });

    await t.step("edited", async () => {
      await write(sandbox, "edit", "one two\none two\n");
      const edit = (edits: unknown[], more = {}) =>
        sandbox.file("edit", { path: "edit", edits, ...more }, undefined, signal());
      await edit([{ old: "one two\none", new: "1 2\n1", all: false }]);
      assert.equal(await read(sandbox, "edit"), "1 2\n1 two\n");
      await edit([{ old: "1", new: "uno", all: true }]);
      assert.equal(await read(sandbox, "edit"), "uno 2\nuno two\n");
      assert.match(
        await refusal(sandbox, "edit", { path: "edit", edits: [{ old: "uno", new: "x", all: false }] }),
        /^conflict: |^invalid: |^failed: /,
      );
      assert.match(
        await refusal(sandbox, "edit", { path: "edit", edits: [{ old: "none", new: "x", all: false }] }),
        /^conflict: |^not_found: |^invalid: |^failed: /,
      );
      assert.equal(await read(sandbox, "edit"), "uno 2\nuno two\n", "what is refused changes nothing");
    });

    await t.step("searched", async () => {
      const search = async (input: Record<string, unknown>) => {
        const { output } = await sandbox.file(
          "search",
          { path: ".", regex: false, ignoreCase: false, context: 0, limit: 100, ...input },
          undefined,
          signal(),
        );
        return (output["matches"] as Record<string, unknown>[]).map(({ path, line }) => `${path}:${line}`);
      };
      assert.deepEqual(await search({ query: "content of a/" }), [
        "a/deep/three.ts:1",
        "a/one.ts:1",
        "a/two.js:1",
      ]);
      assert.deepEqual(await search({ query: "CONTENT OF C", ignoreCase: true }), ["c/x:1"]);
      assert.deepEqual(await search({ query: "three", path: "a" }), ["a/deep/three.ts:1"]);
      assert.deepEqual(await search({ query: "nowhere to be seen" }), []);
      if (has("expressions")) {
        assert.deepEqual(await search({ query: "of a/\\w+\\.ts$", regex: true }), ["a/one.ts:1"]);
      }
    });
  });
}
