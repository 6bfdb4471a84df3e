import assert from "node:assert/strict";
import { silentLogger } from "../telemetry/logger.ts";
import { listenForStop, type SignalSystem, StopRequest } from "./signals.ts";

/** A system whose signals the test sends. */
function fakeSystem() {
  const listeners = new Map<string, Set<() => void>>();
  const exits: number[] = [];
  const system: SignalSystem = {
    addSignalListener: (name, listener) => {
      listeners.set(name, (listeners.get(name) ?? new Set()).add(listener));
    },
    removeSignalListener: (name, listener) => void listeners.get(name)?.delete(listener),
    exit: (code) => void exits.push(code),
  };
  const send = (name: string) => listeners.get(name)?.forEach((listener) => listener());
  const count = () => [...listeners.values()].reduce((sum, one) => sum + one.size, 0);
  return { system, exits, send, count };
}

for (const name of ["SIGTERM", "SIGINT"]) {
  Deno.test(`${name} asks for an orderly end`, () => {
    const { system, exits, send } = fakeSystem();
    const { signal } = listenForStop(silentLogger, system);
    assert.equal(signal.aborted, false);
    send(name);
    assert.equal(signal.aborted, true);
    assert.ok(signal.reason instanceof StopRequest);
    assert.match(signal.reason.message, new RegExp(name));
    assert.deepEqual(exits, []);
  });
}

Deno.test("a second signal ends at once, with the code a shell would report", () => {
  const first = fakeSystem();
  listenForStop(silentLogger, first.system);
  first.send("SIGTERM");
  first.send("SIGTERM");
  assert.deepEqual(first.exits, [143]);
  const second = fakeSystem();
  listenForStop(silentLogger, second.system);
  second.send("SIGTERM");
  second.send("SIGINT");
  assert.deepEqual(second.exits, [130]);
});

Deno.test("after closing nothing listens", () => {
  const { system, send, count } = fakeSystem();
  const listener = listenForStop(silentLogger, system);
  assert.equal(count(), 2);
  listener.close();
  assert.equal(count(), 0);
  send("SIGTERM");
  assert.equal(listener.signal.aborted, false);
});

Deno.test("each step is said in the log", () => {
  const said: string[] = [];
  const log = {
    ...silentLogger,
    info: (text: string) => said.push(text),
    warn: (text: string) => said.push(text),
  };
  const { system, send } = fakeSystem();
  listenForStop(log, system);
  send("SIGINT");
  send("SIGINT");
  assert.equal(said.length, 2);
  assert.match(said[0] ?? "", /^stopping/);
  assert.match(said[1] ?? "", /at once/);
});
