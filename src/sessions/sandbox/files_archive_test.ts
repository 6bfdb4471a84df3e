import { Buffer } from "node:buffer";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { FilesRig } from "./testing/files_rig.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

interface Packed {
  size: number;
  sha256: string;
  files: number;
}

async function pack(rig: FilesRig, archive = "arch-a"): Promise<Packed> {
  return (await rig.file("pack", { archive })).output as unknown as Packed;
}

/** Names, kinds, permissions and contents below a directory. */
async function tree(root: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("find", {
    args: [
      ".",
      "-mindepth",
      "1",
      "(",
      "-type",
      "f",
      "-printf",
      "%P %m %T@ %s\\n",
      ")",
      "-o",
      "-printf",
      "%P %y %m %l\\n",
    ],
    cwd: root,
    env: { LC_ALL: "C.UTF-8" },
  }).output();
  return new TextDecoder().decode(stdout).split("\n").filter(Boolean).map((line) =>
    line.replace(/\.0+ /, " ")
  ).sort();
}

async function unpackBytes(rig: FilesRig, bytes: Uint8Array, archive = "arch-b") {
  await rig.file("archive_drop", { archive });
  for (let offset = 0; offset < bytes.length || offset === 0; offset += 1_000_000) {
    await rig.file("archive_write", { archive, offset }, bytes.subarray(offset, offset + 1_000_000));
  }
  return { archive, sha256: sha256(bytes) };
}

async function planted(rig: FilesRig): Promise<void> {
  await rig.file("write", { path: "a/b/f.txt" }, "hello");
  await rig.file("write", { path: "run.sh", executable: true }, "#!/bin/sh\n");
  await rig.file("write", { path: `long/${"n".repeat(200)}/${"ü".repeat(100)}` }, "long names");
  await rig.file("write", { path: "empty" }, "");
  await Deno.mkdir(`${rig.root}/empty-dir`);
  await rig.file("write", { path: "closed/f" }, "in a directory that is not to be written");
  await Deno.chmod(`${rig.root}/closed`, 0o555);
  for (
    const [path, target] of [["link", "a/b"], ["out", "/usr/bin/python3"], [
      "up",
      `../${"x".repeat(150)}`,
    ]] as const
  ) {
    await Deno.symlink(target, `${rig.root}/${path}`);
  }
  for (
    const path of ["a/b/f.txt", "run.sh", `long/${"n".repeat(200)}/${"ü".repeat(100)}`, "empty", "closed/f"]
  ) {
    await Deno.utime(`${rig.root}/${path}`, 1_700_000_000, 1_700_000_000);
  }
}

Deno.test("what is packed comes back as it was, and nothing else stays", async () => {
  await using rig = await FilesRig.open();
  await planted(rig);
  const before = await tree(rig.root);
  const packed = await pack(rig);
  equal(packed.files, 5);
  await rig.file("write", { path: "a/b/f.txt" }, "changed");
  await rig.file("write", { path: "new/er" }, "x");
  await Deno.remove(`${rig.root}/run.sh`);
  const { output } = await rig.file("unpack", { archive: "arch-a", sha256: packed.sha256 });
  equal(output["files"], 5);
  deepEqual(await tree(rig.root), before);
  equal(await rig.text("a/b/f.txt"), "hello");
  // A link that leads out is what it was, and whoever opens it is held back.
  match(await rig.refusal("read", { path: "out" }), /^forbidden/);
  // Twice is no more than once, and in another session it is the same.
  await rig.file("unpack", { archive: "arch-a", sha256: packed.sha256 });
  deepEqual(await tree(rig.root), before);
  await using other = await FilesRig.open();
  const bytes = await Deno.readFile(`${rig.spool}/arch-a.tar.gz`);
  await other.file("unpack", await unpackBytes(other, bytes));
  deepEqual(await tree(other.root), before);
});

