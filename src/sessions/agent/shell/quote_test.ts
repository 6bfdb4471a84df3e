import assert from "node:assert/strict";
import { below, seededRandom, text } from "../../../telemetry/testing/random.ts";
import { call, quoted } from "./quote.ts";

async function printed(shell: string, code: string): Promise<string> {
  const { stdout } = await new Deno.Command(shell, { args: ["-c", code] }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test("whatever a text is, it is one word for every shell", async () => {
  const random = seededRandom(1);
  const texts = [
    ...[
      "",
      " ",
      "'",
      "''",
      '"',
      "$HOME",
      "`id`",
      "\\",
      "\n",
      "a\n",
      "*",
      "~",
      "-n",
      "a=b",
      "ż😀",
      "!x",
      "$(id)",
      ";",
      "#",
    ],
    ...Array.from({ length: 60 }, () => text(random, below(random, 12), "a'\"\\$` \n\t*;&|<>(){}[]~!#ż")),
  ];
  const code = texts.map((one) => `printf '%s\\1' ${quoted(one)}`).join("\n");
  for (const shell of ["dash", "bash"]) {
    assert.deepEqual((await printed(shell, code)).split("\u0001").slice(0, -1), texts, shell);
  }
});

Deno.test("a call has each argument as one word", async () => {
  const code = `f() { printf '%s|' "$#" "$@"; }\n${call("f", "a b", "", 3, "it's")}`;
  assert.equal(await printed("dash", code), "4|a b||3|it's|");
});
