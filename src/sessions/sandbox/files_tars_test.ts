import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { below, seededRandom } from "../../telemetry/testing/random.ts";
import { FilesRig } from "./testing/files_rig.ts";

/** Reads an archive (base64) with the reader, and says what was in it, or what was wrong with it. */
const READ = `
import base64, io, paths, tars
def entries(text):
    reader = tars.Reader(io.BytesIO(base64.b64decode(text)).read)
    found = []
    try:
        while True:
            entry = reader.next()
            if entry is None:
                return found
            content = reader.content(1 << 20)
            found.append([entry.kind.decode("latin1"), entry.name.decode("utf-8", "replace"), entry.size, entry.mode, entry.modified,
                          entry.target.decode("utf-8", "replace"), len(content)])
    except paths.FileError as error:
        return error.code + ": " + error.message
    except RecursionError:
        return "too deep"
result = [entries(each) for each in argument]
`;
/** Writes headers: of each [kind, name, size, mode, modified, target], with its content. */
const WRITE = `
import base64, tars
written = b""
for kind, name, size, mode, modified, target in argument:
    written += tars.header(kind.encode(), name.encode(), size, mode, modified, target.encode())
    if kind == "0":
        written += b"x" * min(size, 5000) + tars.padding(size)
result = base64.b64encode(written + tars.END).decode()
`;

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

/** A record of a tar archive, checksum and all. */
function record(fields: Readonly<Record<number, string | Uint8Array>>): Uint8Array {
  const block = new Uint8Array(512);
  const put = (at: number, field: string | Uint8Array) =>
    block.set(typeof field === "string" ? new TextEncoder().encode(field) : field, at);
  for (
    const [at, field] of Object.entries({
      100: "0000644\0",
      124: "00000000000\0",
      136: "00000000000\0",
      148: "        ",
      156: "0",
      ...fields,
    })
  ) {
    put(Number(at), field);
  }
  put(148, `${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `);
  return block;
}

function archive(...blocks: Uint8Array[]): string {
  const padded = blocks.flatMap((block) => [block, new Uint8Array((512 - block.length % 512) % 512)]);
  return base64(Buffer.concat([...padded, new Uint8Array(1_024)]));
}

const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
const text = (value: string) => new TextEncoder().encode(value);

Deno.test("what is written is read, names and targets of any length", async () => {
  await using rig = await FilesRig.open();
  const entries = [
    ["0", "f", 5, 0o644, 1_700_000_000, ""],
    ["0", "n".repeat(100), 0, 0o755, 0, ""],
    ["0", "n".repeat(101), 512, 0o600, 1, ""],
    ["0", `${"d/".repeat(300)}ü`, 513, 0o777, 2, ""],
    ["5", "directory/", 0, 0o700, 3, ""],
    ["2", "link", 0, 0o777, 4, "t".repeat(100)],
    ["2", "l".repeat(200), 0, 0o777, 5, "t".repeat(3_000)],
    ["0", "last", 1, 0o644, 8 ** 11 - 1, ""],
  ] as const;
  const [read] = await rig.python(READ, [await rig.python(WRITE, entries)]) as [unknown[][]];
  deepEqual(read.map((entry) => entry.slice(0, 6)), entries);
  deepEqual(read.map((entry) => entry[6]), entries.map(([kind, , size]) => kind === "0" ? size : 0));
});

Deno.test("sizes beyond eight gigabytes, and times that do not fit, are written so that they are read", async () => {
  await using rig = await FilesRig.open();
  const code = `
import tars
result = []
for size, modified in argument:
    record = tars.header(tars.FILE, b"f", size, modified=modified)
    reader = tars.Reader(None)
    result.append([reader._check(record)[1], tars._number(record[136:148])])
`;
  const sizes = [[8 ** 11 - 1, -5], [8 ** 11, 8 ** 12], [2 ** 50, 7]];
  deepEqual(await rig.python(code, sizes), [[8 ** 11 - 1, 0], [8 ** 11, 8 ** 11 - 1], [2 ** 50, 7]]);
});

