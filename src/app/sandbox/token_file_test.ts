import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { parseTokens, TokenFile, TokenFileError } from "./token_file.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const ANN = "ann-0123456789abcdef";
const BOB = "bob-0123456789abcdef";

Deno.test("tokens are known by their hash, given as they are or hashed", () => {
  const text = `# callers\n\nann ${ANN}\n  bob  sha256:${
    sha256(BOB).toUpperCase()
  }  \nann another-token-of-ann\n`;
  assert.deepEqual(Object.fromEntries(parseTokens(text)), {
    [sha256(ANN)]: "ann",
    [sha256(BOB)]: "bob",
    [sha256("another-token-of-ann")]: "ann",
  });
});

Deno.test("a line that is wrong is named, and what stands there is not told", () => {
  const wrong = [
    ["ann", /^line 1: it must be a name and a token/],
    [`ann ${ANN} more`, /^line 1: it must be a name and a token/],
    [`# x\n-ann ${ANN}`, /^line 2: the name must be/],
    ["ann short", /^line 1: the token must have at least 16 characters/],
    ["ann sha256:12", /^line 1: the token must/],
    [`ann ${ANN}\nbob ${ANN}`, /^line 2: another name has the same token/],
  ] as const;
  for (const [text, why] of wrong) {
    assert.throws(() => parseTokens(text), (error) => {
      assert.ok(error instanceof TokenFileError);
      assert.match(error.message, why);
      assert.doesNotMatch(error.message, /short|0123456789/);
      return true;
    });
  }
});

Deno.test("a file that changes is read again, and one that breaks leaves all as it was", async () => {
  let text = `ann ${ANN}`;
  let time = 0;
  const { logger, lines } = recordingLogger();
  const file = await TokenFile.open({
    path: "tokens",
    log: logger,
    now: () => time,
    read: () => text === "" ? Promise.reject(new Error("gone")) : Promise.resolve(text),
  });
  assert.deepEqual([file.nameOf(ANN), file.nameOf(BOB), file.nameOf("")], ["ann", undefined, undefined]);
  text = `bob ${BOB}`;
  await file.look();
  assert.equal(file.nameOf(BOB), undefined);
  time = 10_000;
  await file.look();
  assert.deepEqual([file.nameOf(ANN), file.nameOf(BOB)], [undefined, "bob"]);
  for (text of ["bob", "", ""]) {
    time += 10_000;
    await file.look();
    assert.equal(file.nameOf(BOB), "bob");
  }
  text = "# all are taken back";
  time += 10_000;
  await file.look();
  assert.equal(file.nameOf(BOB), undefined);
  assert.deepEqual(lines.map(({ message, fields }) => [message, fields?.["why"] ?? fields?.["tokens"]]), [
    ["callers' tokens were read again", 1],
    [
      "callers' tokens cannot be read again: those of before count",
      "line 1: it must be a name and a token, with a space between",
    ],
    ["callers' tokens cannot be read again: those of before count", "gone"],
    ["no token is left: nobody is let in", 0],
  ]);
});

Deno.test("a file that cannot be used at the start is an error that names it", async () => {
  assert.equal(parseTokens("# nobody").size, 0);
  await assert.rejects(
    TokenFile.open({ path: "/empty", log: silentLogger, read: () => Promise.resolve("# nobody") }),
    (error) => error instanceof TokenFileError && /there is no token in it/.test(error.message),
  );
  await assert.rejects(
    TokenFile.open({ path: "/nowhere/tokens", log: silentLogger }),
    (error) =>
      error instanceof TokenFileError && /--auth-token-file: \/nowhere\/tokens: /.test(error.message),
  );
});
