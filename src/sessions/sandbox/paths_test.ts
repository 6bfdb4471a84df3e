import { equal, match, ok } from "node:assert/strict";
import { FilesRig } from "./testing/files_rig.ts";

/** Both ways must do the same: the kernel's, and the walk by hand. */
const WAYS = [true, false];

function read(rig: FilesRig, path: string): Promise<string> {
  return rig.file("read", { path }).then(({ body }) => new TextDecoder().decode(body));
}

Deno.test("paths that could lead elsewhere are refused before anything is opened", async () => {
  await using rig = await FilesRig.open();
  const refused: readonly (readonly [string, RegExp])[] = [
    ["", /^invalid: the path is empty/],
    ["/etc/passwd", /^invalid: .*absolute.*without the first \//],
    ["/", /^invalid: .*absolute/],
    ["//x", /^invalid: .*absolute/],
    ["..", /^invalid: .*"\.\."/],
    ["a/../b", /^invalid: .*without going up/],
    ["a/..", /^invalid: .*"\.\."/],
    ["./../x", /^invalid: .*"\.\."/],
    ["a\0b", /^invalid: .*NUL/],
    ["\ud800x", /^invalid: .*Unicode/],
    ["x".repeat(256), /^invalid: .*256 bytes; 255/],
    [`${"x/".repeat(2_048)}y`, /^invalid: .*4097 bytes; 4095/],
  ];
  for (const [path, message] of refused) {
    match(await rig.refusal("read", { path }), message);
    match(await rig.refusal("write", { path }, "x"), message);
  }
});

Deno.test("names that only look dangerous are names", async () => {
  await using rig = await FilesRig.open();
  for (const path of ["...", "..a", "a..", "-rf", "a b", "$(id)", "ü/日本", "\\..\\x", "%2e%2e", "\n", "~"]) {
    await rig.file("write", { path }, `in ${path}`);
    equal(await read(rig, path), `in ${path}`);
    equal(await rig.text(path), `in ${path}`);
  }
});

Deno.test("a path is the same with slashes and dots that say nothing", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "a/b.txt" }, "x");
  for (const path of ["./a/b.txt", "a//b.txt", "a/./b.txt", "././/a/b.txt"]) {
    equal(await read(rig, path), "x");
  }
});

