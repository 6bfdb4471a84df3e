import assert from "node:assert/strict";
import { SessionError } from "../../types.ts";
import { said } from "./errors.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function refusal(answer: string): string {
  try {
    said(bytes(answer), "read", "a/b");
  } catch (error) {
    assert.ok(error instanceof SessionError);
    return `${error.code}: ${error.message}`;
  }
  throw new Error("it was not refused");
}

Deno.test("an answer is words and what follows their line, byte by byte", () => {
  const { words, body } = said(Uint8Array.of(...bytes("ok yes 3\n"), 0, 255, 10), "read", "a");
  assert.deepEqual(words, ["yes", "3"]);
  assert.deepEqual([...body], [0, 255, 10]);
  assert.deepEqual(said(bytes("ok"), "read", "a").words, []);
});

Deno.test("what is refused has a code, and says what was tried and why", () => {
  for (
    const [answer, expected] of [
      ["no noent\n", /^not_found: cannot read "a\/b": there is nothing of that name/],
      ["no isdir\n", /^invalid: .*it is a directory/],
      ["no outside\n", /^forbidden: "a\/b" leads out of the session's directory by a link/],
      ["no other 12ab\n", /^conflict: .*its hash is 12ab; read it again/],
      ["no dangling some name\n", /^not_found: .*"some name" on the way is a link to nothing/],
      ["no tool dd\n", /^failed: .*has no dd, and no python3 either: install python3/],
      [
        "no foreign /home/a b/.coder-k8s\n",
        /^forbidden: .*others may write to "\/home\/a b\/.coder-k8s".*chmod 700/,
      ],
      ["no setsid\n", /^failed: .*setsid or mkfifo.*install python3/],
      ["no sys\ncat: x: Permission denied\n", /^forbidden: .*chmod/],
      ["no sys\nsh: 1: cannot create x: Directory nonexistent\n", /^not_found: /],
      ["no sys\nbase64: write error: No space left on device\n", /^limit: .*disk is full/],
      ["no sys\nln: failed: Read-only file system", /^forbidden: .*cannot be written/],
      ["no sys\nsomething\n  odd\n", /^failed: cannot read "a\/b": something odd$/],
      ["no sys\nodd\u001b[2J\u0007\u202e thing\n", /^failed: cannot read "a\/b": odd \[2J thing$/],
      ["no tool \u001b[2Jdd\u202e\r\n", /^failed: .*has no \[2Jdd, and no python3/],
      ["no other \u001b[2J\n", /^conflict: .*its hash is \[2J; read/],
      ["no \u001b[31mwhy\n", /^failed: cannot read "a\/b": \[31mwhy$/],
      [`no tool ${"x".repeat(10_000)}`, /^.{0,500}$/],
      ["no sys\n", /^failed: /],
      ["garbage", /^failed: .*answered nothing of use/],
      ["", /^failed: .*answered nothing of use/],
    ] as const
  ) assert.match(refusal(answer), expected, answer);
});
