import assert from "node:assert/strict";
import { keywordSettings } from "./keyword_settings.ts";
import { DatabaseError } from "./mod.ts";

const HU = { host: "h", user: "u" };

/** What Coder's driver makes of each. */
const AS_CODER_READS_THEM: Readonly<Record<string, Record<string, string>>> = {
  "host=h user=u password=p dbname=d port=1": { ...HU, password: "p", dbname: "d", port: "1" },
  "host = h user= u password='a b\\'c\\\\'": { ...HU, password: "a b'c\\" },
  "host=h user=u password=a\\ b": { ...HU, password: "a b" },
  "host=h user=u password=": { ...HU, password: "" },
  "host=h password= user=u": { host: "h", password: "user=u" },
  "user='' host=''": { user: "", host: "" },
  "user=u password='x'host=h": { ...HU, password: "x" },
  "user=w user=u host=h": HU,
  " host=h\n\tuser=u ": HU,
  "host=h user=u password='😀=\u00a0'": { ...HU, password: "😀=\u00a0" },
  "": {},
};

Deno.test("a list of key=value means what it means to Coder, quotes and backslashes included", () => {
  for (const [text, settings] of Object.entries(AS_CODER_READS_THEM)) {
    assert.deepEqual(Object.fromEntries(keywordSettings(text)), settings, text);
  }
});

Deno.test("a mistake is told by its place and without the text, which may be a password", () => {
  const cases: [text: string, message: RegExp][] = [
    ["host=h user=u password=sec ret", /no key=value at character 28/],
    ["host=h user", /no key=value at character 8/],
    ["=secret", /no key=value at character 1/],
    ["Postgres://u:secret@h", /a URL begins with postgres:/],
    ["password='secret", /the quote at character 10 does not end/],
    ["password='secret\\", /the quote at character 10 does not end/],
    ["password=secret\\", /ends with a backslash/],
    ["password=''secret", /no key=value at character 12/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => keywordSettings(text),
      (error) =>
        error instanceof DatabaseError && error.kind === "invalidAddress" && message.test(error.message) &&
        !/secret|ret;/.test(error.message),
      text,
    );
  }
});
