import assert from "node:assert/strict";
import { identityOf, inputsHash, isSameIdentity, messageOf, versionName } from "./identity.ts";
import { HASH } from "./testing.ts";

Deno.test("a message tells what a version was made of, whatever people write into it", () => {
  const identity = { text: HASH, content: HASH, inputs: "none" };
  for (
    const words of [
      undefined,
      "",
      "more room",
      `coder-k8s: text ${HASH} content sha256:${"0".repeat(64)} inputs none`,
    ]
  ) {
    const message = messageOf(words, identity);
    assert.deepEqual(identityOf(message), identity);
    assert.ok(words === undefined || words.length < 20 ? message.startsWith(words ?? "") : true);
  }
  assert.equal(identityOf("pushed by hand"), undefined);
  assert.equal(isSameIdentity(undefined, identity), false);
  assert.equal(isSameIdentity({ ...identity, text: "" }, identity), true);
  assert.equal(isSameIdentity({ ...identity, inputs: HASH }, identity), false);
});

Deno.test("equal content has an equal name, another attempt another one, and Coder takes all of them", () => {
  const identity = { text: HASH, content: HASH, inputs: "none" };
  const names = [1, 2, 50].map((attempt) => versionName(identity, attempt));
  assert.equal(new Set([...names, versionName({ ...identity, inputs: HASH }, 1)]).size, 4);
  assert.equal(versionName({ ...identity, text: "other" }, 1), names[0]);
  for (const name of names) assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
});

Deno.test("tags and variables are told from others, in whatever order they come, and never shown", () => {
  const one = inputsHash({
    tags: { a: "1", b: "2" },
    variables: [{ name: "x", value: "secret" }, { name: "y", value: "" }],
  }, "t");
  assert.equal(
    one,
    inputsHash({
      variables: [{ name: "y", value: "" }, { name: "x", value: "secret" }],
      tags: { b: "2", a: "1" },
    }, "t"),
  );
  const others = [
    inputsHash({ tags: { a: "1", b: "2" } }, "t"),
    inputsHash({
      tags: { a: "1", b: "2" },
      variables: [{ name: "x", value: "Secret" }, { name: "y", value: "" }],
    }, "t"),
    inputsHash({
      tags: { a: "1", b: "2" },
      variables: [{ name: "x", value: "secret" }, { name: "y", value: "" }],
    }, "u"),
  ];
  assert.equal(new Set([one, ...others]).size, 4);
  assert.equal(inputsHash({}, "t"), "none");
  assert.equal(inputsHash({ tags: {}, variables: [] }, "t"), "none");
});
