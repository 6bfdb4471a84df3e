import assert from "node:assert/strict";
import { CountingMetrics } from "../../../kube/testing/counting_metrics.ts";
import { StatusError } from "../status_errors.ts";
import { exchangeOf, type ExchangeOptions } from "../testing/exchanges.ts";
import type { Answer } from "./exchange.ts";
import { inFlightFilter } from "./in_flight.ts";

function rig(limits = { reads: 1, writes: 1 }) {
  const metrics = new CountingMetrics();
  const filter = inFlightFilter(limits, ({ info }) => info.path === "/livez", metrics.gauge("inflight"));
  const count = (kind: string) => metrics.get("inflight", { request_kind: kind });
  /** A request that is answered when told to. */
  const begin = (options: ExchangeOptions = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const exchange = exchangeOf(options);
    return { exchange, answer: filter(exchange, () => promise), resolve, reject };
  };
  return { count, begin };
}

const isTooMany = (error: unknown) =>
  error instanceof StatusError && error.code === 429 && error.details?.retryAfterSeconds === 1;

Deno.test("reads and writes have a limit each, and give back their place however they end", async () => {
  const { count, begin } = rig();
  const read = begin();
  const write = begin({ method: "PUT" });
  assert.deepEqual([count("readOnly"), count("mutating")], [1, 1]);
  await assert.rejects(begin().answer, isTooMany);
  await assert.rejects(begin({ method: "DELETE" }).answer, isTooMany);
  read.resolve({ code: 200 });
  write.reject(new Error("x"));
  await read.answer;
  await assert.rejects(write.answer, /x/);
  assert.deepEqual([count("readOnly"), count("mutating")], [0, 0]);
  const next = begin();
  next.resolve({ code: 200 });
  assert.deepEqual(await next.answer, { code: 200 });
});

Deno.test("watches hold a place until they have begun", async () => {
  const { count, begin } = rig();
  const watch = begin();
  watch.resolve({ code: 200, contentType: "application/json", run() {} });
  await watch.answer;
  assert.equal(count("readOnly"), 1);
  for (const begun of watch.exchange.onBegun) begun();
  assert.equal(count("readOnly"), 0);
  for (const begun of watch.exchange.onBegun) begun();
  assert.equal(count("readOnly"), 0);
});

Deno.test("masters go beyond the limit, and count", async () => {
  const { count, begin } = rig();
  begin();
  const master = begin({ user: { name: "kube", groups: ["system:masters"], extra: {} } });
  assert.equal(count("readOnly"), 2);
  master.resolve({ code: 200 });
  await master.answer;
  assert.equal(count("readOnly"), 1);
});

Deno.test("what is exempt neither counts nor waits", async () => {
  const { count, begin } = rig({ reads: 0, writes: 0 });
  const probe = begin({ target: "/livez" });
  assert.equal(count("readOnly"), 0);
  probe.resolve({ code: 200 });
  assert.deepEqual(await probe.answer, { code: 200 });
});
