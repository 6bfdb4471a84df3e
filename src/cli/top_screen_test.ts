// deno-lint-ignore-file no-control-regex -- what is drawn is read back
import assert from "node:assert/strict";
import { Painter, terminalScreen } from "./top_screen.ts";

function rig(more: Partial<Parameters<typeof terminalScreen>[0]> = {}) {
  const written: string[] = [];
  const raws: boolean[] = [];
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const screen = terminalScreen({
    input: { setRaw: (raw) => void raws.push(raw), readable },
    write: (text) => void written.push(text),
    consoleSize: () => ({ columns: 90, rows: 30 }),
    ...more,
  });
  return { screen, written, raws, writer: writable.getWriter() };
}

Deno.test("a terminal is taken over and given back once, also where the process just ends", () => {
  const { screen, written, raws } = rig();
  screen.close();
  assert.deepEqual(written, []);
  screen.open();
  globalThis.dispatchEvent(new Event("unload"));
  screen.close();
  assert.deepEqual(raws, [true, false]);
  assert.match(written.join(""), /^\x1b\[\?1049h.*\x1b\[\?1049l$/s);
  assert.ok(written.join("").includes("\x1b[?25h"), "the cursor is back");
});

Deno.test("where nothing can be written any more, at least what is typed is itself again", () => {
  let isGone = false;
  const { screen, raws } = rig({
    write: () => {
      if (isGone) throw new Error("gone");
    },
  });
  screen.open();
  isGone = true;
  assert.throws(() => screen.close(), /gone/);
  assert.deepEqual(raws, [true, false]);
});

Deno.test("what is typed is read until nobody wants it, or nobody types", async () => {
  const { screen, writer } = rig();
  const abort = new AbortController();
  const heard: string[] = [];
  const reading = (async () => {
    for await (const text of screen.typed(abort.signal)) heard.push(text);
  })();
  await writer.write(new TextEncoder().encode("jk"));
  await new Promise((resolve) => setTimeout(resolve));
  abort.abort();
  await reading;
  assert.deepEqual(heard, ["jk"]);
  const other = rig();
  const closing = other.writer.close();
  for await (const _ of other.screen.typed(new AbortController().signal)) assert.fail("nothing was typed");
  await closing;
});

Deno.test("a terminal that does not know its size has the usual one", () => {
  assert.deepEqual(rig().screen.size(), { columns: 90, rows: 30 });
  const { screen } = rig({
    consoleSize: () => {
      throw new Error("not a terminal");
    },
  });
  assert.deepEqual(screen.size(), { columns: 80, rows: 24 });
});

Deno.test("only lines that are others are drawn, and those that are no more go", () => {
  let text = "";
  const painter = new Painter((given) => text += given);
  const paint = (lines: string[]) => {
    text = "";
    painter.paint(lines);
    return text;
  };
  assert.equal(paint(["a", "b"]), "\x1b[1;1Ha\x1b[2;1Hb");
  assert.equal(paint(["a", "c"]), "\x1b[2;1Hc");
  assert.equal(paint(["a", "c"]), "");
  assert.equal(paint(["a"]), "\x1b[2;1H\x1b[J");
  painter.clear();
  assert.equal(paint(["a"]), "\x1b[1;1Ha");
});
