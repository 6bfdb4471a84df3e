import assert from "node:assert/strict";
import { createAuthority } from "../../../tests/cluster/pki.ts";
import { DatabaseError } from "./mod.ts";
import { readTarget } from "./target.ts";

function problemOf(url: string, ca?: string): string {
  try {
    readTarget({ url, ca });
  } catch (error) {
    assert.ok(error instanceof DatabaseError && error.kind === "invalidAddress", String(error));
    return error.message;
  }
  return "";
}

Deno.test("what is left out has Coder's defaults", () => {
  assert.deepEqual(readTarget({ url: "postgres://u@/" }), {
    host: "localhost",
    port: 5432,
    user: "u",
    password: "",
    database: "u",
    tls: { verify: "nothing" },
    options: "",
    connectTimeoutMs: undefined,
    searchDomains: [],
  });
  const full = readTarget({
    url: " host=db port=6432 user=u password='p w' dbname=d sslmode=disable connect_timeout=7\n",
    searchDomains: ["ns.svc"],
  });
  assert.deepEqual(full, {
    ...{ host: "db", port: 6432, user: "u", password: "p w", database: "d", tls: undefined, options: "" },
    ...{ connectTimeoutMs: 7000, searchDomains: ["ns.svc"] },
  });
  assert.equal(readTarget({ url: "postgres://u@h/?connect_timeout=0" }).connectTimeoutMs, undefined);
});

Deno.test("settings of the session go to the server, those of the driver and our own do not", () => {
  const url =
    "postgres://u@h/d?search_path=a+b%5Cc&options=-c%20role%3Dr&statement_timeout=1&application_name=x" +
    "&binary_parameters=yes&sslsni=0&sslmode=disable&TimeZone=UTC";
  assert.equal(readTarget({ url }).options, "-c role=r -c search_path=a\\ b\\\\c -c TimeZone=UTC");
});

Deno.test("what cannot work for the operator is refused with what to do", () => {
  const cases: [url: string, problem: RegExp][] = [
    ["", /it is empty/],
    [" \n", /it is empty/],
    ["postgres://h/d", /names no user/],
    ["user='' host=h", /names no user/],
    ["host=/var/run/postgresql user=u", /Unix socket/],
    ["postgres://u:p@h1,h2/d", /several hosts/],
    ["host=h1,h2 user=u", /several hosts/],
    ["postgres://u:p@h:99999/d", /no number from 1 to 65535/],
    ["postgres://u:p@h:0/d", /no number from 1 to 65535/],
    ["host=h port=1,2 user=u", /no number from 1 to 65535/],
    ["postgres://u:p@h/d?connect_timeout=soon", /connect_timeout/],
    ["postgres://u:p@h/d?sslmode=prefer", /Coder takes no other/],
    ["postgres://u:p@h/d?sslmode=allow", /Coder takes no other/],
    ["postgres://u:p@h/d?a%20b=c", /has a name that PostgreSQL does not take/],
  ];
  for (const [url, problem] of cases) assert.match(problemOf(url), problem, url);
});

Deno.test("authorities must be PEM certificates, one or several", async () => {
  const { certPem, keyPem } = await createAuthority("ca");
  const url = "postgres://u@h/d?sslmode=verify-full";
  assert.deepEqual(readTarget({ url, ca: `# two\n${certPem}\n${certPem}` }).tls?.verify, "host");
  assert.match(problemOf(url, "no certificate"), /not PEM/);
  assert.match(problemOf(url, keyPem), /not PEM/);
  assert.match(problemOf(url, ""), /not PEM/);
  const broken = certPem.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA");
  assert.match(problemOf(url, `${certPem}\n${broken}`), /cannot be read/);
});
