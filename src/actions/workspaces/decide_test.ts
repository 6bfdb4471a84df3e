import assert from "node:assert/strict";
import type { Workspace } from "../../inventory/mod.ts";
import { decide, isSettled, type Step, whatBecameOf, withoutSent } from "./decide.ts";
import type { Want, WishRecord } from "./types.ts";

const AT = "2026-01-01T00:00:00.000Z";
const NOW = Date.parse(AT);

interface Latest {
  number?: number;
  version?: string;
  reason?: string;
}

/** `start running`, as a workspace has it. */
function workspace(
  how: string,
  { number = 5, version = "v1", reason = "initiator" }: Latest = {},
): Workspace {
  const [transition, status] = how.split(" ");
  const latest_build = {
    id: `build-${number}`,
    build_number: number,
    transition,
    status,
    template_version_id: version,
    reason,
    resources: [],
  };
  return { id: "w", name: "a", latest_build } as unknown as Workspace;
}

function record(want: Partial<Want>, more: { base?: number; built?: number[] } = {}): WishRecord {
  const { base = 5, built = [] } = more;
  return {
    owner: "o",
    name: "a",
    workspace: "w",
    wish: { id: "1", by: "jane", at: AT, base, want: { running: true, isRunningAsked: true, ...want } },
    built,
  };
}

function short(step: Step): string {
  if (step.do === "build") return step.build.transition;
  return step.do === "rest" ? step.outcome : step.do;
}

const RUN = { running: true };
const STOP = { running: false };
const REMOVE = { running: false, remove: { orphan: false } };

/** How the latest build is, what is wished, and what is done. The wish is as old as that build. */
const AT_ONCE: [how: string, want: Partial<Want>, does: string][] = [
  ["start running", RUN, "done"],
  ["start starting", RUN, "underWay"],
  ["start pending", RUN, "underWay"],
  ["start failed", RUN, "start"],
  ["start canceled", RUN, "start"],
  ["start canceling", RUN, "wait"],
  ["stop stopped", RUN, "start"],
  ["stop stopping", RUN, "wait"],
  ["stop failed", RUN, "start"],
  ["delete failed", RUN, "start"],
  ["delete deleting", RUN, "superseded"],
  ["delete deleted", RUN, "gone"],
  ["start running", STOP, "stop"],
  ["start pending", STOP, "wait"],
  ["start failed", STOP, "stop"],
  ["stop stopped", STOP, "done"],
  ["stop pending", STOP, "underWay"],
  ["stop failed", STOP, "stop"],
  ["start running", REMOVE, "delete"],
  ["stop stopped", REMOVE, "delete"],
  ["start starting", REMOVE, "wait"],
  ["delete pending", REMOVE, "underWay"],
  ["delete failed", REMOVE, "delete"],
  ["delete deleted", REMOVE, "gone"],
  ["start running", { version: "v2" }, "stop"],
  ["stop stopped", { version: "v2" }, "start"],
  ["stop stopped", { ...STOP, version: "v2" }, "stop"],
  ["start running", { ...STOP, version: "v2" }, "stop"],
  ["start running", { version: "v1" }, "done"],
  ["start failed", { version: "v1" }, "start"],
  ["start running", { rebuild: true }, "stop"],
  ["stop stopped", { rebuild: true }, "start"],
  ["start running", { presetId: "p" }, "stop"],
  ["start running", { parameters: [{ name: "a", value: "1" }] }, "ask"],
  ["stop stopped", { parameters: [{ name: "a", value: "1" }] }, "start"],
];

for (const [how, want, does] of AT_ONCE) {
  Deno.test(`where the latest build is "${how}", a wish for ${JSON.stringify(want)} comes to: ${does}`, () => {
    const step = decide({ record: record(want), workspace: workspace(how), parameters: undefined });
    assert.equal(short(step), does);
  });
}

Deno.test("a workspace that is not there any more leaves nothing to do", () => {
  const step = decide({ record: record(RUN), workspace: undefined, parameters: undefined });
  assert.deepEqual(step, { do: "rest", outcome: "gone" });
});

Deno.test("a build has what is wished of it", () => {
  const parameters = [{ name: "a", value: "1" }];
  const facts = { workspace: workspace("stop stopped"), parameters: [] };
  const built = decide({ ...facts, record: record({ version: "v2", parameters, presetId: "p" }) });
  assert.deepEqual(built, {
    do: "build",
    build: { transition: "start", versionId: "v2", parameters, presetId: "p" },
  });
  const removed = decide({ ...facts, record: record({ remove: { orphan: true } }) });
  assert.deepEqual(removed, { do: "build", build: { transition: "delete", orphan: true } });
});

Deno.test("values that are there already are not built", () => {
  const wish = record({ parameters: [{ name: "a", value: "1" }] });
  const running = workspace("start running");
  const there = [{ name: "a", value: "1" }, { name: "b", value: "2" }];
  assert.equal(short(decide({ record: wish, workspace: running, parameters: there })), "done");
  assert.equal(short(decide({ record: wish, workspace: running, parameters: [] })), "stop");
  // Coder drops what it does not know: it is not built for ever.
  const ours = { ...wish, built: [7] };
  assert.equal(
    short(decide({ record: ours, workspace: workspace("start running", { number: 7 }), parameters: [] })),
    "done",
  );
});

