import assert from "node:assert/strict";
import { DatabaseError } from "./mod.ts";
import { isPostgresUrl, urlSettings } from "./url_settings.ts";

const U = { user: "u", password: "p", host: "h", dbname: "d" };

/** What Coder 2.30.0's own code (its repair of the password, then its fork of lib/pq) makes of each. */
const AS_CODER_READS_THEM: Readonly<Record<string, Record<string, string>>> = {
  "postgres://u:p@h:1/d": { ...U, port: "1" },
  "postgresql://u@h/d?sslmode=disable&connect_timeout=3": {
    ...{ user: "u", host: "h", dbname: "d" },
    ...{ sslmode: "disable", connect_timeout: "3" },
  },
  "postgres://u:p%40w%2F%3A@h/d": { ...U, password: "p@w/:" },
  "postgres://u:p@ss@h/d": { ...U, password: "p@ss" },
  "postgres://u:pa ss#w/o?rd@h/d": { ...U, password: "pa ss#w/o?rd" },
  "postgres://u:a b%41@h/d": { ...U, password: "a b%41" },
  "postgres://u:p@[::1]:5433/d": { ...U, host: "::1", port: "5433" },
  "postgres://u:p@/d": { user: "u", password: "p", dbname: "d" },
  "postgres:///d?host=h&user=u": { dbname: "d", host: "h", user: "u" },
  "postgres://u:p@h:/d": U,
  "postgres://u:@h/d": { user: "u", host: "h", dbname: "d" },
  "postgres://u:p@h1,h2/d": { ...U, host: "h1,h2" },
  "postgres://u:p@h": { user: "u", password: "p", host: "h" },
  "postgres://u:p@h/": { user: "u", password: "p", host: "h" },
  "postgres://u:p@h/a%2Fb/c": { ...U, dbname: "a/b/c" },
  "postgres://u:p@h/d?search_path=a+b&options=-c%20x%3Dy": { ...U, search_path: "a b", options: "-c x=y" },
  "postgres://u:p@h/d?a=1;b=2&c=3": { ...U, c: "3" },
  "postgres://u:p@h/d?c=%zz&c=4": { ...U, c: "4" },
  "postgres://u:p@h/d?c=3&c=4": { ...U, c: "3" },
  "postgres://u:p@h/d?host=z&port=7": { ...U, host: "z", port: "7" },
  "postgres://u:p+q@h/d+e": { ...U, password: "p+q", dbname: "d+e" },
  'postgres://u:"<>@h/d': { ...U, password: '"<>' },
  "postgres://u:p@h/d#frag": U,
  "postgres://h/d?user=me@tenant": { host: "h", dbname: "d", user: "me@tenant" },
  "postgres://u:p@h/d?application_name=": U,
  "postgres://U%20X:p@h/d": { ...U, user: "U X" },
  "postgres://u:pass:word@h/d": { ...U, password: "pass:word" },
  "postgres://u:pä€@h/d": { ...U, password: "pä€" },
  "postgres://u:p[x]@h/d": { ...U, password: "p[x]" },
  "postgres://u:p\\q!'()*@h/d": { ...U, password: "p\\q!'()*" },
};

Deno.test("a URL means what it means to Coder, special characters in the password included", () => {
  for (const [url, settings] of Object.entries(AS_CODER_READS_THEM)) {
    assert.deepEqual(Object.fromEntries(urlSettings(url)), settings, url);
  }
});

Deno.test("an IPv6 address may stand without a port, which Coder's driver does not take", () => {
  assert.equal(urlSettings("postgres://u:p@[::1]/d").get("host"), "::1");
});

Deno.test("what Coder refuses is refused, and told without any part of it", () => {
  const refused = [
    "postgres://u:secret100%@h/d",
    "postgres://u:secret%zz@h/d",
    "postgres://u:secret%ff@h/d",
    "postgres://u:secret@h:x/d",
    "postgres://u:secret@h h/d",
    "postgres://u:secret@h1:1,h2:2/d",
    "postgres://us secret@h/d",
    "postgres://u:secret h/d",
    "postgres://u:sec\nret@h/d",
    "postgres://u:pa@secret/word@h/d",
    "postgres://u:pa@secret#word@h/d",
    "postgres://u:pa@secret?wo=rd@h/d",
    "postgres://u:12/secret@h/d",
  ];
  for (const url of refused) {
    assert.throws(
      () => urlSettings(url),
      (error) =>
        error instanceof DatabaseError && error.kind === "invalidAddress" &&
        !/secret|us /.test(error.message),
      url,
    );
  }
});

Deno.test("a URL is known by its scheme, in lower case as Coder wants it", () => {
  assert.deepEqual(["postgres://", "postgresql://h", "Postgres://h", "host=h", ""].map(isPostgresUrl), [
    ...[true, true, false, false, false],
  ]);
});
