import assert from "node:assert/strict";
import { DatabaseError } from "./mod.ts";
import { tlsPlan } from "./tls_plan.ts";

const CA = "-----CA-----";

function plan(settings: Record<string, string>, ca?: string): unknown {
  try {
    return tlsPlan(new Map(Object.entries(settings)), ca);
  } catch (error) {
    assert.ok(error instanceof DatabaseError && error.kind === "invalidAddress");
    return error.message;
  }
}

Deno.test("each mode verifies what it promises; certificates at hand make require verify too", () => {
  assert.equal(plan({ sslmode: "disable", sslrootcert: "/ca" }), undefined);
  assert.deepEqual(plan({}), { verify: "nothing" });
  assert.deepEqual(plan({ sslmode: "" }), { verify: "nothing" });
  assert.deepEqual(plan({ sslmode: "require" }), { verify: "nothing" });
  assert.deepEqual(plan({ sslmode: "require" }, CA), { verify: "authority", ca: CA });
  assert.deepEqual(plan({ sslmode: "verify-ca" }), { verify: "authority" });
  assert.deepEqual(plan({ sslmode: "verify-ca" }, CA), { verify: "authority", ca: CA });
  assert.deepEqual(plan({ sslmode: "verify-full" }, CA), { verify: "host", ca: CA });
});

Deno.test("files of Coder's pod are told as what they are, unless the operator has its own", () => {
  for (const sslmode of ["require", "verify-ca", "verify-full"]) {
    const settings = { sslmode, sslrootcert: "/certs/ca.crt" };
    assert.match(String(plan(settings)), /a file in Coder's pod.*databaseCASecretRef/);
    assert.notEqual(typeof plan(settings, CA), "string");
    const client = plan({ sslmode, sslcert: "/certs/tls.crt", sslkey: "/certs/tls.key" }, CA);
    assert.match(String(client), /files in Coder's pod.*databaseURLSecretRef/);
  }
});

Deno.test("certificates can be in the URL itself, where Coder's driver takes them too", () => {
  const inline = { sslmode: "verify-full", sslinline: "true" };
  assert.deepEqual(plan({ ...inline, sslrootcert: CA, sslcert: "C", sslkey: "K" }), {
    ...{ verify: "host", ca: CA, cert: "C", key: "K" },
  });
  assert.deepEqual(plan({ ...inline, sslrootcert: CA }, "other"), { verify: "host", ca: "other" });
  assert.match(String(plan({ ...inline, sslcert: "C" })), /one of sslcert and sslkey without the other/);
  // The driver looks for a file of that name, finds none and verifies nothing.
  assert.deepEqual(plan({ ...inline, sslmode: "require", sslrootcert: CA }), { verify: "nothing" });
});

Deno.test("modes that Coder does not know are refused", () => {
  for (const sslmode of ["prefer", "allow", "verify_full", "REQUIRE"]) {
    assert.match(String(plan({ sslmode })), /Coder takes no other/, sslmode);
  }
});
