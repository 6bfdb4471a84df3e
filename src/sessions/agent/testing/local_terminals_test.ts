import assert from "node:assert/strict";
import { localTerminals } from "./local_terminals.ts";

const signal = () => AbortSignal.timeout(60_000);

async function textOf(output: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const bytes of output) text += new TextDecoder().decode(bytes);
  return text;
}

Deno.test("a local terminal: a command is seen to its end, in its directory, on a terminal", async () => {
  await using workspace = await localTerminals();
  const terminal = await workspace.open("pwd; test -t 0 && echo typed; echo error >&2", signal());
  assert.equal(await textOf(terminal.output), `${workspace.home}\r\ntyped\r\nerror\r\n`);
  assert.equal((await terminal.closed).code, 1000);
});

Deno.test("a local terminal: what is typed arrives, bytes come out as they are in raw mode", async () => {
  await using workspace = await localTerminals();
  const terminal = await workspace.open("stty raw -echo; echo ready; head -c 300000 | sha256sum", signal());
  const reader = terminal.output[Symbol.asyncIterator]();
  let said = "";
  const untilSaid = async (wanted: RegExp) => {
    while (!wanted.test(said)) {
      const { value, done } = await reader.next();
      assert.ok(done !== true, `its end instead of ${wanted}: ${said}`);
      said += new TextDecoder().decode(value);
    }
  };
  await untilSaid(/^ready\n/);
  const text = "abc".repeat(100_000);
  await terminal.type(text, signal());
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  await untilSaid(new RegExp(`^ready\n${new Uint8Array(digest).toHex()}`));
});

Deno.test("a local terminal: it breaks where a test says so, and its command goes on", async () => {
  await using workspace = await localTerminals();
  const terminal = await workspace.open("printf 123456789; echo more; echo x > done", signal());
  terminal.cutAfter(5);
  assert.equal(await textOf(terminal.output), "12345");
  assert.equal((await terminal.closed).code, 1006);
  await assert.rejects(() => terminal.type("x", signal()), /closed/);
  await workspace.hangUp();
});
