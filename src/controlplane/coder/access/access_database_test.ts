import assert from "node:assert/strict";
import { controlPlane } from "../../testing.ts";
import { DatabaseError, type OperatorDatabase, type TokenOutcome } from "../../../coder/database/mod.ts";
import { accessDatabase } from "./access_database.ts";
import { OPERATOR_USER, tokenNames } from "./access_identity.ts";

const ADDRESS = { url: "postgres://db/coder" };
const plane = controlPlane({ operatorAccess: { tokenLifetimeDays: 2 } });
const never = () => new Promise<never>(() => {});
const visit = (signal = new AbortController().signal) => ({ controlPlane: plane, signal });

function database(parts: Partial<OperatorDatabase>): OperatorDatabase {
  return { ensureToken: never, revoke: never, migration: never, close: () => Promise.resolve(), ...parts };
}

Deno.test("the user, the names and the lifetime are the control plane's", async () => {
  const asked: unknown[] = [];
  const bound = accessDatabase(
    database({
      ensureToken: (...[address, request]) => {
        asked.push(address, request);
        return Promise.resolve({ outcome: "kept" } as TokenOutcome);
      },
      revoke: (_address, request) => {
        asked.push(request);
        return Promise.resolve(3);
      },
    }),
    ADDRESS,
    visit(),
  );
  await bound.ensure("token", true);
  assert.equal(await bound.revoke(), 3);
  await bound.revoke("keep");
  const names = tokenNames(plane);
  const lifetimeMs = 2 * 86_400_000;
  assert.deepEqual(asked, [
    ADDRESS,
    { user: OPERATOR_USER, names, token: "token", lifetimeMs, renew: true },
    { user: OPERATOR_USER, names },
    { user: OPERATOR_USER, names, keepId: "keep" },
  ]);
});

Deno.test("a call that never ends is given up in time, and told to end", async () => {
  let told: unknown;
  const hung = database({
    ensureToken: (_address, _request, signal) => {
      signal.addEventListener("abort", () => told = signal.reason);
      return never();
    },
  });
  const error = await accessDatabase(hung, ADDRESS, visit(), 20).ensure(undefined, false).catch((error) =>
    error
  );
  assert.ok(error instanceof DatabaseError);
  assert.equal(error.kind, "timeout");
  assert.equal(told, error);
});

Deno.test("the end of a visit ends its calls, with its own reason", async () => {
  const ending = new AbortController();
  const call = accessDatabase(database({}), ADDRESS, visit(ending.signal)).revoke();
  const reason = new Error("the operator stops");
  ending.abort(reason);
  await assert.rejects(call, reason);
  await assert.rejects(accessDatabase(database({}), ADDRESS, visit(ending.signal)).revoke(), reason);
});

Deno.test("failures of a call pass as they are", async () => {
  const failure = new DatabaseError("no such database", "refused");
  const failing = database({ revoke: () => Promise.reject(failure) });
  await assert.rejects(accessDatabase(failing, ADDRESS, visit()).revoke(), failure);
});

Deno.test("the two names of a control plane's tokens are those of the Go operator, and one beside it", () => {
  const [first, second] = tokenNames(plane);
  assert.match(first, /^coder-k8s-operator-[0-9a-f]{16}$/);
  assert.equal(second, `${first}-b`);
});
