import assert from "node:assert/strict";
import { Turns } from "./turns.ts";

const signal = new AbortController().signal;

Deno.test("one key is taken by one at a time, in order, others meanwhile", async () => {
  const turns = new Turns();
  const log: string[] = [];
  const gates = new Map<string, () => void>();
  const take = (key: string, name: string) =>
    turns.take(key, async (hasWaited) => {
      log.push(`${name} ${hasWaited}`);
      await new Promise<void>((resolve) => gates.set(name, resolve));
      return name;
    }, signal);
  const all = [take("k", "a"), take("k", "b"), take("l", "c")];
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(log, ["a false", "c false"]);
  gates.get("a")?.();
  await all[0];
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(log, ["a false", "c false", "b true"]);
  for (const open of gates.values()) open();
  assert.deepEqual(await Promise.all(all), ["a", "b", "c"]);
  const last = take("k", "d");
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(log.at(-1), "d false");
  gates.get("d")?.();
  await last;
});

Deno.test("who fails stands in nobody's way, and who has gone is passed over", async () => {
  const turns = new Turns();
  const end = new AbortController();
  const failing = turns.take("k", () => Promise.reject(new Error("no")), signal);
  const gone = turns.take("k", () => Promise.resolve("never"), end.signal);
  const next = turns.take("k", () => Promise.resolve("next"), signal);
  end.abort(new Error("gone"));
  await assert.rejects(failing, /no/);
  await assert.rejects(gone, /gone/);
  assert.equal(await next, "next");
});