Deno.test("packing the same again gives the same bytes", async () => {
  await using rig = await FilesRig.open();
  await planted(rig);
  deepEqual(await pack(rig), await pack(rig));
});

Deno.test("other programs read what is packed", async () => {
  await using rig = await FilesRig.open();
  await planted(rig);
  await pack(rig);
  const other = `${rig.base}/other`;
  await Deno.mkdir(other);
  const { code, stderr } = await new Deno.Command("tar", {
    args: ["-xpzf", `${rig.spool}/arch-a.tar.gz`],
    cwd: other,
  }).output();
  equal(code, 0, new TextDecoder().decode(stderr));
  deepEqual(await tree(other), await tree(rig.root));
});

Deno.test("what other programs pack is unpacked", async () => {
  await using from = await FilesRig.open();
  await planted(from);
  await using rig = await FilesRig.open();
  for (const format of ["ustar", "gnu", "pax", "v7"]) {
    // Neither has names so long.
    const without = format === "ustar" || format === "v7" ? ["--exclude=./long", "--exclude=./up"] : [];
    const { code, stdout, stderr } = await new Deno.Command("tar", {
      args: [`--format=${format}`, ...without, "-czf", "-", "."],
      cwd: from.root,
    }).output();
    equal(code, 0, new TextDecoder().decode(stderr));
    await rig.file("unpack", await unpackBytes(rig, stdout));
    const want = (await tree(from.root)).filter((line) => without.length === 0 || !/^(long|up)/.test(line));
    deepEqual(await tree(rig.root), want, format);
  }
});

Deno.test("any directory comes back as it was", async () => {
  await using rig = await FilesRig.open();
  const random = seededRandom(11);
  const names = ["a", "b b", "ü", ".c", "-d", "e\n", "f".repeat(101)];
  for (let round = 0; round < 10; round++) {
    for (let count = 0; count < 40; count++) {
      const path = Array.from({ length: 1 + below(random, 4) }, () => pick(random, names)).join("/");
      if (random() < 0.8) {
        await rig.file("write", { path, executable: random() < 0.3 }, "x".repeat(below(random, 3_000))).catch(
          () => {},
        );
      } else {await Deno.symlink(pick(random, ["a", "../..", "/etc", "b b/a"]), `${rig.root}/${path}`).catch(
          () => {},
        );}
    }
    await new Deno.Command("find", {
      args: [rig.root, "-type", "f", "-exec", "touch", "-d", "@1700000000", "{}", "+"],
    }).output();
    const before = await tree(rig.root);
    const packed = await pack(rig);
    await rig.file("write", { path: pick(random, names) + "x" }, "gone again");
    await rig.file("unpack", { archive: "arch-a", sha256: packed.sha256 });
    deepEqual(await tree(rig.root), before);
  }
});

Deno.test("sockets and FIFOs are left out, what cannot be read is said", async () => {
  await using rig = await FilesRig.open({ uid: 54_321 });
  await rig.file("write", { path: "f" }, "x");
  await new Deno.Command("mkfifo", { args: [`${rig.root}/pipe`] }).output();
  equal((await pack(rig)).files, 1);
  await Deno.chmod(`${rig.root}/f`, 0);
  match(await rig.refusal("pack", { archive: "arch-a" }), /^forbidden: cannot pack "f": its permissions/);
  await Deno.chmod(`${rig.root}/f`, 0o600);
  await rig.file("write", { path: "d/g" }, "x");
  await Deno.chmod(`${rig.root}/d`, 0);
  match(await rig.refusal("pack", { archive: "arch-a" }), /^forbidden: cannot read "d": its permissions/);
});

