import assert from "node:assert/strict";
import { FileTarget, streamTarget } from "./target.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function inDirectory(run: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(`${directory}/audit.log`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("what is taken in pieces is written whole", async () => {
  let text = "";
  const target = streamTarget({
    write(given) {
      const some = given.subarray(0, 3);
      text += new TextDecoder().decode(some);
      return Promise.resolve(some.length);
    },
  });
  await target.write(bytes("one two three\n"));
  target.close();
  assert.equal(text, "one two three\n");
});

Deno.test("a file is appended to, and only its owner and group may read it", async () => {
  await inDirectory(async (path) => {
    await Deno.writeTextFile(path, "before\n");
    const target = new FileTarget({ path });
    await target.write(bytes("after\n"));
    target.close();
    assert.equal(await Deno.readTextFile(path), "before\nafter\n");
    await Deno.remove(path);
    await target.write(bytes("new\n"));
    target.close();
    assert.equal((await Deno.stat(path)).mode! & 0o007, 0);
  });
});

Deno.test("a file that was moved away is left, and a new one begun", async () => {
  await inDirectory(async (path) => {
    const time = { now: 0 };
    const target = new FileTarget({ path, now: () => time.now });
    await target.write(bytes("one\n"));
    await Deno.rename(path, `${path}.1`);
    time.now += 9_999;
    await target.write(bytes("two\n"));
    time.now += 1;
    await target.write(bytes("three\n"));
    await target.write(bytes("four\n"));
    target.close();
    assert.equal(await Deno.readTextFile(`${path}.1`), "one\ntwo\n");
    assert.equal(await Deno.readTextFile(path), "three\nfour\n");
  });
});

Deno.test("a file in whose place there is another one is left", async () => {
  await inDirectory(async (path) => {
    const time = { now: 0 };
    const target = new FileTarget({ path, now: () => time.now });
    await target.write(bytes("one\n"));
    await Deno.rename(path, `${path}.1`);
    await Deno.writeTextFile(path, "");
    time.now += 10_000;
    await target.write(bytes("two\n"));
    target.close();
    assert.equal(await Deno.readTextFile(path), "two\n");
  });
});

Deno.test("a place that cannot be written to is tried again each time", async () => {
  await inDirectory(async (path) => {
    await Deno.mkdir(path);
    const target = new FileTarget({ path });
    await assert.rejects(target.write(bytes("lost\n")));
    await Deno.remove(path);
    await target.write(bytes("kept\n"));
    target.close();
    assert.equal(await Deno.readTextFile(path), "kept\n");
  });
});

Deno.test("a disk that is full is an error, and what comes later begins a line of its own", async () => {
  // Linux has a device for that.
  const target = new FileTarget({ path: "/dev/full" });
  await assert.rejects(target.write(bytes("lost\n")));
  await assert.rejects(target.write(bytes("lost\n")));
  target.close();
});
