import assert from "node:assert/strict";
import { SESSION_STATES } from "../../types.ts";
import { record } from "../suite.ts";
import { hashOf, indexesOf, keepFor, keyPrefix, lookupOf, MARGIN_MS, nameKey, openKey } from "./keys.ts";

Deno.test("keys say nothing of anybody, are short, and differ where what they are for differs", () => {
  const keys = [
    ...indexesOf(record({ owner: "ann", name: "secret-plan", labels: { team: "x" } })),
    openKey("ann"),
  ];
  for (const key of keys) assert.match(key, /^[a-z]+(:[A-Za-z0-9_-]{1,22})?$/);
  assert.notEqual(hashOf("a", "b"), hashOf("ab"));
  assert.notEqual(hashOf("a", "b"), hashOf("a,b"));
  assert.notEqual(hashOf(""), hashOf());
});

Deno.test("an open one has a name, one that is over has not", () => {
  for (const state of SESSION_STATES) {
    const isOpen = ["creating", "ready"].includes(state);
    assert.equal(nameKey(record({ state })) !== "", isOpen, state);
    assert.equal(indexesOf(record({ state })).includes(openKey("ann")), isOpen, state);
  }
});

Deno.test("where to look has everything that is meant, and all only where nothing less will do", () => {
  const one = record({ labels: { team: "x", env: "dev" } });
  const found = (filter: Parameters<typeof lookupOf>[0]) => {
    const { how, keys } = lookupOf(filter);
    const has = [...indexesOf(one), nameKey(one)];
    return {
      how,
      isThere: how === "any" ? keys.some((key) => has.includes(key)) : keys.every((key) => has.includes(key)),
    };
  };
  const open = ["creating", "ready"] as const;
  assert.deepEqual(found({ owner: one.owner, name: one.name, states: open }), { how: "get", isThere: true });
  for (
    const filter of [
      { owner: one.owner },
      { owner: one.owner, states: open },
      { owner: one.owner, name: one.name },
      { workerId: "w1", states: ["ready"] as const },
      { labels: { team: "x", env: "dev" } },
      { name: one.name },
      { states: ["ready"] as const },
    ]
  ) assert.deepEqual(found(filter), { how: "all", isThere: true }, JSON.stringify(filter));
  assert.deepEqual(found({ states: ["ready", "failed"] }), { how: "any", isThere: true });
  assert.deepEqual(lookupOf({}).keys, ["a"]);
  assert.equal(lookupOf({ owner: "ann" }).keys.includes("a"), false);
  for (const filter of [{ owner: "bob" }, { workerId: "w2" }, { labels: { team: "y" } }, { name: "other" }]) {
    assert.equal(found(filter).isThere, false, JSON.stringify(filter));
  }
});

Deno.test("what is over is kept for a week more; what is not, until then", () => {
  assert.equal(keepFor(2_000, 1_000), String(1_000 + MARGIN_MS));
  assert.equal(keepFor(1_000.5, 1_000), String(1 + MARGIN_MS));
  assert.equal(keepFor(1_000, 9_000), String(MARGIN_MS));
});

Deno.test("what is kept in another way has other keys", () => {
  assert.equal(keyPrefix("coder-k8s:sessions:"), "coder-k8s:sessions:v1:");
});