Deno.test("directories that lie too deep are said when they are packed", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: `${"d/".repeat(128)}f` }, "x");
  const packed = await pack(rig);
  await rig.file("unpack", { archive: "arch-a", sha256: packed.sha256 });
  await rig.file("write", { path: `${"d/".repeat(129)}f` }, "x");
  match(await rig.refusal("pack", { archive: "arch-a" }), /^limit: .*more than 128 directories deep/);
  // And are removed nevertheless, however deep they are.
  await rig.python(`
import os
fd = os.dup(root_fd)
for _ in range(3000):
    os.mkdir("deep", dir_fd=fd)
    below = os.open("deep", os.O_RDONLY, dir_fd=fd)
    os.close(fd)
    fd = below
os.close(fd)`);
  await Deno.remove(`${rig.spool}/arch-a.tar.gz`);
  await rig.file("unpack", await unpackBytes(rig, gzipSync(new Uint8Array(1_024))));
  deepEqual(await tree(rig.root), []);
});

Deno.test("archives are read and written by pieces, and dropped", async () => {
  await using rig = await FilesRig.open({ diskBytes: 1_000_000 });
  const input = (offset: number) => ({ archive: "arch-p", offset });
  deepEqual((await rig.file("archive_write", input(0), "hello ")).output, { size: 6 });
  await rig.file("archive_write", input(6), "there");
  // What is written twice at one place is there once.
  deepEqual((await rig.file("archive_write", input(6), "there")).output, { size: 11 });
  const piece = await rig.file("archive_read", { ...input(4), length: 4 });
  deepEqual([new TextDecoder().decode(piece.body), piece.output["size"]], ["o th", 11]);
  equal((await rig.file("archive_read", { ...input(11), length: 4 })).body.length, 0);
  match(await rig.refusal("archive_write", input(12), "x"), /^invalid: .*has 11 bytes yet/);
  match(await rig.refusal("archive_write", input(999_999), "xx"), /^limit: .*disk limit/);
  match(await rig.refusal("archive_write", input(11), "x".repeat(100), { free: 99 }), /^limit/);
  for (let times = 0; times < 2; times++) await rig.file("archive_drop", { archive: "arch-p" });
  match(await rig.refusal("archive_read", { ...input(0), length: 4 }), /^not_found: .*pack it, or write it/);
  for (const archive of ["arch-", "arch-../x", "x", "arch-A", "arch-a\n", `arch-${"a".repeat(33)}`]) {
    match(await rig.refusal("archive_drop", { archive }), /^invalid: .*no name of an archive/);
  }
  match(await rig.refusal("pack", { archive: "arch-p" }, undefined, { free: 10 }), /^limit: .*no room/);
  deepEqual([...Deno.readDirSync(rig.spool)], []);
});

// ---- what is foreign

interface Member {
  name: string;
  type?: string;
  target?: string;
  content?: string;
  size?: number;
}

/** A tar archive as somebody with bad intentions writes it. */
function tar(members: readonly Member[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const { name, type = "0", target = "", content = "", size = content.length } of members) {
    const block = new Uint8Array(512);
    const put = (at: number, text: string) => block.set(new TextEncoder().encode(text), at);
    put(0, name);
    put(100, "0000644\0");
    put(124, `${size.toString(8).padStart(11, "0")}\0`);
    put(136, "14371000000\0");
    put(148, "        ");
    put(156, type);
    put(157, target);
    put(257, "ustar\x0000");
    put(148, `${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `);
    const body = new Uint8Array(Math.ceil(content.length / 512) * 512);
    body.set(new TextEncoder().encode(content));
    blocks.push(block, body);
  }
  blocks.push(new Uint8Array(1_024));
  return new Uint8Array(Buffer.concat(blocks));
}

