/** Whatever the address and whatever goes wrong: nothing that is thrown holds the password. */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { classify } from "./errors.ts";
import { createOperatorDatabase } from "./database.ts";
import { DatabaseError } from "./mod.ts";
import { readTarget } from "./target.ts";

/** A generator of pseudo-random numbers in [0, 1): the same each time. */
function generator(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SEED = Number(Deno.env.get("TEST_SEED") ?? 20_261);
const random = generator(SEED);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

/** Ends with a marker that nothing else has; before it whatever a password may begin with. */
function password(): { text: string; marker: string } {
  const marker = `Zq${Math.floor(random() * 1e9).toString(36)}Qz`;
  const odd = Array.from(
    { length: Math.floor(random() * 5) },
    () => pick([..." :/?#@%&=+'\"\\[],;<>|\n\tä€"]),
  ).join("");
  return { text: odd + marker + pick(["", " ", "%", "'", "@", "/"]), marker };
}

const SHAPES: readonly ((password: string) => string)[] = [
  (text) => `postgres://u:${text}@h/d`,
  (text) => `postgres://u:${encodeURIComponent(text)}@h/d?sslmode=nonsense`,
  (text) => `postgres://u:${text}@h:port/d`,
  (text) => `postgres://h/d?password=${text}`,
  (text) => `host=h user=u password=${text}`,
  (text) => `host=h user=u password='${text}'`,
  (text) => `host=h user=u password='${text}`,
  (text) => `${text}`,
  (text) => `postgres:/u:${text}@h`,
  (text) => `host=/tmp user=u password=${encodeURIComponent(text)}`,
];

Deno.test(`addresses that cannot be read are told without their password (seed ${SEED})`, () => {
  let failures = 0;
  for (let round = 0; round < 3_000; round++) {
    const { text, marker } = password();
    try {
      const { host, database, user } = readTarget({ url: pick(SHAPES)(text) });
      // These are told in messages.
      assert.equal(`${host} ${database} ${user}`.includes(marker), false);
    } catch (error) {
      assert.ok(error instanceof DatabaseError, `${error}`);
      failures++;
      assert.equal(inspect(error, { depth: 9 }).includes(marker), false, error.message);
    }
  }
  assert.ok(failures > 500, `${failures}`);
});

Deno.test(`whatever a server or the runtime says with the password in it, it is not said on (seed ${SEED})`, () => {
  for (let round = 0; round < 1_000; round++) {
    const { text, marker } = password();
    const target = readTarget({ url: `postgres://u:${encodeURIComponent(text.replace("\n", ""))}@h/d` });
    const message = `${pick(["odd ", "", "SASL ", "certificate "])}${target.password}${pick(["", " again"])}`;
    const code = pick(["28P01", "XX000", "ECONNREFUSED", "CERT_X", ""]);
    const severity = random() < 0.5 ? { severity: "FATAL" } : {};
    const error = Object.assign(new Error(message), { code, detail: message, ...severity });
    const told = classify(error, target, pick(["connecting", "working"] as const));
    assert.equal(inspect(told, { depth: 9 }).includes(marker), false, told.message);
  }
});

Deno.test("a database that does not answer is told without password and token", async () => {
  const database = createOperatorDatabase({ lookup: () => Promise.resolve(["127.0.0.1"]) });
  const request = {
    user: { username: "o", email: "o@example.com" },
    names: ["one"],
    token: "planted-token-secret",
    lifetimeMs: 1000,
  };
  const address = { url: "postgres://u:planted-password@db.example:1/d" };
  await assert.rejects(database.ensureToken(address, request, new AbortController().signal), (error) => {
    assert.ok(error instanceof DatabaseError && error.kind === "unreachable");
    assert.equal(inspect(error, { depth: 9 }).includes("planted"), false);
    return true;
  });
});

Deno.test("a request without a name or a lifetime is a mistake of the caller", async () => {
  const database = createOperatorDatabase();
  const request = { user: { username: "o", email: "o@example.com" }, names: [" "], lifetimeMs: 1000 };
  const { signal } = new AbortController();
  await assert.rejects(database.ensureToken({ url: "" }, request, signal), TypeError);
  await assert.rejects(
    database.ensureToken({ url: "" }, { ...request, names: ["a"], lifetimeMs: 0 }, signal),
    TypeError,
  );
  await assert.rejects(database.migration({ url: "" }, signal), DatabaseError);
  await assert.rejects(database.revoke({ url: "" }, { ...request, names: [] }, signal), DatabaseError);
  await database.close();
});
