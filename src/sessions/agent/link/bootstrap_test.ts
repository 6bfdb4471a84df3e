/** What a new terminal says in place of a daemon: it is foreign, and ends up in front of people. */
import assert from "node:assert/strict";
import type { Terminal } from "../../../coder/terminal.ts";
import { SessionError } from "../../types.ts";
import { findDaemon } from "./bootstrap.ts";

const wanted = { session: "sess-odd", spec: {}, mayBegin: true, isNew: true };

/** A terminal that says this, and ends. `say` gets what our words begin with. */
async function refusal(say: (nonce: string) => string): Promise<SessionError> {
  const open = (command: string): Promise<Terminal> => {
    const [, one, two] = /sh\\n" (\w{16}) (\w{16})/.exec(command)!;
    const bytes = new TextEncoder().encode(say(`${one}${two}`));
    return Promise.resolve({
      reconnect: crypto.randomUUID(),
      output: ReadableStream.from([bytes]),
      closed: Promise.resolve({ code: 1000, reason: "" }),
      type: () => Promise.resolve(),
      close: () => {},
    });
  };
  const error = await findDaemon(open, wanted, AbortSignal.timeout(60_000)).then(
    () => undefined,
    (error) => error,
  );
  assert.ok(error instanceof SessionError, String(error));
  return error;
}

function saying(value: unknown): (nonce: string) => string {
  return (nonce) => `${nonce}error ${new TextEncoder().encode(JSON.stringify(value)).toBase64()}\n`;
}

Deno.test("what a workspace refuses with is one line without anything that leads terminals", async () => {
  const odd = "no\u001b[2Jplace\nfor\u0007 it \u202eat\u009b all";
  const { code, message } = await refusal(saying({ error: "not_found", message: odd }));
  assert.equal(code, "not_found");
  assert.equal(message, "no [2Jplace for it at all");
});

Deno.test("what a terminal said before it ended is told in the same way", async () => {
  const { code, message } = await refusal(() => "login:\u001b]0;x\u0007 \u009b31mred\u202e\n");
  assert.equal(code, "unavailable");
  assert.match(message, /it said: login: \]0;x 31mred$/);
});

Deno.test("what is no refusal is told as that", async () => {
  for (const value of [{ error: "nonsense", message: "x" }, { error: "failed" }, 7]) {
    assert.deepEqual((await refusal(saying(value))).code, "internal");
  }
  assert.equal((await refusal((nonce) => `${nonce}error %%%\n`)).code, "internal");
});