const BAD: readonly (readonly [string, readonly Member[], RegExp])[] = [
  ["an absolute path", [{ name: "/etc/x" }], /absolute path/],
  ["a path that goes up", [{ name: "a/../../x" }], /path with "\.\."/],
  ["a path that only goes up", [{ name: ".." }], /path with "\.\."/],
  ["a device", [{ name: "x", type: "3" }], /neither file, directory nor link/],
  ["a FIFO", [{ name: "x", type: "6" }], /neither file, directory nor link/],
  ["a sparse file", [{ name: "x", type: "S" }], /neither file, directory nor link/],
  [
    "a file through a link",
    [{ name: "l", type: "2", target: "../outside" }, { name: "l/x" }],
    /goes through a link/,
  ],
  [
    "a file through an absolute link",
    [{ name: "l", type: "2", target: "/tmp" }, { name: "l/x" }],
    /goes through a link/,
  ],
  ["a directory over a link", [{ name: "l", type: "2", target: "../outside" }, { name: "l", type: "5" }, {
    name: "l/x",
  }], /goes through a link/],
  ["a hard link out", [{ name: "x", type: "1", target: "../outside/f" }], /path with "\.\."/],
  ["an absolute hard link", [{ name: "x", type: "1", target: "/etc/passwd" }], /absolute path/],
  ["a hard link through a link", [{ name: "l", type: "2", target: "../outside" }, {
    name: "x",
    type: "1",
    target: "l/f",
  }], /goes through a link/],
  ["a hard link to a link", [{ name: "l", type: "2", target: "../outside/f" }, {
    name: "x",
    type: "1",
    target: "l",
  }], /no link to a file/],
  ["a file and a directory of one name", [{ name: "a/b" }, { name: "a" }], /a directory and a file/],
  ["a name of nothing", [{ name: "." }], /no name/],
  [
    "depth",
    [{ name: `${"d/".repeat(49)}x`, type: "L", content: `${"d/".repeat(200)}x` }, { name: "x" }],
    /128 directories deep/,
  ],
  [
    "a name that is too long",
    [{ name: "x", type: "L", content: "n".repeat(300) }, { name: "x" }],
    /name that cannot be/,
  ],
  ["headers without end", [{ name: "x", type: "L", size: 1_000_000 }], /more than 65536 bytes/],
  [
    "a pax header that is none",
    [{ name: "x", type: "x", content: "99 path=x\n" }, { name: "x" }],
    /header in it cannot be read/,
  ],
  [
    "a pax size that is none",
    [{ name: "x", type: "x", content: "12 size=abc\n" }, { name: "x" }],
    /number in it cannot be read/,
  ],
  [
    "a sparse file by pax",
    [{ name: "x", type: "x", content: "22 GNU.sparse.major=1\n" }, { name: "x" }],
    /sparse/,
  ],
  ["a file that ends early", [{ name: "x", size: 100_000 }], /ends in the middle/],
];

Deno.test("an archive with bad intentions is refused, and nothing is changed", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "mine/f" }, "mine");
  await Deno.writeTextFile(`${rig.outside}/f`, "canary");
  const before = await tree(rig.root);
  for (const [what, members, message] of BAD) {
    const input = await unpackBytes(rig, gzipSync(tar([{ name: "good", content: "x" }, ...members])));
    const refusal = await rig.refusal("unpack", input);
    match(refusal, /^invalid: the archive cannot be unpacked: /, what);
    match(refusal, message, what);
    deepEqual(await tree(rig.root), before, what);
  }
  deepEqual([...Deno.readDirSync(rig.outside)].map(({ name }) => name), ["f"]);
  equal(await Deno.readTextFile(`${rig.outside}/f`), "canary");
});

Deno.test("an archive that is damaged, or none, is refused", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "f" }, "mine");
  const good = gzipSync(tar([{ name: "x", content: "x".repeat(5_000) }]));
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [new TextEncoder().encode("no archive at all"), /not gzipped, or damaged/],
    [gzipSync(new TextEncoder().encode("x".repeat(2_000))), /no tar archive, or damaged/],
    [gzipSync(new Uint8Array(0)), /ends in the middle/],
    [good.subarray(0, good.length - 20), /ends in the middle|damaged/],
    [new Uint8Array(0), /ends in the middle/],
  ];
  for (const [bytes, message] of cases) {
    match(await rig.refusal("unpack", await unpackBytes(rig, bytes)), message);
  }
  await unpackBytes(rig, good);
  match(
    await rig.refusal("unpack", { archive: "arch-b", sha256: "0".repeat(64) }),
    /^conflict: .*damaged: its hash is/,
  );
  match(await rig.refusal("unpack", { archive: "arch-none", sha256: "0".repeat(64) }), /^not_found/);
  equal(await rig.text("f"), "mine");
});

