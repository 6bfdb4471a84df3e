import assert from "node:assert/strict";
import { candidates, resolve } from "./resolve.ts";

const DOMAINS = ["coder.svc.cluster.local", "svc.cluster.local"];

/** A resolver that knows these names, and notes what it was asked. */
function resolver(known: Record<string, string[]>, asked: string[] = [], code = "ENOTFOUND") {
  return (name: string) => {
    asked.push(name);
    const addresses = known[name];
    return addresses ? Promise.resolve(addresses) : Promise.reject(Object.assign(new Error(name), { code }));
  };
}

Deno.test("a short name is looked up where Coder's pod would, first in its own namespace", async () => {
  assert.deepEqual(candidates("postgres", DOMAINS), [
    "postgres.coder.svc.cluster.local.",
    "postgres.svc.cluster.local.",
    "postgres.",
  ]);
  const asked: string[] = [];
  const find = resolver({ "db.other.svc.cluster.local.": ["10.0.0.1"] }, asked);
  assert.deepEqual(await resolve("db.other", DOMAINS, find), ["10.0.0.1"]);
  assert.deepEqual(asked, ["db.other.coder.svc.cluster.local.", "db.other.svc.cluster.local."]);
});

Deno.test("whole names are tried as they are first, and addresses not at all", async () => {
  assert.deepEqual(candidates("a.b.c.d.e.f", DOMAINS)[0], "a.b.c.d.e.f.");
  assert.deepEqual(candidates("db.example.", DOMAINS), ["db.example."]);
  assert.deepEqual(candidates("localhost", DOMAINS), ["localhost"]);
  assert.deepEqual(candidates("postgres", []), ["postgres"]);
  for (const address of ["10.0.0.1", "::1", "fe80::1"]) {
    assert.deepEqual(candidates(address, DOMAINS), [address]);
    assert.deepEqual(await resolve(address, DOMAINS, resolver({})), [address]);
  }
});

Deno.test("a resolver that is out of order ends the search: the next name might be somebody else's", async () => {
  const asked: string[] = [];
  await assert.rejects(
    resolve("postgres", DOMAINS, resolver({ "postgres.": ["1.1.1.1"] }, asked, "EAI_AGAIN")),
    {
      code: "EAI_AGAIN",
    },
  );
  assert.equal(asked.length, 1);
});

Deno.test("a name that nobody knows is told as such", async () => {
  await assert.rejects(resolve("postgres", DOMAINS, resolver({})), {
    code: "ENOTFOUND",
    message: "postgres.",
  });
  await assert.rejects(resolve("postgres", [], () => Promise.resolve([])), { code: "ENOTFOUND" });
});

Deno.test("the system's resolver finds this machine", async () => {
  const addresses = await resolve("localhost", DOMAINS);
  assert.ok(addresses.includes("127.0.0.1") || addresses.includes("::1"), addresses.join());
  await assert.rejects(resolve("no-such-host.invalid", []), { code: "ENOTFOUND" });
});
