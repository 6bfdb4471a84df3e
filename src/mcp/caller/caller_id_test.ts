import assert from "node:assert/strict";
import { mcpCaller } from "./caller_id.ts";
import type { KubeUser } from "../../identity/mod.ts";

const ann: KubeUser = {
  name: "ann",
  uid: "7",
  groups: ["a", "b"],
  extra: { team: ["x", "y"], scopes: ["s"] },
};

Deno.test("the id is the same for the same user in whatever order, and tells nothing", () => {
  const { id, user, method } = mcpCaller(ann, "token");
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.deepEqual([user, method], [ann, "token"]);
  assert.equal(mcpCaller(ann, "token").id, id);
  const shuffled = { ...ann, groups: ["b", "a", "a"], extra: { scopes: ["s"], team: ["y", "x"] } };
  assert.equal(mcpCaller(shuffled, "token").id, id);
});

Deno.test("who has got a new token is still the same", () => {
  const extra = (jti: string) => ({
    ...ann.extra,
    "authentication.kubernetes.io/credential-id": [`JTI=${jti}`],
  });
  assert.equal(
    mcpCaller({ ...ann, extra: extra("1") }, "token").id,
    mcpCaller({ ...ann, extra: extra("2") }, "token").id,
  );
});

Deno.test("another user, another right and another way are another caller", () => {
  const { uid: _, ...without } = ann;
  const others: KubeUser[] = [
    { ...ann, name: "bob" },
    { ...ann, uid: "8" },
    without,
    { ...ann, groups: ["a"] },
    { ...ann, groups: ["a,b"] },
    { ...ann, extra: { team: ["x"], scopes: ["s"] } },
    { ...ann, extra: {} },
  ];
  const ids = [ann, ...others].map((user) => mcpCaller(user, "token").id);
  assert.equal(new Set([...ids, mcpCaller(ann, "oidc").id]).size, ids.length + 1);
});