Deno.test("an archive that would fill the disk is refused before it does", async () => {
  await using rig = await FilesRig.open({ diskBytes: 10_000_000 });
  await rig.file("write", { path: "f" }, "mine");
  const input = await unpackBytes(
    rig,
    gzipSync(
      tar([{ name: "bomb", content: "x".repeat(9_000_000) }, {
        name: "more",
        content: "x".repeat(2_000_000),
      }]),
    ),
  );
  match(await rig.refusal("unpack", input), /^limit: .*disk limit leaves/);
  await rig.python("import archive; archive.MAX_ENTRIES = 50");
  const many = await unpackBytes(
    rig,
    gzipSync(tar(Array.from({ length: 51 }, (_, at) => ({ name: `${at}` })))),
  );
  match(await rig.refusal("unpack", many), /^invalid: .*more than 50 entries/);
  equal(await rig.text("f"), "mine");
  deepEqual(await tree(rig.root).then((lines) => lines.length), 1);
});

Deno.test("the last entry of a name counts, and hard links inside are kept", async () => {
  await using rig = await FilesRig.open();
  const members = [
    { name: "f", content: "one" },
    { name: "f", content: "two" },
    { name: "g", type: "1", target: "f" },
    { name: "l", type: "2", target: "f" },
    { name: "l", content: "no link any more" },
  ];
  await rig.file("unpack", await unpackBytes(rig, gzipSync(tar(members))));
  deepEqual([await rig.text("f"), await rig.text("g"), await rig.text("l")], [
    "two",
    "two",
    "no link any more",
  ]);
  equal((await Deno.stat(`${rig.root}/g`)).ino, (await Deno.stat(`${rig.root}/f`)).ino);
});

Deno.test("where the change of places fails in the middle, all is as it was", async () => {
  await using rig = await FilesRig.open();
  for (const path of ["a/x", "b", "c"]) await rig.file("write", { path }, `old ${path}`);
  const input = await unpackBytes(
    rig,
    gzipSync(tar(["a", "b", "c", "d"].map((name) => ({ name, content: "new" })))),
  );
  const before = await tree(rig.root);
  for (let failing = 1; failing <= 7; failing++) {
    const code = `
import archive, errno, files
original, calls = archive._move, [0]
def move(*names):
    calls[0] += 1
    if calls[0] == argument[1]:
        raise OSError(errno.EIO, "broken")
    return original(*names)
archive._move = move
try:
    files.handle("unpack", argument[0], None, root_fd, limits)
    result = "done"
except files.FileError as error:
    result = error.message
finally:
    archive._move = original
`;
    match(
      String(await rig.python(code, [input, failing])),
      /cannot unpack into "\.": input\/output error/,
      String(failing),
    );
    const after = (await tree(rig.root)).filter((line) => !line.startsWith(".restore-old-"));
    deepEqual(after, before, String(failing));
  }
  // What an attempt has left is gone with the next.
  await rig.file("unpack", input);
  deepEqual((await tree(rig.root)).map((line) => line[0]), ["a", "b", "c", "d"]);
});

Deno.test("without a place for archives there are none", async () => {
  await using rig = await FilesRig.open();
  await rig.python("limits['spool_fd'] = None");
  match(await rig.refusal("pack", { archive: "arch-a" }), /^failed: this session has no place for archives/);
  ok((await rig.file("list", {})).output["more"] === false);
});
