import assert from "node:assert/strict";
import { seededRandom } from "../../../telemetry/testing/random.ts";
import { compare } from "./compare.ts";
import { fieldsOf } from "./fields_of.ts";
import { isEqual, type Json, type JsonMap } from "./json.ts";
import { merge } from "./merge.ts";
import { forSeeds, randomSpec, specSchema } from "./testing.ts";

/** The object, the configuration, and what comes of them. */
const CASES: [string, JsonMap, JsonMap, JsonMap][] = [
  ["nothing is taken away", { title: "a", limits: { a: "1" } }, {}, { title: "a", limits: { a: "1" } }],
  ["values are the configuration's", { title: "a", size: 1 }, { title: "b", on: true }, {
    title: "b",
    size: 1,
    on: true,
  }],
  ["maps have the keys of both", { limits: { a: "1", b: "2" } }, { limits: { b: "3", c: "4" } }, {
    limits: { a: "1", b: "3", c: "4" },
  }],
  ["an empty map takes nothing away", { limits: { a: "1" } }, { limits: {} }, { limits: { a: "1" } }],
  ["nor does null", { limits: { a: "1" }, tags: ["a"] }, { limits: null, tags: null }, {
    limits: { a: "1" },
    tags: ["a"],
  }],
  ["between empty and null, the configuration decides", { limits: {}, tags: [] }, {
    limits: null,
    tags: null,
  }, {
    limits: null,
    tags: null,
  }],
  ["a value may become null", { title: "a" }, { title: null }, { title: null }],
  ["what is atomic is the configuration's", { files: { a: "1" }, args: ["a"] }, {
    files: { b: "2" },
    args: [],
  }, {
    files: { b: "2" },
    args: [],
  }],
  ["an item is merged with that of the same keys", { ports: [{ port: 1, name: "a", labels: { x: "1" } }] }, {
    ports: [{ port: 1, labels: { y: "2" } }],
  }, { ports: [{ port: 1, name: "a", labels: { x: "1", y: "2" } }] }],
  ["an untyped value becomes what the configuration has", { extra: { a: { b: 1 }, c: [1] } }, {
    extra: { a: 1, c: { d: 1 } },
  }, { extra: { a: 1, c: { d: 1 } } }],
  ["an item that is there twice is merged with nothing", {
    ports: [{ port: 1, name: "a" }, { port: 1, name: "b" }],
  }, {
    ports: [{ port: 1 }],
  }, { ports: [{ port: 1 }] }],
  ["items that are there twice stay if nobody names them", { tags: ["a", "b", "a"] }, { tags: ["c"] }, {
    tags: ["a", "b", "a", "c"],
  }],
];

Deno.test("an object and a configuration become one", () => {
  for (const [what, live, config, expected] of CASES) {
    assert.deepEqual(merge(specSchema, live, config), expected, what);
  }
});

Deno.test("items come in the order of the configuration, the others where they were", () => {
  const cases: [string, string, string][] = [
    ["", "ab", "ab"],
    ["ab", "", "ab"],
    ["abc", "abc", "abc"],
    ["abc", "cba", "cba"],
    ["ab", "xy", "abxy"],
    ["abcde", "xdby", "acxdeby"],
    ["abc", "xa", "xabc"],
    ["abc", "cx", "abcx"],
    ["abc", "xbyc", "axbyc"],
    ["abcd", "da", "bcda"],
  ];
  for (const [live, config, expected] of cases) {
    const merged = merge(specSchema, { tags: [...live] }, { tags: [...config] }) as { tags: string[] };
    assert.equal(merged.tags.join(""), expected, `${live} and ${config}`);
  }
});

Deno.test("a merged object has everything that the configuration says, and all of the object beside it", () => {
  forSeeds(400, seededRandom, (random) => {
    const [live, config] = [randomSpec(random), randomSpec(random)];
    const merged = merge(specSchema, live, config);
    const { modified, removed } = compare(specSchema, config, merged);
    assert.ok(modified.isEmpty && removed.isEmpty, "the configuration is in it");
    const { removed: lost } = compare(specSchema, live, merged);
    // What is untyped may have become another thing.
    assert.ok(lost.isEmpty, `nothing is lost: ${JSON.stringify([live, config, merged])}`);
    const both = fieldsOf(specSchema, live).union(fieldsOf(specSchema, config));
    assert.ok(fieldsOf(specSchema, merged).difference(both).isEmpty, "nothing is made up");
  });
});

Deno.test("merging twice is merging once", () => {
  forSeeds(300, seededRandom, (random) => {
    const [live, config] = [randomSpec(random), randomSpec(random)];
    const once = merge(specSchema, live, config);
    assert.ok(isEqual(merge(specSchema, once, config), once), JSON.stringify([live, config]));
  });
});

Deno.test("items of the configuration keep its order, whatever there is", () => {
  forSeeds(300, seededRandom, (random) => {
    const shuffled = (): Json[] => [..."abcdef"].filter(() => random() < 0.6).sort(() => random() - 0.5);
    const [live, config] = [shuffled(), shuffled()];
    const { tags } = merge(specSchema, { tags: live }, { tags: config }) as { tags: Json[] };
    assert.deepEqual(tags.filter((tag) => config.includes(tag)), config);
    const others = live.filter((tag) => !config.includes(tag));
    assert.deepEqual(tags.filter((tag) => !config.includes(tag)), others);
    assert.equal(tags.length, new Set([...live, ...config]).size);
  });
});