for (const beneath of WAYS) {
  const way = beneath ? "by the kernel" : "by hand";

  Deno.test(`links that stay inside work, those that lead out are refused (${way})`, async () => {
    await using rig = await FilesRig.open({ beneath });
    await Deno.writeTextFile(`${rig.outside}/canary`, "canary");
    await rig.file("write", { path: "a/b/f" }, "inside");
    const links: Record<string, string> = {
      "to-file": "a/b/f",
      "to-dir": "a/b",
      "up-and-back": "a/../a/b/f",
      "a/b/up": "../../a/b/f",
      "absolute": `${rig.root}/a/b/f`,
      "absolute-dir": `${rig.root}/a`,
      "to-link": "to-file",
      "root": ".",
      "out": "../outside/canary",
      "out-dir": "../outside",
      "out-absolute": `${rig.outside}/canary`,
      "out-prefix": `${rig.root}-not/x`,
      "out-dots": `${rig.root}/../outside/canary`,
      "out-late": "a/b/../../../outside/canary",
      "out-and-in": `../workspace/a/b/f`,
      "proc": "/proc/self/cwd/canary",
      "proc-fd": "/proc/self/fd/0",
      "loop": "loop",
      "loop-a": "loop-b",
      "loop-b": "loop-a",
      "dangling": "nothing",
    };
    for (const [path, target] of Object.entries(links)) await Deno.symlink(target, `${rig.root}/${path}`);
    const inside = [
      "to-file",
      "to-dir/f",
      "up-and-back",
      "a/b/up",
      "absolute",
      "absolute-dir/b/f",
      "to-link",
    ];
    for (const path of [...inside, "root/a/b/f", "root/root/to-dir/f"]) {
      equal(await read(rig, path), "inside", path);
    }
    const outside = [
      "out",
      "out-dir/canary",
      "out-absolute",
      "out-prefix",
      "out-dots",
      "out-late",
      "out-and-in",
    ];
    for (const path of [...outside, "proc", "proc-fd", "root/out"]) {
      match(await rig.refusal("read", { path }), /^forbidden: .* leads out of the session's directory/, path);
      match(await rig.refusal("write", { path }, "x"), /^forbidden: /, path);
      match(await rig.refusal("write", { path, mode: "append" }, "x"), /^forbidden: /, path);
      match(await rig.refusal("edit", { path, edits: [{ old: "c", new: "d" }] }), /^forbidden: /, path);
    }
    for (const op of ["list", "search"]) {
      match(await rig.refusal(op, { path: "out-dir", query: "canary" }), /^forbidden: /);
    }
    match(await rig.refusal("write", { path: "out-dir/new" }, "x"), /^forbidden: /);
    match(await rig.refusal("write", { path: "out-dir/new/newer" }, "x"), /^forbidden: /);
    for (const path of ["loop", "loop-a", "loop/x"]) {
      match(await rig.refusal("read", { path }), /^invalid: .*more than 40 links/);
    }
    match(await rig.refusal("read", { path: "dangling" }), /^not_found: /);
    equal(await Deno.readTextFile(`${rig.outside}/canary`), "canary");
    equal([...Deno.readDirSync(rig.outside)].length, 1);
  });

  Deno.test(`what is no regular file is refused, and nothing waits for it (${way})`, async () => {
    await using rig = await FilesRig.open({ beneath });
    await rig.file("write", { path: "dir/x" }, "x");
    await rig.python(
      "import os, socket; os.mkfifo(argument + '/fifo'); s = socket.socket(socket.AF_UNIX); s.bind(argument + '/sock')",
      rig.root,
    );
    match(await rig.refusal("read", { path: "dir" }), /^invalid: .*directory; fs\.list/);
    match(await rig.refusal("read", { path: "fifo" }), /^invalid: .*no regular file/);
    match(await rig.refusal("read", { path: "sock" }), /^invalid: .*no regular file/);
    for (const mode of ["replace", "append"]) {
      match(await rig.refusal("write", { path: "fifo", mode }, "x"), /^invalid: .*no regular file/);
      match(await rig.refusal("write", { path: "dir", mode }, "x"), /^invalid: .*directory/);
    }
    match(await rig.refusal("read", { path: "dir/x/y" }), /^invalid: .*is a file, not a directory/);
    match(await rig.refusal("list", { path: "dir/x" }), /^invalid: .*not a directory/);
    match(await rig.refusal("write", { path: "dir/x/y/z" }, "x"), /^invalid: .*not a directory/);
    match(await rig.refusal("read", { path: "dir/y" }), /^not_found: .*fs\.list/);
  });

  Deno.test(`no descriptor is left open, whatever comes of it (${way})`, async () => {
    await using rig = await FilesRig.open({ beneath });
    await rig.file("write", { path: "a/b/f" }, "x");
    await Deno.symlink("../outside", `${rig.root}/a/out`);
    await Deno.symlink("loop", `${rig.root}/a/loop`);
    await Deno.symlink("../a/b", `${rig.root}/a/in`);
    const count = "import os; result = len(os.listdir('/proc/self/fd'))";
    const before = await rig.python(count);
    for (
      const path of ["a/b/f", "a/out/x", "a/loop", "a/in/f", "a/in", "nothing/x", "a/b/f/x", ".", "a/in/../x"]
    ) {
      for (const op of ["read", "write", "list", "edit", "search", "stat"]) {
        const input = { path, query: "x", edits: [{ old: "x", new: "x" }], mode: "append" };
        await rig.file(op, input, op === "write" ? "x" : undefined).catch(() => {});
      }
    }
    equal(await rig.python(count), before);
  });
}

Deno.test("a second name of somebody else's file is refused, one of the session's own is a file as any", async () => {
  ok(Deno.uid() === 0, "this test needs root, to have files of two owners");
  await using rig = await FilesRig.open({ uid: 54_321 });
  await Deno.writeTextFile(`${rig.outside}/canary`, "canary");
  await Deno.chmod(`${rig.outside}/canary`, 0o666);
  await Deno.link(`${rig.outside}/canary`, `${rig.root}/hard`);
  const refusal = /^forbidden: .*second name of a file that may be outside/;
  match(await rig.refusal("read", { path: "hard" }), refusal);
  for (const mode of ["replace", "append"]) {
    match(await rig.refusal("write", { path: "hard", mode }, "x"), refusal);
  }
  match(await rig.refusal("edit", { path: "hard", edits: [{ old: "canary", new: "x" }] }), refusal);
  match(await rig.refusal("pack", { archive: "arch-1" }), refusal);
  equal((await rig.file("search", { query: "canary" })).output["files"], 0);
  await Deno.remove(`${rig.root}/hard`);
  await rig.file("write", { path: "own" }, "own");
  await Deno.link(`${rig.root}/own`, `${rig.root}/other-name`);
  equal(await read(rig, "other-name"), "own");
  equal(await Deno.readTextFile(`${rig.outside}/canary`), "canary");
});

Deno.test("where nothing isolates, any second name is refused", async () => {
  await using rig = await FilesRig.open({ isolated: false });
  await Deno.writeTextFile(`${rig.outside}/canary`, "canary");
  await Deno.link(`${rig.outside}/canary`, `${rig.root}/hard`);
  match(await rig.refusal("read", { path: "hard" }), /^forbidden: .*copy it/);
  match(await rig.refusal("write", { path: "hard", mode: "append" }, "x"), /^forbidden: /);
  equal(await Deno.readTextFile(`${rig.outside}/canary`), "canary");
});

Deno.test("permissions are respected, and said", async () => {
  ok(Deno.uid() === 0, "this test needs root, to become somebody who is not");
  await using rig = await FilesRig.open({ uid: 54_321 });
  await rig.file("write", { path: "d/f" }, "x");
  await Deno.chmod(`${rig.root}/d/f`, 0);
  match(await rig.refusal("read", { path: "d/f" }), /^forbidden: .*permissions.*chmod/);
  await Deno.chmod(`${rig.root}/d`, 0o500);
  match(await rig.refusal("write", { path: "d/new" }, "x"), /^forbidden: .*permissions/);
});

Deno.test("this kernel keeps paths below by itself", async () => {
  await using rig = await FilesRig.open();
  equal(await rig.python("import paths; result = paths.kernel_stays_beneath(root_fd)"), true);
  await using other = await FilesRig.open({ beneath: false });
  equal(await other.python("import paths; result = paths.kernel_stays_beneath(root_fd)"), false);
});
