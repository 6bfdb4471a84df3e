import assert from "node:assert/strict";
import { EgressGuard, EgressRefused, hostAndPort } from "./guard.ts";
import { parseEgressRules } from "./rules.ts";

const never = new AbortController().signal;

function guard(
  allow: string[],
  names: Record<string, string[]>,
  more: { forbidden?: string[]; own?: string[] } = {},
) {
  return new EgressGuard({
    rules: parseEgressRules(allow),
    forbidden: more.forbidden,
    ownAddresses: () => more.own ?? [],
    resolve: (host) =>
      names[host] === undefined ? Promise.reject(new Error("no")) : Promise.resolve(names[host]),
  });
}

function refused(reason: EgressRefused["reason"], words: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof EgressRefused);
    assert.equal(error.reason, reason);
    assert.match(error.message, words);
    assert.ok(!error.message.includes("\n"));
    return true;
  };
}

Deno.test("a listed name leads to its public addresses", async () => {
  const one = guard(["a.example"], { "a.example": ["203.0.113.5", "10.0.0.1", "2606:4700::1"] });
  assert.deepEqual(await one.addresses("a.example", 443, never), ["203.0.113.5", "2606:4700::1"]);
});

Deno.test("a name that is not listed is not even looked up", async () => {
  let asked = 0;
  const one = new EgressGuard({
    rules: parseEgressRules(["a.example"]),
    ownAddresses: () => [],
    resolve: () => Promise.resolve([`203.0.113.${++asked}`]),
  });
  await assert.rejects(
    one.addresses("b.example", 443, never),
    refused("not_listed", /b\.example:443.*a\.example/),
  );
  await assert.rejects(one.addresses("a.example", 22, never), refused("not_listed", /a\.example:22/));
  assert.equal(asked, 0);
});

Deno.test("a name that leads inside is refused, in every disguise", async () => {
  const inside = [
    "127.0.0.1",
    "169.254.169.254",
    "10.0.0.1",
    "::1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "fe80::1%2",
  ];
  for (const address of inside) {
    const one = guard(["*"], { "rebind.example": [address] });
    await assert.rejects(
      one.addresses("rebind.example", 80, never),
      refused("internal", /internal address/),
      address,
    );
  }
});

Deno.test("an internal address is reached where it is listed itself", async () => {
  const one = guard(["db.example:5432", "10.0.0.0/8:5432"], { "db.example": ["10.0.0.7", "192.168.0.7"] });
  assert.deepEqual(await one.addresses("db.example", 5432, never), ["10.0.0.7"]);
  assert.deepEqual(await one.addresses("10.0.0.8", 5432, never), ["10.0.0.8"]);
  await assert.rejects(one.addresses("10.0.0.8", 80, never), refused("internal", /10\.0\.0\.8/));
});

Deno.test("a listed range allows no names", async () => {
  const one = guard(["203.0.113.0/24"], { "a.example": ["203.0.113.5"] });
  await assert.rejects(one.addresses("a.example", 443, never), refused("not_listed", /a\.example/));
  assert.deepEqual(await one.addresses("203.0.113.5", 443, never), ["203.0.113.5"]);
});

Deno.test("a public address is reached by * or where it is listed", async () => {
  assert.deepEqual(await guard(["*"], {}).addresses("203.0.113.5", 443, never), ["203.0.113.5"]);
  await assert.rejects(
    guard(["a.example"], {}).addresses("203.0.113.5", 443, never),
    refused("not_listed", /203\.0\.113\.5:443/),
  );
});

Deno.test("the worker's own addresses and the coordinator are not reached, public as they may be", async () => {
  const names = {
    "a.example": ["203.0.113.5"],
    "coordinator.example": ["203.0.113.6"],
    "alias.example": ["203.0.113.6"],
  };
  const one = guard(["*"], names, {
    forbidden: ["coordinator.example", "203.0.113.7"],
    own: ["203.0.113.5"],
  });
  for (const host of ["a.example", "coordinator.example", "alias.example"]) {
    await assert.rejects(one.addresses(host, 443, never), refused("internal", /internal address/), host);
  }
  await assert.rejects(one.addresses("203.0.113.7", 443, never), EgressRefused);
  const listed = guard(["*", "203.0.113.6"], names, { forbidden: ["coordinator.example"] });
  assert.deepEqual(await listed.addresses("alias.example", 443, never), ["203.0.113.6"]);
});

Deno.test("without own addresses given, those of this machine's interfaces count", async () => {
  const address = Deno.networkInterfaces().find((one) => one.family === "IPv4")!.address;
  const one = new EgressGuard({ rules: parseEgressRules(["*"]), resolve: () => Promise.resolve([address]) });
  await assert.rejects(one.addresses("me.example", 443, never), EgressRefused);
});

Deno.test("a name without an address is told apart from one that is refused", async () => {
  await assert.rejects(
    guard(["*"], {}).addresses("gone.example", 443, never),
    refused("unresolved", /gone\.example/),
  );
  await assert.rejects(
    guard(["*"], { "empty.example": [] }).addresses("empty.example", 443, never),
    refused("unresolved", /empty\.example/),
  );
});

Deno.test("a resolver that hangs is left with the caller", async () => {
  const leaving = new AbortController();
  const one = new EgressGuard({
    rules: parseEgressRules(["*"]),
    ownAddresses: () => [],
    resolve: () => {
      queueMicrotask(() => leaving.abort(new Error("gone")));
      return new Promise(() => {});
    },
  });
  await assert.rejects(one.addresses("slow.example", 443, leaving.signal), /gone/);
});

Deno.test("addresses are written with brackets where they need them", () => {
  assert.equal(hostAndPort("a.example", 1), "a.example:1");
  assert.equal(hostAndPort("fd00::1", 1), "[fd00::1]:1");
});

Deno.test("what is barred is not reached by a gateway between IPv6 and IPv4 either", async () => {
  const one = guard(["*"], {}, { own: ["203.0.113.9"], forbidden: ["198.51.100.7"] });
  for (const host of ["64:ff9b::203.0.113.9", "64:ff9b::cb00:7109", "2002:c633:6407::1"]) {
    await assert.rejects(one.addresses(host, 443, never), EgressRefused, host);
  }
  assert.deepEqual(await one.addresses("64:ff9b::cb00:710a", 443, never), ["64:ff9b::cb00:710a"]);
});
