import assert from "node:assert/strict";
import { isServiceLink } from "../options.ts";
import { flagSpecs } from "./load.ts";
import { COMMAND_OPTIONS } from "./sets.ts";

const sets = Object.values(COMMAND_OPTIONS);

Deno.test("no two options of a command share a flag, a letter or a variable", () => {
  for (const { set } of sets) {
    const flags = flagSpecs(set).flatMap(({ flag, letter }) =>
      letter === undefined ? [flag] : [flag, letter]
    );
    assert.equal(new Set(flags).size, flags.length, set.command);
    const variables = set.options.flatMap(({ env, variables = [] }) => [env, ...variables]);
    assert.equal(new Set(variables).size, variables.length, set.command);
  }
});

Deno.test("no variable is one that the kubelet sets for Services", () => {
  for (const { set } of sets) {
    for (const { env } of set.options) {
      assert.equal(isServiceLink(env), false, env);
      assert.ok(env.startsWith(set.prefix));
    }
  }
});

Deno.test("every option is explained in sentences, under a heading of its command", () => {
  for (const { set, groups } of sets) {
    for (const option of set.options) {
      assert.match(option.help, /^[A-Z$].*[.%]$/s, option.flag);
      assert.ok(groups.includes(option.group), `${option.flag}: ${option.group}`);
    }
  }
});

Deno.test("the default that help shows is the default that counts", () => {
  for (const { set } of sets) {
    for (const { fallback, described, key } of set.options) {
      if (fallback === undefined) assert.equal(described.absent, undefined, key);
      else assert.deepEqual(described.schema.parse(fallback), described.absent, key);
    }
  }
});

Deno.test("switches are exactly the options of true and false, and words that are offered are allowed", () => {
  for (const { set } of sets) {
    for (
      const { isSwitch, described: { schema }, choices = [], flag } of set.options.filter(({ fileOnly }) =>
        !fileOnly
      )
    ) {
      assert.equal(schema.safeParse("true").data === true, isSwitch, flag);
      for (const word of choices) assert.equal(schema.safeParse(word).success, true, word);
      if (choices.length > 0) assert.equal(schema.safeParse("none of them").success, false);
    }
  }
});
