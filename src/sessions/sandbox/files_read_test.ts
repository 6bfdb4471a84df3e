import { deepEqual, equal, match, ok } from "node:assert/strict";
import { FilesRig } from "./testing/files_rig.ts";

const decoder = new TextDecoder();

Deno.test("a file is read whole or by ranges, and its size is honest", async () => {
  await using rig = await FilesRig.open();
  const bytes = Uint8Array.from({ length: 3_000 }, (_, at) => at % 251);
  await Deno.writeFile(`${rig.root}/b`, bytes, { mode: 0o755 });
  await Deno.utime(`${rig.root}/b`, 1_700_000_000, 1_700_000_000.25);
  const whole = await rig.file("read", { path: "b", offset: 0, length: 10_000 });
  deepEqual(whole.output, {
    path: "b",
    size: 3_000,
    offset: 0,
    length: 3_000,
    eof: true,
    modifiedAt: "2023-11-14T22:13:20.250Z",
    executable: true,
  });
  deepEqual(whole.body, bytes);
  for (
    const [offset, length, eof] of [[0, 1_000, false], [1_000, 1_999, false], [1_000, 2_000, true], [
      2_999,
      9,
      true,
    ]] as const
  ) {
    const piece = await rig.file("read", { path: "b", offset, length });
    deepEqual(piece.body, bytes.slice(offset, offset + length));
    equal(piece.output["eof"], eof);
    equal(piece.output["length"], piece.body.length);
  }
  for (const offset of [3_000, 1_000_000, 2 ** 40]) {
    const beyond = await rig.file("read", { path: "b", offset, length: 10 });
    deepEqual([beyond.body.length, beyond.output["eof"], beyond.output["size"]], [0, true, 3_000]);
  }
  const nothing = await rig.file("read", { path: "b", offset: 5, length: 0 });
  deepEqual([nothing.body.length, nothing.output["eof"]], [0, false]);
});

Deno.test("an empty file is one, and a huge one is not read into memory", async () => {
  await using rig = await FilesRig.open({ diskBytes: 2 ** 50 });
  await rig.file("write", { path: "empty" }, "");
  const empty = await rig.file("read", { path: "empty" });
  deepEqual([empty.body.length, empty.output["size"], empty.output["eof"]], [0, 0, true]);
  await rig.python(
    "import os; fd = os.open(argument, os.O_CREAT | os.O_WRONLY); os.ftruncate(fd, 1 << 42); os.pwrite(fd, b'end', (1 << 42) - 3); os.close(fd)",
    `${rig.root}/huge`,
  );
  const end = await rig.file("read", { path: "huge", offset: 2 ** 42 - 3, length: 100 });
  equal(decoder.decode(end.body), "end");
  equal(end.output["size"], 2 ** 42);
});

Deno.test("times that no calendar has do not keep a file from being read", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "f" }, "x");
  for (const [time, shown] of [[-1e9, "1970-01-01T00:00:00.000Z"], [15_000_000_000, /^24\d\d-/]] as const) {
    await rig.python("import os; os.utime(argument[0], (argument[1], argument[1]))", [`${rig.root}/f`, time]);
    const { output } = await rig.file("read", { path: "f" });
    if (typeof shown === "string") equal(output["modifiedAt"], shown);
    else match(String(output["modifiedAt"]), shown);
  }
});

Deno.test("what grows while it is read is answered as it was at one moment", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "log" }, "x".repeat(1_000));
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      'while :; do printf yyyyyyyyyy >> "$0"; [ $(wc -c < "$0") -lt 500000 ] || : > "$0"; done',
      `${rig.root}/log`,
    ],
  }).spawn();
  try {
    for (let round = 0; round < 200; round++) {
      const { output, body } = await rig.file("read", { path: "log", offset: 500, length: 100_000 });
      equal(output["length"], body.length);
      ok(Number(output["size"]) >= (body.length === 0 ? 0 : 500 + body.length));
      ok(output["eof"] === (500 + body.length >= Number(output["size"])));
    }
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

Deno.test("stat says what something is, links followed", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "d/f", executable: true }, "12345");
  await Deno.symlink("d/f", `${rig.root}/l`);
  const { output } = await rig.file("stat", { path: "l" });
  deepEqual([output["path"], output["type"], output["size"], output["executable"]], ["l", "file", 5, true]);
  equal((await rig.file("stat", { path: "d" })).output["type"], "directory");
  match(await rig.refusal("stat", { path: "nothing" }), /^not_found/);
});

Deno.test("an operation that is none is refused", async () => {
  await using rig = await FilesRig.open();
  match(await rig.refusal("chown", { path: "x" }), /^invalid: there is no operation "chown"/);
});
