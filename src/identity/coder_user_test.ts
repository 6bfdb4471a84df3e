import assert from "node:assert/strict";
import { ALPHANUMERIC, below, pick, seededRandom, text } from "../telemetry/testing/random.ts";
import { CODER_USER_MAPPINGS, type CoderUserRule, mapCoderUser } from "./coder_user.ts";

function mapped(name: string, rule: CoderUserRule): string {
  const found = mapCoderUser({ name }, rule);
  return found.by === "nobody" ? `nobody: ${found.why}` : `${found.by} ${found.value}`;
}

Deno.test("a name is a username of Coder, exactly as it is", () => {
  const rule: CoderUserRule = { mapping: "username" };
  assert.equal(mapped("jane", rule), "username jane");
  assert.equal(mapped("Jane-Doe-2", rule), "username Jane-Doe-2");
  assert.equal(mapped("j".repeat(32), rule), `username ${"j".repeat(32)}`);
});

Deno.test("a name that Coder does not allow is nobody's", () => {
  const rule: CoderUserRule = { mapping: "username" };
  for (
    const name of [
      "",
      "-a",
      "a-",
      "a--b",
      "a.b",
      "a/b",
      "a b",
      "a?b",
      "jürgen",
      "jane@x.org",
      "j".repeat(33),
      "a\n",
    ]
  ) assert.match(mapped(name, rule), /^nobody: .* no username of Coder/, JSON.stringify(name));
});

Deno.test("`me` is what Coder calls whoever asks, and so it is nobody", () => {
  for (const name of ["me", "ME", "Me"]) {
    assert.match(mapped(name, { mapping: "username" }), /^nobody/);
    assert.match(mapped(`oidc:${name}`, { mapping: "username", prefix: "oidc:" }), /^nobody/);
  }
});

Deno.test("an e-mail address is compared in lower case", () => {
  const rule: CoderUserRule = { mapping: "email" };
  assert.equal(mapped("Jane.Doe+coder@Example.com", rule), "email jane.doe+coder@example.com");
  assert.equal(mapped("a@b", rule), "email a@b");
});

Deno.test("no letter of another script becomes one of another address by its case", () => {
  const rule: CoderUserRule = { mapping: "email" };
  assert.equal("\u212Aim".toLowerCase(), "kim");
  assert.equal(mapped("\u212Aim@example.com", rule), "email \u212Aim@example.com");
  assert.equal(mapped("\u0130rem@example.com", rule), "email \u0130rem@example.com");
  assert.match(mapped("kim@\u212A.example.com", rule), /^nobody/);
});

Deno.test("what is no single e-mail address is nobody's", () => {
  const rule: CoderUserRule = { mapping: "email" };
  for (
    const name of [
      "",
      "jane",
      "@b.c",
      "a@",
      "a@b@c",
      "a b@c.d",
      "Jane <a@b.c>",
      '"a b"@c.d',
      "a@b..c",
      "a@.b",
      "a@b.c\n",
      "a@b.c,d@e.f",
      `${"a".repeat(255)}@b.c`,
    ]
  ) assert.match(mapped(name, rule), /^nobody: .* no e-mail address/, JSON.stringify(name));
});

Deno.test("a prefix comes off once, and who does not have it is nobody", () => {
  const rule: CoderUserRule = { mapping: "username", prefix: "oidc:" };
  assert.equal(mapped("oidc:jane", rule), "username jane");
  assert.match(mapped("jane", rule), /does not begin with "oidc:"/);
  assert.match(mapped("OIDC:jane", rule), /does not begin/);
  assert.match(mapped("oidc:oidc:jane", rule), /no username/);
  assert.equal(
    mapped("https://issuer#a@b.c", { mapping: "email", prefix: "https://issuer#" }),
    "email a@b.c",
  );
});

Deno.test("components and service accounts are nobody, whatever the rule", () => {
  for (const name of ["system:serviceaccount:ns:jane", "system:admin", "system:node:jane", "system:"]) {
    for (const mapping of CODER_USER_MAPPINGS) {
      for (const prefix of ["", "system:", "system:serviceaccount:ns:"]) {
        assert.match(mapped(name, { mapping, prefix }), /^nobody/, `${name} ${mapping} ${prefix}`);
      }
    }
  }
});

Deno.test("without a mapping everybody is nobody", () => {
  assert.match(mapped("jane", { mapping: "none" }), /^nobody: users are not mapped/);
  assert.match(mapped("jane@example.com", { mapping: "none", prefix: "" }), /^nobody/);
});

Deno.test("two users never become one Coder user, but for the case of an e-mail address", () => {
  const seed = Date.now();
  const random = seededRandom(seed);
  const alphabet = `${ALPHANUMERIC}-@.:/ %_`;
  const seen = new Map<string, string>();
  for (let round = 0; round < 20_000; round++) {
    const rule: CoderUserRule = {
      mapping: pick(random, ["username", "email"] as const),
      prefix: pick(random, ["", "oidc:"]),
    };
    const name = pick(random, ["", "oidc:", "oidc:a@"]) + text(random, 1 + below(random, 6), alphabet);
    const found = mapped(name, rule);
    if (found.startsWith("nobody")) continue;
    const key = `${JSON.stringify(rule)} ${found}`;
    const whole = rule.mapping === "email" ? name.toLowerCase() : name;
    assert.equal(seen.get(key) ?? whole, whole, `seed ${seed}`);
    seen.set(key, whole);
    assert.ok(whole.endsWith(found.slice(found.indexOf(" ") + 1)), `seed ${seed}: nothing is made up`);
  }
  assert.ok(seen.size > 1_000, "the test has seen users");
});