Deno.test("what was built for a wish and failed is not built again for it", () => {
  for (const how of ["start failed", "start canceled"]) {
    const step = decide({
      record: record(RUN, { built: [6] }),
      workspace: workspace(how, { number: 6 }),
      parameters: undefined,
    });
    assert.equal(short(step), "failed");
  }
  const removal = decide({
    record: record(REMOVE, { built: [6] }),
    workspace: workspace("delete failed", { number: 6 }),
    parameters: undefined,
  });
  assert.equal(short(removal), "failed");
  // The first half of a restart.
  const half = decide({
    record: record({ rebuild: true }, { built: [6] }),
    workspace: workspace("stop failed", { number: 6 }),
    parameters: undefined,
  });
  assert.equal(short(half), "failed");
});

Deno.test("a restart goes on from its stop to its start, and no further", () => {
  const steps = [
    ["stop stopping", 6, "wait"],
    ["stop stopped", 6, "start"],
    ["start starting", 7, "underWay"],
    ["start running", 7, "done"],
  ] as const;
  for (const [how, number, does] of steps) {
    const built = number === 6 ? [6] : [6, 7];
    const step = decide({
      record: record({ rebuild: true }, { built }),
      workspace: workspace(how, { number }),
      parameters: undefined,
    });
    assert.equal(short(step), does, how);
  }
});

Deno.test("what somebody asks of Coder after a wish wins over it, what Coder does by itself does not", () => {
  const foreign = (how: string, want: Partial<Want>, reason: string) =>
    short(decide({
      record: record(want),
      workspace: workspace(how, { number: 6, reason }),
      parameters: undefined,
    }));
  assert.equal(foreign("stop stopped", RUN, "dashboard"), "superseded");
  assert.equal(foreign("start starting", STOP, "initiator"), "superseded");
  assert.equal(foreign("delete deleting", STOP, "initiator"), "superseded");
  assert.equal(foreign("delete failed", RUN, "initiator"), "superseded");
  assert.equal(foreign("stop stopped", RUN, "autostop"), "start");
  assert.equal(foreign("start running", STOP, "autostart"), "stop");
  assert.equal(foreign("start running", RUN, "initiator"), "done");
  assert.equal(foreign("start failed", RUN, "initiator"), "start");
});

Deno.test("who did not say whether it shall run takes what others have made of it", () => {
  const want = { isRunningAsked: false, version: "v2" };
  const step = decide({
    record: record(want),
    workspace: workspace("stop stopped", { number: 6 }),
    parameters: undefined,
  });
  assert.deepEqual(step.do === "build" && [step.build.transition, step.build.versionId], ["stop", "v2"]);
  assert.equal(
    short(decide({ record: record(want), workspace: workspace("stop stopped"), parameters: undefined })),
    "start",
  );
});

Deno.test("what was sent has happened where the next build is of its kind, and has not when it is too late for it", () => {
  const sent = { sent: { what: "stop" as const, above: 5, at: AT } };
  const latest = (how: string, number: number, reason = "initiator") =>
    workspace(how, { number, reason }).latest_build;
  assert.equal(whatBecameOf(sent, latest("stop pending", 6), NOW), "happened");
  assert.equal(whatBecameOf(sent, latest("start pending", 6), NOW), "nothing");
  assert.equal(whatBecameOf(sent, latest("stop pending", 6, "autostop"), NOW), "nothing");
  assert.equal(whatBecameOf(sent, latest("stop pending", 7), NOW), "nothing");
  assert.equal(whatBecameOf(sent, latest("start running", 5), NOW), "unknown");
  assert.equal(whatBecameOf(sent, latest("start running", 5), NOW + 29_999), "unknown");
  assert.equal(whatBecameOf(sent, latest("start running", 5), NOW + 30_000), "nothing");
  assert.equal(whatBecameOf(sent, undefined, NOW), "nothing");
  assert.equal(whatBecameOf({}, latest("start running", 5), NOW), "nothing");
});

Deno.test("a record without what was sent has the number of the build that came of it", () => {
  const sent = { ...record(STOP), sent: { what: "stop" as const, above: 5, at: AT } };
  assert.deepEqual(withoutSent(sent, "happened"), { ...record(STOP), built: [6] });
  assert.deepEqual(withoutSent(sent, "nothing"), record(STOP));
  assert.deepEqual(withoutSent(record(STOP), "happened"), record(STOP));
});

Deno.test("a wish is settled as soon as the workspace shows that nothing is left to do, however old the record", () => {
  const sent = { what: "stop" as const, above: 5, at: AT };
  const left = (how: string, latest: Latest, wish: WishRecord) => !isSettled(wish, workspace(how, latest));
  assert.equal(left("stop stopping", { number: 6 }, { ...record(STOP), sent }), false);
  assert.equal(left("stop failed", { number: 6 }, { ...record(STOP), sent }), false);
  assert.equal(left("start running", { number: 5 }, record(RUN)), false);
  assert.equal(left("delete deleted", { number: 6 }, record(STOP)), false);
  // Not as long as what was sent may still come, and not where one build of two is there.
  assert.equal(left("start running", { number: 5 }, { ...record(RUN), sent }), true);
  assert.equal(left("start running", { number: 5 }, record(STOP)), true);
  assert.equal(left("stop stopping", { number: 6 }, { ...record({ version: "v2" }), sent }), true);
  // What the values are is not known without asking.
  assert.equal(left("start running", {}, record({ parameters: [{ name: "a", value: "b" }] })), true);
});
