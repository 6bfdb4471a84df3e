import assert from "node:assert/strict";
import { Redactor } from "../../telemetry/redactor.ts";
import { TokenMask } from "./token_mask.ts";

function rig(options: { keepMs?: number; max?: number } = {}) {
  const redactor = new Redactor();
  let now = 0;
  const mask = new TokenMask({ redactor, now: () => now, ...options });
  return {
    redactor,
    mask,
    wait: (ms: number) => now += ms,
    hides: (token: string) => !redactor.text(`x ${token} y`).includes(token),
  };
}

Deno.test("a token is hidden while it is in use, and forgotten after", () => {
  const { mask, wait, hides } = rig({ keepMs: 100 });
  assert.ok(!hides("opaque one"));
  mask.use("opaque one");
  assert.ok(hides("opaque one"));
  wait(90);
  mask.use("opaque one");
  wait(90);
  mask.use("opaque two");
  assert.ok(hides("opaque one") && hides("opaque two"));
  wait(20);
  mask.use("opaque two");
  assert.ok(!hides("opaque one") && hides("opaque two"));
  mask.clear();
  assert.ok(!hides("opaque two"));
  assert.equal(mask.size, 0);
});

Deno.test("of too many, those that were not used for longest go", () => {
  const { mask, hides } = rig({ max: 2 });
  for (const token of ["token a", "token b", "token a", "token c"]) mask.use(token);
  assert.deepEqual(["token a", "token b", "token c"].map(hides), [true, false, true]);
  assert.equal(mask.size, 2);
});
