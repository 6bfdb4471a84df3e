import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../telemetry/testing/random.ts";
import { HeaderTextError, headerValues, userFromHeaders } from "./identity_headers.ts";
import type { RequestHeaderConfig } from "./request_header.ts";

const config: RequestHeaderConfig = {
  ca: { pem: "", authorities: [] },
  allowedNames: [],
  usernameHeaders: ["x-remote-user", "x-forwarded-user"],
  uidHeaders: ["x-remote-uid"],
  groupHeaders: ["x-remote-group", "x-more-groups"],
  extraHeaderPrefixes: ["x-remote-extra-", "x-more-"],
};

function user(...rawHeaders: string[]) {
  return userFromHeaders(headerValues(rawHeaders), config);
}

/** A text as Node gives it from the wire: one character a byte. */
function onTheWire(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

Deno.test("name, UID, groups and extra are read from their headers, whatever their case", () => {
  assert.deepEqual(
    user(
      "Host",
      "server",
      "X-Remote-User",
      "jane",
      "x-REMOTE-uid",
      "7",
      "X-Remote-Group",
      "dev",
      "X-Remote-Extra-Scopes",
      "view",
    ),
    { name: "jane", uid: "7", groups: ["dev"], extra: { scopes: ["view"] } },
  );
});

Deno.test("without a name there is nobody, whatever else is said", () => {
  assert.equal(user(), undefined);
  assert.equal(user("X-Remote-Group", "system:masters", "X-Remote-Uid", "0"), undefined);
  assert.equal(user("X-Remote-User", "", "X-Remote-Group", "system:masters"), undefined);
  assert.equal(user("X-Remote-User", " \t ", "X-Forwarded-User", ""), undefined);
});

Deno.test("the first header that has a name counts, and of each its first value alone", () => {
  assert.equal(user("X-Remote-User", "jane", "X-Remote-User", "admin")?.name, "jane");
  assert.equal(user("X-Forwarded-User", "bob", "X-Remote-User", "jane")?.name, "jane");
  assert.equal(user("X-Remote-User", "", "X-Forwarded-User", "bob")?.name, "bob");
  assert.equal(user("X-Remote-User", "", "X-Remote-User", "admin"), undefined, "as the API server does it");
});

Deno.test("groups are all values of all group headers, and a comma separates nothing", () => {
  const found = user(
    "X-Remote-User",
    "jane",
    "X-More-Groups",
    "z",
    "X-Remote-Group",
    "CN=dev,OU=eng",
    "X-Remote-Group",
    "",
    "x-remote-group",
    "ops",
  );
  assert.deepEqual(found?.groups, ["CN=dev,OU=eng", "ops", "z"]);
});

Deno.test("keys of extra are in lower case and percent-decoded where that is possible", () => {
  const found = user(
    "X-Remote-User",
    "jane",
    "X-Remote-Extra-Example.com%2FScopes",
    "a",
    "x-remote-extra-example.com%2fscopes",
    "b",
    "X-Remote-Extra-%c3%a9",
    "c",
    "X-Remote-Extra-Half%",
    "d",
    "X-Remote-Extra-%ff",
    "e",
    "X-Remote-Extra-Empty",
    "",
    "X-Remote-Extra-",
    "no key",
  );
  assert.deepEqual(found?.extra, {
    "example.com/scopes": ["a", "b"],
    "é": ["c"],
    "half%": ["d"],
    "%ff": ["e"],
    empty: [""],
    "": ["no key"],
  });
});

Deno.test("values of several prefixes come together, in the order of the prefixes", () => {
  const found = user("X-More-Scopes", "2", "X-Remote-User", "jane", "X-Remote-Extra-Scopes", "1");
  assert.deepEqual(found?.extra, { scopes: ["1", "2"] });
});

Deno.test("a key named as a property of every object is a key", () => {
  const found = user(
    "X-Remote-User",
    "jane",
    "X-Remote-Extra-__proto__",
    "a",
    "X-Remote-Extra-Constructor",
    "b",
  );
  assert.ok(found);
  assert.equal(Object.getPrototypeOf(found.extra), Object.prototype);
  assert.deepEqual(Object.entries(found.extra), [["__proto__", ["a"]], ["constructor", ["b"]]]);
  assert.equal(JSON.stringify(found.extra), '{"__proto__":["a"],"constructor":["b"]}');
});

Deno.test("names are UTF-8, and white space around them is not theirs", () => {
  const found = user(
    "X-Remote-User",
    onTheWire("  jürgen 東京\t"),
    "X-Remote-Group",
    onTheWire("équipe"),
    "X-Remote-Extra-City",
    onTheWire("Köln"),
  );
  assert.deepEqual(found, { name: "jürgen 東京", groups: ["équipe"], extra: { city: ["Köln"] } });
  assert.equal(user("X-Remote-User", onTheWire("\ufeffjane"))?.name, "\ufeffjane", "nothing is dropped");
});

Deno.test("text that is no UTF-8 is refused: two names could become one", () => {
  for (const bytes of ["j\xfcrgen", "\xc0\xaf", "\xed\xa0\x80", "日本"]) {
    assert.throws(() => user("X-Remote-User", bytes), HeaderTextError, JSON.stringify(bytes));
    assert.throws(() => user("X-Remote-User", "jane", "X-Remote-Group", bytes), HeaderTextError);
    assert.throws(() => user("X-Remote-User", "jane", "X-Remote-Extra-A", bytes), HeaderTextError);
  }
  assert.equal(user("X-Remote-User", "jane", "X-Other", "j\xfcrgen")?.name, "jane");
});

Deno.test("a flat list with an odd end loses nothing but that end", () => {
  assert.deepEqual([...headerValues(["A", "1", "B"])], [["a", ["1"]]]);
});

Deno.test("whoever is named by random headers is named by one of them, and has no group that none of them gives", () => {
  const names = [
    "X-Remote-User",
    "x-remote-user",
    "X-Forwarded-User",
    "X-Remote-Group",
    "X-Remote-Groups",
    "X-Remote-Use",
    "XX-Remote-User",
    "X_Remote_User",
    "X-Remote-User-",
    "X-Remote-Uid",
    "X-Remote-Extra-A",
    "Authorization",
    "Impersonate-User",
  ];
  const values = ["", " ", "jane", "admin", "system:masters", "a,b", "a, system:masters", "%00", "Bearer x"];
  const seed = Date.now();
  const random = seededRandom(seed);
  for (let round = 0; round < 5_000; round++) {
    const raw = Array.from({ length: below(random, 8) }, () => [pick(random, names), pick(random, values)]);
    const found = user(...raw.flat());
    const given = (...wanted: string[]) =>
      raw.filter(([name]) => wanted.includes(name!.toLowerCase())).map(([, value]) => value!.trim());
    const told = given("x-remote-user", "x-forwarded-user").filter((value) => value !== "");
    if (found === undefined) continue;
    const where = `seed ${seed}: ${JSON.stringify(raw)}`;
    assert.ok(told.includes(found.name), where);
    assert.deepEqual(found.groups, given("x-remote-group").filter((value) => value !== ""), where);
    assert.deepEqual(Object.keys(found.extra), given("x-remote-extra-a").length > 0 ? ["a"] : [], where);
  }
});
