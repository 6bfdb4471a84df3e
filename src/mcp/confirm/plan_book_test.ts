import assert from "node:assert/strict";
import { CountingMetrics } from "../../kube/testing/counting_metrics.ts";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { ToolError, type ToolErrorCode } from "../errors.ts";
import { newKey } from "../keys/key_ring.ts";
import { bindingOf, type PlanBinding } from "../run.ts";
import { MemoryClaims, type PlanClaimStore } from "./claims.ts";
import { createPlanBook, type PlanBookOptions } from "./plan_book.ts";

const START = Date.parse("2026-11-22T00:00:00.500Z");
const key = newKey();
const PLAN = { summary: "Stop lab/acme.ann.dev", preconditions: { uid: "1", resourceVersion: "7" } };
const binding = bindingOf("set_workspace_running", { name: "acme.ann.dev" }, PLAN, "ann");

function rig(options: Partial<PlanBookOptions> & { skewMs?: number } = {}) {
  const time = { now: START };
  const metrics = new CountingMetrics();
  const { skewMs = 0, ...rest } = options;
  const book = createPlanBook({
    keys: () => ({ current: key, all: [key] }),
    claims: new MemoryClaims(),
    now: () => time.now + skewMs,
    metrics,
    ...rest,
  });
  return { book, time, metrics };
}

async function refusal(
  { book }: Pick<ReturnType<typeof rig>, "book">,
  token: string,
  wanted: PlanBinding = binding,
): Promise<{ code: ToolErrorCode; message: string }> {
  const error = await book.redeem(token, wanted).then(() => undefined, (error) => error);
  assert.ok(error instanceof ToolError, String(error));
  return error;
}

Deno.test("a plan is carried out once", async () => {
  const one = rig();
  const { planToken, expiresAt } = await one.book.issue(binding);
  assert.equal(expiresAt, "2026-11-22T00:05:01Z");
  await one.book.redeem(planToken, binding);
  const { code, message } = await refusal(one, planToken);
  assert.equal(code, "conflict");
  assert.match(message, /^planToken: it was used already/);
  const count = (result: string) => one.metrics.get("coder_k8s_mcp_plans_total", { result });
  assert.deepEqual(["issued", "redeemed", "used"].map(count), [1, 1, 1]);
});

Deno.test("a plan is good for five minutes", async () => {
  const one = rig();
  const { planToken } = await one.book.issue(binding);
  const late = await one.book.issue(binding);
  one.time.now += 300_000;
  await one.book.redeem(planToken, binding);
  one.time.now += 500;
  const { code, message } = await refusal(one, late.planToken);
  assert.equal(code, "conflict");
  assert.match(message, /too old, nothing was done: call it once more without planToken/);
});

Deno.test("a plan is nobody else's, and for no other call", async () => {
  const one = rig();
  const { planToken } = await one.book.issue(binding);
  const input = { name: "acme.ann.dev" };
  const others = [
    bindingOf("set_workspace_running", input, PLAN, "bob"),
    bindingOf("delete_workspace", input, PLAN, "ann"),
    bindingOf("set_workspace_running", { name: "acme.bob.dev" }, PLAN, "ann"),
  ];
  for (const other of others) {
    const { code, message } = await refusal(one, planToken, other);
    assert.equal(code, "conflict");
    assert.match(message, /it is of another call, nothing was done/);
  }
  // None of them has used it up.
  await one.book.redeem(planToken, binding);
});

Deno.test("a plan is not carried out in a world that has changed", async () => {
  const one = rig();
  const { planToken } = await one.book.issue(binding);
  const input = { name: "acme.ann.dev" };
  const changed = [
    { ...PLAN, preconditions: { ...PLAN.preconditions, resourceVersion: "8" } },
    { ...PLAN, diff: "- running: true" },
    { ...PLAN, summary: "Stop something else" },
  ].map((plan) => bindingOf("set_workspace_running", input, plan, "ann"));
  for (const other of changed) {
    const { code, message } = await refusal(one, planToken, other);
    assert.equal(code, "conflict");
    assert.match(message, /what was planned has changed since, nothing was done/);
  }
});

Deno.test("what nobody has given is taken for nothing else", async () => {
  const one = rig();
  const { code, message } = await refusal(one, "made up");
  assert.equal(code, "invalid");
  assert.match(message, /none that this server has given/);
  const { planToken } = await rig({ keys: () => ({ current: newKey(), all: [] }) }).book.issue(binding);
  assert.equal((await refusal(one, planToken)).code, "invalid");
});

Deno.test("a binding that does not say what was asked for is compared as a whole", async () => {
  const one = rig();
  const { planToken } = await one.book.issue({ hash: "a" });
  assert.match((await refusal(one, planToken, { hash: "b" })).message, /has changed since/);
  await one.book.redeem(planToken, { hash: "a" });
});

Deno.test("replicas whose clocks differ by a minute take each other's plans, once", async () => {
  const claims = new MemoryClaims();
  for (const skewMs of [-60_000, 60_000]) {
    const one = rig({ claims, skewMs });
    const two = rig({ claims });
    const { planToken } = await one.book.issue(binding);
    await two.book.redeem(planToken, binding);
    assert.match((await refusal(one, planToken)).message, /used already/);
  }
});

Deno.test("that a plan was used is remembered until every clock takes it for too old", async () => {
  const asked: number[] = [];
  const claims: PlanClaimStore = {
    claim: (_nonce, until) => Promise.resolve(asked.push(until) > 0),
    run: () => Promise.resolve(),
  };
  const one = rig({ claims });
  const { planToken, expiresAt } = await one.book.issue(binding);
  await one.book.redeem(planToken, binding);
  assert.deepEqual(asked, [Date.parse(expiresAt) + 600_000]);
});

Deno.test("where nobody can say whether it was used, nothing is done", async () => {
  const { logger, lines } = recordingLogger();
  const claims: PlanClaimStore = {
    claim: () => Promise.reject(new Error("away")),
    run: () => Promise.resolve(),
  };
  const one = rig({ claims, log: logger });
  const { planToken } = await one.book.issue(binding);
  const { code, message } = await refusal(one, planToken);
  assert.equal(code, "unavailable");
  assert.match(message, /cannot be found out now, nothing was done/);
  assert.equal(lines.length, 1);
  assert.equal(one.metrics.get("coder_k8s_mcp_plans_total", { result: "unknown" }), 1);
});

Deno.test("an API server that does not answer keeps nobody waiting for long", async () => {
  const claims: PlanClaimStore = {
    claim: (_nonce, _until, signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    run: () => Promise.resolve(),
  };
  const one = rig({ claims, claimMs: 20 });
  const { planToken } = await one.book.issue(binding);
  assert.equal((await refusal(one, planToken)).code, "unavailable");
});

Deno.test("of many who redeem a plan at once one may", async () => {
  const one = rig();
  const { planToken } = await one.book.issue(binding);
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => one.book.redeem(planToken, binding)));
  assert.equal(all.filter(({ status }) => status === "fulfilled").length, 1);
});