Deno.test("what other programs write is read: pax, prefixes, old files", async () => {
  await using rig = await FilesRig.open();
  const pax = text(`${"30 mtime=1700000000.123456789\n"}${"20 path=longer-name\n"}${"17 linkpath=to/x\n"}`);
  const cases: readonly (readonly [string, unknown])[] = [
    [
      archive(
        record({ 0: "PaxHeaders/x", 124: octal(pax.length, 11), 156: "x" }),
        pax,
        record({ 0: "short", 156: "2", 157: "other" }),
      ),
      [["2", "longer-name", 0, 0o644, 1_700_000_000, "to/x", 0]],
    ],
    // A header for all entries says nothing that is needed here.
    [
      archive(
        record({ 0: "pax_global", 124: octal(20, 11), 156: "g" }),
        text("20 path=longer-name\n"),
        record({ 0: "f" }),
      ),
      [["0", "f", 0, 0o644, 0, "", 0]],
    ],
    [
      archive(record({ 0: "name", 257: text("ustar\x0000"), 345: text("some/directory") })),
      [["0", "some/directory/name", 0, 0o644, 0, "", 0]],
    ],
    // GNU tar has something else where others have the prefix.
    [archive(record({ 0: "name", 257: "ustar  \0", 345: "12345670" })), [["0", "name", 0, 0o644, 0, "", 0]]],
    [archive(record({ 0: "old", 156: new Uint8Array(1) })), [["0", "old", 0, 0o644, 0, "", 0]]],
    [archive(record({ 0: "mode", 100: "   755 \0" })), [["0", "mode", 0, 0o755, 0, "", 0]]],
    [archive(), []],
  ];
  const read = await rig.python(READ, cases.map(([bytes]) => bytes)) as unknown[];
  for (const [at, [, want]] of cases.entries()) deepEqual(read[at], want, String(at));
});

Deno.test("what cannot be is said", async () => {
  await using rig = await FilesRig.open();
  const header = (body: string) =>
    [record({ 0: "x", 124: octal(body.length, 11), 156: "x" }), text(body), record({ 0: "f" })] as const;
  const cases: readonly (readonly [string, RegExp])[] = [
    [archive(record({ 0: "f", 124: "0000000008x\0" })), /number in it cannot be read/],
    [archive(record({ 0: "f", 124: "-0000000001\0" })), /number in it is below 0/],
    [archive(...header("0 a=b\n")), /header in it cannot be read/],
    [archive(...header("999 path=x\n")), /header in it cannot be read/],
    [archive(...header("nonsense")), /header in it cannot be read/],
    [archive(...header("11 pathxyz\n")), /header in it cannot be read/],
    [archive(...header(`30 size=${"9".repeat(21)}\n`)), /cannot be read/],
    [base64(record({ 0: "f" }).slice(0, 300)), /ends in the middle/],
    [base64(record({ 0: "f" })), /ends in the middle/],
    [base64(text("x".repeat(512))), /no tar archive, or damaged/],
  ];
  const read = await rig.python(READ, cases.map(([bytes]) => bytes)) as unknown[];
  for (const [at, [, message]] of cases.entries()) match(String(read[at]), message, String(at));
});

Deno.test("damage of any kind is a refusal, or another archive, and no mistake of ours", async () => {
  await using rig = await FilesRig.open();
  const random = seededRandom(20_261_122);
  const entries = [
    ["0", "n".repeat(150), 700, 0o644, 1_700_000_000, ""],
    ["2", "link", 0, 0o777, 4, "t".repeat(150)],
    ["5", "directory/", 0, 0o700, 3, ""],
    ["0", "f", 5, 0o644, 1, ""],
  ];
  const whole = Buffer.from(String(await rig.python(WRITE, entries)), "base64");
  const damaged = Array.from({ length: 1_500 }, () => {
    const bytes = Uint8Array.from(whole);
    for (let count = 1 + below(random, 3); count > 0; count--) {
      bytes[below(random, bytes.length)] = below(random, 256);
    }
    // Many with a checksum that is right, so that what is behind it is reached.
    const at = 512 * below(random, bytes.length / 512);
    if (random() < 0.8) {
      bytes.set(text("        "), at + 148);
      const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
      bytes.set(text(`${sum.toString(8).padStart(6, "0")}\0 `), at + 148);
    }
    return base64(random() < 0.1 ? bytes.subarray(0, below(random, bytes.length)) : bytes);
  });
  const read = await rig.python(READ, damaged) as (string | unknown[])[];
  const refused = read.filter((each) => typeof each === "string");
  ok(
    refused.every((each) => /^invalid: the archive cannot be unpacked: /.test(each)),
    refused.join("\n").slice(0, 2_000),
  );
  ok(refused.length > 100 && refused.length < damaged.length);
  equal(read.length, damaged.length);
});
