import assert from "node:assert/strict";
import type { ResourceType } from "../api/object.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import { FakeClock } from "../telemetry/testing/fake_clock.ts";
import { definitionsCheck, definitionsLog } from "./definitions.ts";

const kind = (plural: string): ResourceType => ({
  group: "coder.com",
  version: "v1alpha1",
  kind: plural,
  plural,
  namespaced: true,
});

/** The log of two kinds, of which the test says whether they exist. */
function watched() {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log: Logger = {
    ...silentLogger,
    info: (text, fields) => void lines.push(`info ${fields?.["crd"]}: ${text}`),
    warn: (text, fields) => void lines.push(`warn ${fields?.["crd"]}: ${text}`),
  };
  const planes = { type: kind("codercontrolplanes"), exists: true };
  const proxies = { type: kind("coderworkspaceproxies"), exists: true };
  const ending = new AbortController();
  const runnable = definitionsLog({ informers: [planes, proxies], log, clock });
  return { clock, lines, planes, proxies, runnable, ending };
}

Deno.test("nothing is said where everything is installed", async () => {
  const { clock, lines, runnable, ending } = watched();
  const done = runnable.run(ending.signal);
  await clock.advance(10_000);
  ending.abort();
  await done;
  assert.deepEqual(lines, []);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a missing definition is said once, with the command that installs it", async () => {
  const { clock, lines, planes, runnable, ending } = watched();
  planes.exists = false;
  const done = runnable.run(ending.signal);
  await clock.advance(10_000);
  assert.deepEqual(lines, [
    "warn codercontrolplanes.coder.com: a definition is not installed, waiting for it: " +
    "kubectl apply --server-side -k crd",
  ]);
  ending.abort();
  await done;
});

Deno.test("its coming is said, and its going again", async () => {
  const { clock, lines, proxies, runnable, ending } = watched();
  proxies.exists = false;
  const done = runnable.run(ending.signal);
  await clock.advance(1_000);
  proxies.exists = true;
  await clock.advance(1_000);
  assert.deepEqual(
    lines.at(-1),
    "info coderworkspaceproxies.coder.com: the definition is installed, going on",
  );
  proxies.exists = false;
  await clock.advance(1_000);
  assert.equal(lines.length, 3);
  ending.abort();
  await done;
});

Deno.test("it runs on every replica, once the caches are filled", () => {
  assert.equal(watched().runnable.phase, "synced");
});

Deno.test("readiness names what is missing and how to install it, as long as it is missing", () => {
  const { planes, proxies } = watched();
  const check = definitionsCheck([planes, proxies]);
  assert.equal(check(), "");
  proxies.exists = false;
  const text =
    "coderworkspaceproxies.coder.com is not installed, waiting for it: kubectl apply --server-side -k crd";
  assert.equal(check(), text);
  planes.exists = false;
  assert.equal(check(), `${text.replace("coderworkspaceproxies", "codercontrolplanes")}; ${text}`);
  planes.exists = proxies.exists = true;
  assert.equal(check(), "");
});
