import assert from "node:assert/strict";
import { ALPHANUMERIC, below, pick, seededRandom, text } from "../telemetry/testing/random.ts";
import { splitJsonItems } from "./json_items.ts";

const split = (value: string) => {
  const { items, rest } = splitJsonItems(value, "workspaces");
  return { items: items.map((item) => JSON.parse(item)), rest };
};

Deno.test("items and the rest are told apart", () => {
  assert.deepEqual(split('{"workspaces":[{"a":1},{"b":[2,{"c":3}]}],"count":2}\n'), {
    items: [{ a: 1 }, { b: [2, { c: 3 }] }],
    rest: { workspaces: null, count: 2 },
  });
});

Deno.test("an empty list, null and a missing one have no items", () => {
  for (const list of ['"workspaces":[],', '"workspaces": [ ] ,', '"workspaces":null,', ""]) {
    assert.deepEqual([split(`{${list}"count":0}`).items, split(`{${list}"count":0}`).rest["count"]], [[], 0]);
  }
});

Deno.test("brackets and quotes inside texts are texts", () => {
  const items = [{ a: '}],"[{' }, { b: '\\"]' }, { "c]": "\\\\" }, { d: "\u2028\\u005d" }];
  assert.deepEqual(split(JSON.stringify({ workspaces: items, count: 4 })).items, items);
});

Deno.test("white space and another order of fields make no difference", () => {
  const value = { workspaces: [{ a: 1 }, { b: "x y" }, {}], count: 3 };
  assert.deepEqual(split(JSON.stringify(value, null, 2)).items, value.workspaces);
  assert.deepEqual(split(JSON.stringify({ count: 3, workspaces: value.workspaces })).items, value.workspaces);
});

Deno.test("items that are no objects are not lost, nor do they shift others", () => {
  const items = [{ a: 1 }, 7, null, "x", [1], { b: 2 }];
  assert.deepEqual(split(JSON.stringify({ workspaces: items, count: 6 })).items, items);
});

Deno.test("what is no JSON, or another kind of it, is refused", () => {
  for (
    const bad of [
      "",
      "[]",
      "null",
      '{"workspaces":[{"a":1}',
      '{"workspaces":[{"a":"',
      '{"workspaces":[{"a":1}]',
      '{"workspaces":{}}',
      '{"workspaces":[{"a":1} {"b":2}],"count":1}',
      '{"workspaces":[{"a":1},],"count":1}',
      '{"workspaces":[{"a":1}]} trailing',
    ]
  ) assert.throws(() => split(bad), SyntaxError, bad);
});

Deno.test("whatever the list holds, its items are those of the parser", () => {
  const random = seededRandom(9);
  const alphabet = `${ALPHANUMERIC}{}[]",:\\ \n\té`;
  const value = (depth: number): unknown => {
    switch (below(random, depth > 3 ? 3 : 5)) {
      case 0:
        return text(random, below(random, 12), alphabet);
      case 1:
        return below(random, 1_000) - 500.5;
      case 2:
        return pick(random, [null, true, false]);
      case 3:
        return Array.from({ length: below(random, 4) }, () => value(depth + 1));
    }
    const fields = Array.from(
      { length: below(random, 4) },
      () => [text(random, 5, alphabet), value(depth + 1)],
    );
    return Object.fromEntries(fields);
  };
  for (let round = 0; round < 3_000; round++) {
    const workspaces = Array.from(
      { length: below(random, 5) },
      () => below(random, 6) === 0 ? value(0) : { v: value(0) },
    );
    const json = JSON.stringify({ workspaces, count: 1 }, null, pick(random, [undefined, 1]));
    assert.deepEqual(split(json).items, workspaces);
    const broken = json.slice(0, below(random, json.length));
    assert.throws(() => split(broken), SyntaxError);
  }
});
