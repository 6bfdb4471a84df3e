import assert from "node:assert/strict";
import { generateName } from "./generate_name.ts";
import {
  labelValueObjections,
  namespaceObjections,
  pathName,
  qualifiedNameObjections,
  subdomainName,
  subdomainObjections,
} from "./names.ts";

const long = (length: number) => "a".repeat(length);

function check(rule: (name: string) => readonly string[], good: string[], bad: string[]): void {
  for (const name of good) assert.deepEqual(rule(name), [], name);
  for (const name of bad) assert.notDeepEqual(rule(name), [], name);
}

Deno.test("names of objects are DNS subdomains", () => {
  check(subdomainObjections, ["a", "0", "a-b.c", "a.b.c", long(253)], [
    "",
    "A",
    "a_b",
    "-a",
    "a-",
    "a..b",
    ".a",
    "a.",
    "ä",
    "a\n",
    "a/b",
    long(254),
  ]);
});

Deno.test("a name to which something comes may end with a dash", () => {
  assert.deepEqual(subdomainName("made-", true), []);
  assert.notDeepEqual(subdomainName("made-", false), []);
  assert.notDeepEqual(subdomainName("-", true), []);
  assert.notDeepEqual(subdomainName("Made-", true), []);
});

Deno.test("names are parts of paths", () => {
  check((name) => pathName(name, false), ["a", "A:b", "..."], [".", "..", "a/b", "a%b"]);
  assert.deepEqual(pathName(".", true), []);
  assert.equal(pathName("/%", true).length, 2);
});

Deno.test("namespaces are DNS labels", () => {
  check(namespaceObjections, ["a", "a-0", long(63)], ["", "a.b", "A", "-", long(64)]);
});

Deno.test("qualified names have a name, and perhaps a domain", () => {
  check(qualifiedNameObjections, ["a", "A.b_c-d", "example.com/a", `${long(63)}.x/${long(63)}`], [
    "",
    "/a",
    "a/",
    "a/b/c",
    "-a",
    "a-",
    "A.b/c",
    "a b",
    long(64),
    `x/${long(64)}`,
  ]);
  assert.equal(qualifiedNameObjections("_/_").length, 2);
});

Deno.test("values of labels may be empty", () => {
  check(labelValueObjections, ["", "a", "A_b.c-d", long(63)], ["-", "a ", "a/b", long(64), "ä"]);
});

Deno.test("a made name has five letters or digits behind what was asked for, and is no longer than a label", () => {
  for (let round = 0; round < 200; round++) {
    assert.match(generateName("made-"), /^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  }
  assert.equal(generateName(long(70)).length, 63);
  assert.equal(generateName(long(58)).slice(0, 58), long(58));
  assert.equal(generateName("a-", () => 0), "a-bbbbb");
  assert.equal(generateName("a-", (below) => below - 1), "a-99999");
});

Deno.test("letters of made names come all, and about as often", () => {
  const counts = new Map<string, number>();
  for (const letter of Array.from({ length: 2000 }, () => generateName("")).join("")) {
    counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  assert.equal(counts.size, 27);
  for (const [letter, count] of counts) assert.ok(count > 200 && count < 600, `${letter}: ${count}`);
});
