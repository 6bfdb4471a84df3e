import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { FilesRig } from "./testing/files_rig.ts";

const sha256 = (text: string | Uint8Array) => createHash("sha256").update(text).digest("hex");
const names = (directory: string) => [...Deno.readDirSync(directory)].map(({ name }) => name).sort();

Deno.test("a file is made with its directories, and replaced", async () => {
  await using rig = await FilesRig.open();
  const made = await rig.file("write", { path: "a/b/c.txt" }, "hello");
  deepEqual(made.output, { path: "a/b/c.txt", bytes: 5, size: 5, sha256: sha256("hello"), created: true });
  const replaced = await rig.file("write", { path: "a/b/c.txt", mode: "replace" }, "hi");
  deepEqual(replaced.output, { path: "a/b/c.txt", bytes: 2, size: 2, sha256: sha256("hi"), created: false });
  equal(await rig.text("a/b/c.txt"), "hi");
  deepEqual(names(`${rig.root}/a/b`), ["c.txt"]);
});

Deno.test("create refuses what is there, whatever it is", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "f", mode: "create" }, "one");
  match(
    await rig.refusal("write", { path: "f", mode: "create" }, "two"),
    /^conflict: .*there already; mode replace/,
  );
  equal(await rig.text("f"), "one");
  await Deno.symlink("f", `${rig.root}/l`);
  match(await rig.refusal("write", { path: "l", mode: "create" }, "two"), /^conflict/);
  match(
    await rig.refusal("write", { path: "f", mode: "create", ifSha256: sha256("one") }, "x"),
    /^invalid: .*exclude/,
  );
  deepEqual(names(rig.root), ["f", "l"]);
});

Deno.test("of many who create one file, one does", async () => {
  await using one = await FilesRig.open();
  // Two processes on one directory.
  const code = `
import files, os
fd = os.open(argument, os.O_RDONLY | os.O_DIRECTORY)
result = []
for number in range(300):
    try:
        files.handle("write", {"path": "f%d" % number, "mode": "create"}, b"x", fd, limits)
        result.append(number)
    except files.FileError as error:
        assert error.code == "conflict", error.message
`;
  await using other = await FilesRig.open();
  const [mine, theirs] = await Promise.all([
    one.python(code, one.root),
    other.python(code, one.root),
  ]) as number[][];
  deepEqual([...mine!, ...theirs!].sort((a, b) => a - b), Array.from({ length: 300 }, (_, at) => at));
});

Deno.test("permissions are kept, and executable is as it is asked for", async () => {
  await using rig = await FilesRig.open();
  const mode = async () => ((await Deno.lstat(`${rig.root}/f`)).mode ?? 0) & 0o7777;
  await rig.file("write", { path: "f" }, "x");
  equal(await mode(), 0o644);
  await Deno.chmod(`${rig.root}/f`, 0o640);
  await rig.file("write", { path: "f" }, "y");
  equal(await mode(), 0o640);
  await rig.file("write", { path: "f", executable: true }, "y");
  equal(await mode(), 0o750);
  await rig.file("write", { path: "f", mode: "append" }, "z");
  equal(await mode(), 0o750);
  await rig.file("write", { path: "f", mode: "append", executable: false }, "z");
  equal(await mode(), 0o640);
  await Deno.chmod(`${rig.root}/f`, 0o4755);
  await rig.file("write", { path: "f" }, "y");
  equal(await mode(), 0o755, "what was set for one content is not kept for another");
  await rig.file("edit", { path: "f", edits: [{ old: "y", new: "z" }] });
  equal(await mode(), 0o755);
});

Deno.test("append makes a file, and adds to one", async () => {
  await using rig = await FilesRig.open();
  const made = await rig.file("write", { path: "d/log", mode: "append" }, "one\n");
  deepEqual(made.output, { path: "d/log", bytes: 4, size: 4, sha256: sha256("one\n"), created: true });
  const added = await rig.file("write", { path: "d/log", mode: "append" }, "two\n");
  deepEqual(added.output, { path: "d/log", bytes: 4, size: 8, sha256: sha256("one\ntwo\n"), created: false });
  match(
    await rig.refusal("write", { path: "d/log", mode: "append", ifSha256: sha256("one\n") }, "x"),
    /^conflict: .*its hash is [0-9a-f]{64}; read it again/,
  );
  await rig.file("write", { path: "d/log", mode: "append", ifSha256: sha256("one\ntwo\n") }, "three\n");
  equal(await rig.text("d/log"), "one\ntwo\nthree\n");
});

Deno.test("a large file is appended to without a hash", async () => {
  await using rig = await FilesRig.open({ diskBytes: 2 ** 40 });
  await rig.python(
    "import os; fd = os.open(argument, os.O_CREAT | os.O_WRONLY); os.ftruncate(fd, 65 << 20); os.close(fd)",
    `${rig.root}/f`,
  );
  const { output } = await rig.file("write", { path: "f", mode: "append" }, "x");
  equal(output["size"], 65 * 2 ** 20 + 1);
  ok(!("sha256" in output));
});

Deno.test("ifSha256 lets a write through only over what it says", async () => {
  await using rig = await FilesRig.open();
  match(
    await rig.refusal("write", { path: "f", ifSha256: sha256("one") }, "x"),
    /^conflict: .*no such file \(any more\)/,
  );
  await rig.file("write", { path: "f" }, "one");
  match(
    await rig.refusal("write", { path: "f", ifSha256: sha256("other") }, "x"),
    /^conflict: .*read it again/,
  );
  equal(await rig.text("f"), "one");
  const { output } = await rig.file("write", { path: "f", ifSha256: sha256("one") }, "two");
  equal(output["created"], false);
  equal(await rig.text("f"), "two");
  deepEqual(names(rig.root), ["f"]);
});

