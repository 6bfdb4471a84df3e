import assert from "node:assert/strict";
import { ago, build, daemon, pending, seen, TAGS } from "./rules/builds/testing.ts";
import { noneConnected, shortTime, waitingOf } from "./waiting.ts";

const BUSY = daemon({ name: "busy", status: "busy" });
const OFFLINE = daemon({ name: "offline", status: "offline", lastSeenAt: ago(500) });
const OTHER = daemon({ name: "other", tags: { ...TAGS, env: "cpu" } });

Deno.test("daemons are told apart by what they can do for the build", () => {
  const daemons = [daemon(), BUSY, OFFLINE, OTHER, { ...OTHER, status: "offline" }];
  const waiting = waitingOf(seen({ build: pending(60, { queuePosition: 2, queueSize: 5 }), daemons }));
  const names = (some: readonly { name: string }[] = []) => some.map(({ name }) => name).join();
  assert.deepEqual(
    [
      names(waiting?.fit?.idle),
      names(waiting?.fit?.busy),
      names(waiting?.fit?.offline),
      names(waiting?.others),
    ],
    ["prov-1", "busy", "offline", "other"],
  );
  assert.deepEqual(
    [waiting?.waited, waiting?.tags, waiting?.position, waiting?.size, waiting?.since],
    [60_000, "the tags env=gpu", 2, 5, ago(60)],
  );
  assert.equal(waiting && noneConnected(waiting), undefined);
});

Deno.test("that none is connected is said with the last time of any", () => {
  const told = (daemons: Parameters<typeof daemon>[0][] | undefined) => {
    const facts = seen({ build: pending(60), ...(daemons && { daemons: daemons.map(daemon) }) });
    const waiting = waitingOf(facts);
    return waiting && noneConnected(waiting);
  };
  const gone = { status: "offline" };
  assert.equal(
    told([{ ...gone, lastSeenAt: ago(60) }, { ...gone, lastSeenAt: ago(30) }]),
    `none is connected since ${ago(30)}`,
  );
  assert.equal(told([{ ...gone, lastSeenAt: undefined }]), "none is connected");
  assert.equal(told([]), "none is connected");
  assert.equal(told([{ status: "busy" }]), undefined);
  assert.equal(told(undefined), undefined);
});

Deno.test("only builds that wait, and whose tags are known, wait for somebody", () => {
  assert.equal(waitingOf(seen({})), undefined);
  assert.equal(waitingOf(seen({ build: build() })), undefined);
  assert.equal(waitingOf(seen({ build: pending(9, { tags: {} }) })), undefined);
  const plain = waitingOf(seen({ build: pending(9, { tags: { scope: "organization", owner: "" } }) }));
  assert.equal(plain?.tags, "no tags");
  const ageless = waitingOf(
    seen({ build: { ...pending(9, { createdAt: undefined }), createdAt: undefined } }),
  );
  assert.deepEqual([ageless?.since, ageless?.waited], ["", 0]);
});

Deno.test("times are in whole seconds, and what is none stays as it is", () => {
  assert.equal(shortTime("2026-11-22T09:00:00.123456+01:00"), "2026-11-22T08:00:00Z");
  assert.equal(shortTime("yesterday"), "yesterday");
});
