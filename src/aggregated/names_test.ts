import assert from "node:assert/strict";
import { ALPHANUMERIC, below, pick, seededRandom, text } from "../telemetry/testing/random.ts";
import {
  canPrefix,
  isCoderName,
  NameError,
  parseTemplateName,
  parseWorkspaceName,
  plainTemplateName,
  plainWorkspaceName,
  prefixedName,
} from "./names.ts";

const refused = (parse: (name: string) => unknown, name: string): string => {
  try {
    parse(name);
  } catch (error) {
    if (error instanceof NameError) return error.message;
    throw error;
  }
  throw new Error(`${name} was accepted`);
};

Deno.test("a workspace's name is organization, owner and workspace", () => {
  assert.deepEqual(parseWorkspaceName("acme.alice.dev"), {
    organization: "acme",
    owner: "alice",
    workspace: "dev",
  });
});

Deno.test("a template's name is organization and template", () => {
  assert.deepEqual(parseTemplateName("acme.starter"), { organization: "acme", template: "starter" });
});

Deno.test("the name of the control plane may stand before both", () => {
  assert.deepEqual(parseWorkspaceName("coder-1.acme.alice.dev"), {
    controlPlane: "coder-1",
    organization: "acme",
    owner: "alice",
    workspace: "dev",
  });
  assert.deepEqual(parseTemplateName("coder-1.acme.starter"), {
    controlPlane: "coder-1",
    organization: "acme",
    template: "starter",
  });
});

Deno.test("upper case, digits and single hyphens are Coder's own, and kept as they are", () => {
  assert.equal(parseWorkspaceName("Acme.Al-1ce.9").owner, "Al-1ce");
});

Deno.test("another number of dots is refused, with the number that is expected", () => {
  for (const name of ["", "dev", "acme.dev", "a.b.c.d.e"]) {
    assert.match(refused(parseWorkspaceName, name), /expected .* with 2 dots, or .* with 3/, name);
  }
  for (const name of ["", "starter", "a.b.c.d"]) {
    assert.match(refused(parseTemplateName, name), /with 1 dot, or .* with 2/, name);
  }
});

Deno.test("an empty part is refused by what it should be", () => {
  assert.match(refused(parseWorkspaceName, ".a.b"), /"" \(the organization\) is empty/);
  assert.match(refused(parseWorkspaceName, "a..b"), /"" \(the owner\) is empty/);
  assert.match(refused(parseWorkspaceName, "a.b."), /"" \(the workspace\) is empty/);
  assert.match(refused(parseTemplateName, "a."), /"" \(the template\) is empty/);
});

Deno.test("what Coder takes for no name is refused", () => {
  const parts = ["a/b", "a?b", "a#b", "a b", "a_b", "-a", "a-", "a--b", "ä", "%2F", "a\n", "x".repeat(33)];
  for (const part of parts) {
    assert.equal(isCoderName(part), false, part);
    assert.match(refused(parseWorkspaceName, `acme.${part}.dev`), /the owner/, part);
    assert.match(refused(parseWorkspaceName, `acme.alice.${part}`), /the workspace/, part);
    assert.match(refused(parseTemplateName, `acme.${part}`), /the template/, part);
  }
});

Deno.test("names of Coder's own pages are no names of objects", () => {
  assert.match(refused(parseWorkspaceName, "acme.alice.new"), /gives to no object/);
  assert.match(refused(parseTemplateName, "acme.Create"), /gives to no object/);
  assert.equal(parseWorkspaceName("new.create.dev").owner, "create");
});

Deno.test("the owner me, who would be the operator, is nobody", () => {
  assert.match(refused(parseWorkspaceName, "acme.me.dev"), /means the caller/);
  assert.match(refused(parseWorkspaceName, "acme.ME.dev"), /means the caller/);
});

Deno.test("a control plane that cannot stand before a name is refused", () => {
  for (const name of ["A.acme.alice.dev", "-.acme.alice.dev", `${"a".repeat(64)}.acme.alice.dev`]) {
    assert.match(refused(parseWorkspaceName, name), /the control plane/);
  }
  assert.equal(canPrefix("coder"), true);
  assert.equal(canPrefix("coder.eu"), false);
});

Deno.test("long nonsense does not make long messages", () => {
  assert.ok(refused(parseWorkspaceName, "x".repeat(10_000)).length < 500);
});

Deno.test("Coder's data makes a name, or none where it cannot", () => {
  const parts = { organization: "acme", owner: "alice", workspace: "dev" };
  assert.equal(plainWorkspaceName(parts), "acme.alice.dev");
  assert.equal(plainTemplateName({ organization: "acme", template: "starter" }), "acme.starter");
  assert.equal(prefixedName("coder", "acme.starter"), "coder.acme.starter");
  for (const odd of ["", "a.b", "a/b", "a_b", "new"]) {
    assert.equal(plainWorkspaceName({ ...parts, workspace: odd }), undefined, odd);
    assert.equal(plainTemplateName({ organization: "acme", template: odd }), undefined, odd);
  }
  assert.equal(plainWorkspaceName({ ...parts, owner: "me" }), undefined);
  assert.equal(plainWorkspaceName({ ...parts, organization: "" }), undefined);
});

Deno.test("every name that Coder could give goes there and back", () => {
  const random = seededRandom(7);
  const part = () => {
    const pieces = Array.from(
      { length: 1 + below(random, 3) },
      () => text(random, 1 + below(random, 8), ALPHANUMERIC),
    );
    return pieces.join("-");
  };
  for (let round = 0; round < 2_000; round++) {
    const parts = { organization: part(), owner: part(), workspace: part() };
    const plain = plainWorkspaceName(parts);
    if (plain === undefined) continue;
    assert.deepEqual(parseWorkspaceName(plain), parts);
    const prefix = pick(random, ["coder", "a", "coder-2"]);
    assert.deepEqual(parseWorkspaceName(prefixedName(prefix, plain)), { controlPlane: prefix, ...parts });
  }
});