/** Between looking and replacing, something else happens to the file. */
const MEANWHILE = `
import files, os, writes
root, what = argument
path = root + "/f"
original = writes.Target._exchange
def exchange(self, temporary):
    if what == "replaced":
        open(path + "2", "w").write("theirs"); os.rename(path + "2", path)
    elif what == "written":
        open(path, "w").write("theirs")
    elif what == "removed":
        os.unlink(path)
    elif what == "late":
        # After the last look, before the exchange.
        same = self._is_same
        def is_same(name):
            seen = same(name)
            if name == b"f":
                open(path + "2", "w").write("theirs"); os.rename(path + "2", path)
            return seen
        self._is_same = is_same
    original(self, temporary)
writes.Target._exchange = exchange
try:
    files.handle("edit", {"path": "f", "edits": [{"old": "one", "new": "mine"}]}, None, root_fd, limits)
    result = "done"
except files.FileError as error:
    result = error.code + ": " + error.message
finally:
    writes.Target._exchange = original
`;

Deno.test("what was changed between reading and replacing is not overwritten", async () => {
  await using rig = await FilesRig.open();
  for (const what of ["replaced", "written", "removed", "late"]) {
    await Deno.writeTextFile(`${rig.root}/f`, "one");
    match(
      String(await rig.python(MEANWHILE, [rig.root, what])),
      /^conflict: .*changed meanwhile; read it again/,
      what,
    );
    if (what !== "removed") equal(await rig.text("f"), "theirs", what);
    deepEqual(names(rig.root), what === "removed" ? [] : ["f"]);
  }
});

Deno.test("a directory that takes the place of a file meanwhile is not replaced", async () => {
  await using rig = await FilesRig.open();
  const code = `
import files, os, writes
original = writes.Target._take_place
def take_place(self, temporary):
    os.unlink(argument)
    os.mkdir(argument)
    original(self, temporary)
writes.Target._take_place = take_place
try:
    files.handle("write", {"path": "f"}, b"mine", root_fd, limits)
    result = "done"
except files.FileError as error:
    result = error.code + ": " + error.message
finally:
    writes.Target._take_place = original
`;
  await rig.file("write", { path: "f" }, "x");
  match(String(await rig.python(code, `${rig.root}/f`)), /^invalid: cannot write "f": it is a directory/);
  ok((await Deno.stat(`${rig.root}/f`)).isDirectory);
  deepEqual(names(rig.root), ["f"]);
});

Deno.test("file systems that cannot exchange names are written to as well", async () => {
  await using rig = await FilesRig.open();
  await rig.python(
    "import paths; paths.exchange = lambda *names: False; paths.move_to_free = lambda *names: False",
  );
  for (const text of ["one", "two"]) {
    await rig.file("write", { path: "f" }, text);
    equal(await rig.text("f"), text);
  }
  match(await rig.refusal("write", { path: "f", mode: "create" }, "x"), /^conflict/);
  await rig.file("write", { path: "g", mode: "create" }, "new");
  await rig.file("edit", { path: "f", edits: [{ old: "two", new: "three" }] });
  deepEqual([await rig.text("f"), await rig.text("g")], ["three", "new"]);
  deepEqual(names(rig.root), ["f", "g"]);
});

Deno.test("whoever reads while it is replaced sees the old content or the new", async () => {
  await using rig = await FilesRig.open();
  const contents = ["a", "b"].map((letter) => letter.repeat(100_000));
  await rig.file("write", { path: "f" }, contents[0]);
  let over = false;
  const reader = (async () => {
    const seen = new Set<string>();
    while (!over) seen.add(await rig.text("f"));
    return seen;
  })();
  for (let round = 0; round < 100; round++) await rig.file("write", { path: "f" }, contents[round % 2]!);
  over = true;
  for (const seen of await reader) ok(contents.includes(seen), `${seen.length} bytes`);
});

Deno.test("a write that the disk limit has no room for changes nothing", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "f" }, "old");
  for (const mode of ["replace", "append", "create"]) {
    match(
      await rig.refusal("write", { path: mode === "create" ? "new" : "f", mode }, "0123456789", { free: 9 }),
      /^limit: .*10 bytes are more than the session's disk limit leaves \(9\)/,
    );
  }
  await rig.file("write", { path: "g" }, "0123456789", { free: 10 });
  match(
    await rig.refusal("edit", { path: "f", edits: [{ old: "old", new: "0123456789" }] }, undefined, {
      free: 6,
    }),
    /^limit/,
  );
  equal(await rig.text("f"), "old");
  deepEqual(names(rig.root), ["f", "g"]);
});

Deno.test("where the disk is full, the old file stays and nothing is left beside it", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "f" }, "old");
  // Files may not grow beyond that: as a full disk, the system refuses in the middle.
  await rig.python(
    "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))",
  );
  match(
    await rig.refusal("write", { path: "f" }, "x".repeat(10_000)),
    /^limit: .*larger than a session's files may be/,
  );
  equal(await rig.text("f"), "old");
  deepEqual(names(rig.root), ["f"]);
});

Deno.test("directories are made through links that stay inside, not through those to nothing", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "real/x" }, "x");
  await Deno.symlink("real", `${rig.root}/link`);
  await Deno.symlink("nothing", `${rig.root}/dangling`);
  await rig.file("write", { path: "link/new/er/f" }, "y");
  equal(await rig.text("real/new/er/f"), "y");
  match(await rig.refusal("write", { path: "dangling/f" }, "y"), /^not_found: .*link to nothing/);
  await rig.file("write", { path: "dangling" }, "through the link");
  equal(await rig.text("nothing"), "through the link");
  match(await rig.refusal("write", { path: "." }, "y"), /^invalid: .*directory/);
});
