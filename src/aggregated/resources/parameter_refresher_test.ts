import assert from "node:assert/strict";
import type { WishRecord } from "../../actions/mod.ts";
import type { Backend } from "../../inventory/mod.ts";
import type { ShadowRecord, StoredShadow } from "../../shadow/mod.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { build, PLACE, shadowRecord, uuid, wishRecord, workspace } from "../convert/testing.ts";
import { workspaceObject } from "../convert/workspace.ts";
import { ParameterRefresher } from "./parameter_refresher.ts";

const signal = new AbortController().signal;
const OLD = uuid(9);
/** That of the workspace, as it is shown at the beginning. */
const LATEST = uuid(10);

function setUp(given: Partial<ShadowRecord> = {}) {
  const clock = new FakeClock();
  let stored: StoredShadow = {
    record: shadowRecord({ spec: { parameters: { region: "eu" } }, parametersOf: OLD, ...given }),
    version: "1",
  };
  let wish: WishRecord | undefined;
  let trouble: { error: unknown; failures: number; since: number } | undefined;
  let shown: ReturnType<typeof workspaceObject> | undefined = workspaceObject(workspace(), PLACE);
  const asked: string[] = [];
  let answer = (): { name: string; value: string }[] => [
    { name: "region", value: "us" },
    { name: "size", value: "xl" },
  ];
  const shadows = {
    all: () => [stored],
    get: () => stored,
    write: (record: ShadowRecord, version: string | undefined) => {
      if (version !== stored.version) return Promise.resolve(undefined);
      stored = { record, version: `${Number(version) + 1}` };
      return Promise.resolve(stored);
    },
  };
  const client = {
    workspaceChanges: {
      buildParameters(id: string) {
        asked.push(id);
        return Promise.resolve().then(answer);
      },
    },
  } as unknown as Awaited<ReturnType<Backend["open"]>>;
  const refresher = new ParameterRefresher({
    backend: {
      id: "team-a/coder",
      namespace: "team-a",
      open: () => Promise.resolve(client),
      copy: { state: () => ({ trouble }) } as never,
    },
    keeping: { shadows: shadows as never, wishFor: () => wish },
    view: { shown: () => shown },
    clock,
    random: () => 0.5,
  });
  return {
    clock,
    refresher,
    asked,
    record: () => stored.record,
    store: (record: ShadowRecord) => void shadows.write(record, stored.version),
    rounds: async (count: number) => {
      for (let n = 0; n < count; n++) await refresher.round(signal);
    },
    wish: (now: WishRecord | undefined) => wish = now,
    show: (changes: Parameters<typeof build>[0] | undefined) =>
      shown = changes && workspaceObject(workspace({ latest_build: build(changes) }), PLACE),
    answers: (now: typeof answer) => answer = now,
    trouble: (now: typeof trouble) => trouble = now,
  };
}

Deno.test("values of a build that somebody else asked for are read once, and only those that were given here", async () => {
  const { refresher, asked, record, rounds } = setUp();
  await refresher.round(signal);
  assert.deepEqual(asked, []);
  await rounds(3);
  assert.deepEqual(asked, [LATEST]);
  assert.deepEqual([record().spec, record().parametersOf], [{ parameters: { region: "us" } }, LATEST]);
});

Deno.test("what the build does not have stays as it was given, and so does everything else that is kept", async () => {
  const { record, rounds, answers } = setUp({
    metadata: { labels: { a: "b" } },
    spec: { presetID: uuid(5), parameters: { region: "eu", once: "1" } },
  });
  answers(() => [{ name: "region", value: "eu" }]);
  await rounds(2);
  assert.deepEqual(record().spec, { presetID: uuid(5), parameters: { region: "eu", once: "1" } });
  assert.deepEqual([record().metadata, record().parametersOf], [{ labels: { a: "b" } }, LATEST]);
});

Deno.test("of workspaces without values given here nothing is asked", async () => {
  for (const spec of [undefined, {}, { parameters: {} }, { parameters: 7 }]) {
    const { asked, rounds } = setUp({ spec });
    await rounds(3);
    assert.deepEqual(asked, [], JSON.stringify(spec));
  }
});

Deno.test("nothing is asked of the same build, of a deletion, of what is not shown, and while something is wished", async () => {
  const same = setUp({ parametersOf: LATEST });
  await same.rounds(3);
  const deleted = setUp();
  deleted.show({ transition: "delete" });
  await deleted.rounds(3);
  const hidden = setUp();
  hidden.show(undefined);
  await hidden.rounds(3);
  const wished = setUp();
  wished.wish(wishRecord());
  await wished.rounds(3);
  assert.deepEqual([same, deleted, hidden, wished].flatMap(({ asked }) => asked), []);
  wished.wish(undefined);
  await wished.rounds(2);
  assert.deepEqual(wished.asked, [LATEST]);
});

Deno.test("a build that is another one each time is waited for", async () => {
  const { asked, rounds, show } = setUp();
  for (const id of [20, 21, 22]) {
    show({ id: uuid(id) });
    await rounds(1);
  }
  assert.deepEqual(asked, []);
  await rounds(1);
  assert.deepEqual(asked, [uuid(22)]);
});

Deno.test("who has stored something else meanwhile is right", async () => {
  const { record, rounds, answers, store, asked } = setUp();
  answers(() => {
    store({ ...record(), spec: { parameters: { region: "asia" } } });
    return [{ name: "region", value: "us" }];
  });
  await rounds(2);
  assert.deepEqual(record().spec, { parameters: { region: "asia" } });
  assert.deepEqual(asked, [LATEST]);
});

Deno.test("while Coder is away nothing is asked, and after a failure a minute passes", async () => {
  const { clock, asked, rounds, trouble, answers, record } = setUp();
  trouble({ error: new Error("away"), failures: 1, since: 0 });
  await rounds(3);
  assert.deepEqual(asked, []);
  trouble(undefined);
  answers(() => {
    throw new Error("no");
  });
  await rounds(3);
  assert.equal(asked.length, 1);
  answers(() => [{ name: "region", value: "us" }]);
  await clock.advance(59_999);
  await rounds(1);
  assert.equal(asked.length, 1);
  await clock.advance(1);
  await rounds(1);
  assert.deepEqual([asked.length, record().parametersOf], [2, LATEST]);
});

Deno.test("one that runs looks every two seconds until it is told to end", async () => {
  const { clock, refresher, asked } = setUp();
  const end = new AbortController();
  const running = refresher.run(end.signal);
  await clock.advance(1_999);
  assert.deepEqual(asked, []);
  await clock.advance(1);
  assert.deepEqual(asked, [LATEST]);
  end.abort();
  await running;
  assert.equal(clock.pendingTimers, 0);
});
