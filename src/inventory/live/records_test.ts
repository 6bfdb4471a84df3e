import assert from "node:assert/strict";
import { seededRandom } from "../../telemetry/testing/random.ts";
import { type RecordChange, Records } from "./records.ts";

interface Thing {
  readonly id: string;
  readonly name: string;
  readonly state?: number | undefined;
}

function things() {
  let now = 0;
  const heard: string[] = [];
  const records = new Records<Thing>({
    now: () => now,
    nameOf: ({ name }) => name,
    onChange: (change: RecordChange<Thing>, origin) => {
      const before = change.type === "told" && change.before ? ` from ${change.before.state}` : "";
      heard.push(`${change.type} ${change.record.name} ${change.record.state}${before} ${origin}`);
    },
  });
  return {
    records,
    heard,
    pass: (ms: number) => now += ms,
    get now() {
      return now;
    },
  };
}

Deno.test("what is told is known by id and by name", () => {
  const { records, heard } = things();
  assert.equal(records.told({ id: "1", name: "a", state: 1 }, 0, "list"), true);
  assert.equal(records.get("1")?.state, 1);
  assert.equal(records.byName("a")?.id, "1");
  assert.equal(records.byName("b"), undefined);
  assert.deepEqual([records.size, [...records.values()].length], [1, 1]);
  assert.deepEqual(heard, ["told a 1 list"]);
});

Deno.test("what says nothing new is not told on", () => {
  const rig = things();
  rig.records.told({ id: "1", name: "a", state: 1 }, 0, "list");
  rig.pass(10);
  assert.equal(rig.records.told({ id: "1", name: "a", state: 1 }, 10, "look"), false);
  assert.equal(rig.records.told({ id: "1", name: "a", state: 2 }, 10, "look"), true);
  assert.deepEqual(rig.heard, ["told a 1 list", "told a 2 from 1 look"]);
});

Deno.test("the answer to a request that was sent before something else was learnt does not count", () => {
  const rig = things();
  rig.records.told({ id: "1", name: "a", state: 1 }, 0, "list");
  rig.pass(100);
  const sentAt = rig.now;
  rig.pass(50);
  rig.records.told({ id: "1", name: "a", state: 2 }, rig.now, "write");
  rig.pass(50);
  assert.equal(rig.records.told({ id: "1", name: "a", state: 1 }, sentAt, "list"), false);
  assert.equal(rig.records.gone("1", sentAt, "look"), false);
  assert.equal(rig.records.get("1")?.state, 2);
});

Deno.test("what is gone does not come back with an answer to an older request, but with a newer one", () => {
  const rig = things();
  rig.records.told({ id: "1", name: "a", state: 1 }, 0, "list");
  const sentAt = rig.now;
  rig.pass(10);
  assert.equal(rig.records.gone("1", rig.now, "look"), true);
  assert.equal(rig.records.gone("1", rig.now, "look"), false);
  assert.equal(rig.records.told({ id: "1", name: "a", state: 1 }, sentAt, "list"), false);
  rig.pass(10);
  assert.equal(rig.records.told({ id: "1", name: "a", state: 1 }, rig.now, "list"), true);
  assert.deepEqual(rig.heard, ["told a 1 list", "gone a 1 look", "told a 1 list"]);
});

Deno.test("a name follows its record, and a new record may take a name that is free", () => {
  const rig = things();
  rig.records.told({ id: "1", name: "a" }, 0, "list");
  rig.pass(1);
  rig.records.told({ id: "1", name: "b" }, 1, "list");
  assert.equal(rig.records.byName("a"), undefined);
  rig.records.told({ id: "2", name: "a" }, 1, "list");
  rig.records.told({ id: "3", name: "b" }, 1, "list");
  rig.pass(1);
  rig.records.gone("1", 2, "look");
  assert.deepEqual([rig.records.byName("a")?.id, rig.records.byName("b")?.id], ["2", "3"]);
});

Deno.test("whoever had a name beside a record that leaves it is told again", () => {
  for (const leaving of ["renamed", "gone"]) {
    const rig = things();
    rig.records.told({ id: "1", name: "a", state: 1 }, 0, "list");
    rig.records.told({ id: "2", name: "a", state: 2 }, 0, "ask");
    // An answer of before: the first one has left the name already.
    rig.records.told({ id: "1", name: "a", state: 3 }, 0, "look");
    assert.equal(rig.records.byName("a")?.id, "1");
    rig.heard.length = 0;
    if (leaving === "gone") rig.records.gone("1", 0, "look");
    else rig.records.told({ id: "1", name: "b", state: 3 }, 0, "look");
    assert.deepEqual(rig.heard, [
      leaving === "gone" ? "gone a 3 look" : "told b 3 from 3 look",
      "told a 2 from 2 look",
    ]);
    assert.equal(rig.records.byName("a")?.id, "2");
    assert.equal(rig.records.byName("b")?.id, leaving === "gone" ? undefined : "1");
    rig.records.gone("2", 0, "look");
    assert.equal(rig.records.byName("a"), undefined);
    assert.equal(rig.heard.length, 3, "there is nobody left to be told of");
  }
});

Deno.test("whoever is shown by the last word, each name that a record has shows one that has it", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const pick = <T>(...choices: T[]) => choices[Math.floor(random() * choices.length)]!;
    const shown = new Map<string, string>();
    const names = new Map<string, string>();
    const leave = (id: string) => {
      const name = names.get(id) ?? "";
      if (shown.get(name) === id) shown.delete(name);
      names.delete(id);
    };
    const records = new Records<Thing>({
      now: () => 0,
      nameOf: ({ name }) => name,
      onChange: ({ type, record: { id, name } }) => {
        if (type === "gone" || names.get(id) !== name) leave(id);
        if (type === "gone") return;
        names.set(id, name);
        shown.set(name, id);
      },
    });
    for (let step = 0; step < 100; step++) {
      const id = pick("1", "2", "3", "4");
      if (random() < 0.2) records.gone(id, 0, "look");
      else records.told({ id, name: pick("a", "b", "c"), state: step % 3 }, 0, "look");
      // Others show a record anew for reasons of their own.
      const retold = records.get(pick("1", "2", "3", "4"));
      if (retold !== undefined && random() < 0.2) shown.set(retold.name, retold.id);
      for (const name of ["a", "b", "c"]) {
        const having = [...records.values()].filter((record) => record.name === name).map(({ id }) => id);
        for (const one of [shown.get(name), records.byName(name)?.id]) {
          assert.ok(
            one === undefined ? having.length === 0 : having.includes(one),
            `seed ${seed}, step ${step}`,
          );
        }
      }
    }
  }
});

Deno.test("a scan names what was known before and did not come", () => {
  const rig = things();
  for (const id of ["1", "2", "3"]) rig.records.told({ id, name: id }, 0, "list");
  rig.pass(10);
  const scan = rig.records.scan(rig.now, ({ id }) => id !== "3");
  scan.page([{ id: "1", name: "1" }]);
  rig.pass(10);
  // Learnt while the scan was under way: it says nothing about that.
  rig.records.told({ id: "4", name: "4" }, rig.now, "write");
  assert.deepEqual(scan.missing(), ["2"]);
});

Deno.test("what is gone is remembered within limits", () => {
  const rig = things();
  for (let index = 0; index < 3_000; index++) {
    const id = String(index);
    rig.records.told({ id, name: id }, rig.now, "list");
    rig.pass(1);
    rig.records.gone(id, rig.now, "look");
  }
  assert.equal(rig.records.told({ id: "2999", name: "x" }, rig.now - 1, "list"), false);
  assert.equal(rig.records.told({ id: "0", name: "x" }, 0, "list"), true);
});

Deno.test("an item that says what it said before need not be read, and counts as seen", () => {
  const rig = things();
  const first = rig.records.scan(rig.now);
  assert.equal(first.isKnown("words of a"), false);
  first.page([{ id: "1", name: "a" }, { id: "2", name: "b" }], ["words of a", "words of b"]);
  rig.pass(10);
  const second = rig.records.scan(rig.now);
  assert.deepEqual(["words of a", "other words"].map((item) => second.isKnown(item)), [true, false]);
  assert.deepEqual(second.missing(), ["2"]);
  assert.equal(rig.heard.length, 2);
});

Deno.test("once something else was learnt, the old words say nothing any more", () => {
  const rig = things();
  rig.records.scan(rig.now).page([{ id: "1", name: "a", state: 1 }], ["one"]);
  rig.pass(10);
  rig.records.told({ id: "1", name: "a", state: 2 }, rig.now, "write");
  rig.pass(10);
  const next = rig.records.scan(rig.now);
  assert.equal(next.isKnown("one"), false, "it went back to what it was: that is a change");
  next.page([{ id: "1", name: "a", state: 1 }], ["one"]);
  assert.equal(rig.records.get("1")?.state, 1);
  rig.records.gone("1", rig.now, "look");
  assert.equal(rig.records.scan(rig.now).isKnown("one"), false);
});

Deno.test("words of a list that is older than what is known are not remembered", () => {
  const rig = things();
  rig.records.told({ id: "1", name: "a", state: 1 }, 0, "list");
  const scan = rig.records.scan(rig.now);
  rig.pass(10);
  rig.records.told({ id: "1", name: "a", state: 2 }, rig.now, "write");
  scan.page([{ id: "1", name: "a", state: 1 }], ["one"]);
  assert.equal(rig.records.get("1")?.state, 2);
  assert.equal(rig.records.scan(rig.now).isKnown("one"), false);
});

Deno.test("other words for the same content replace the old ones", () => {
  const rig = things();
  for (const words of ["one", "two"]) {
    rig.records.scan(rig.now).page([{ id: "1", name: "a", state: 1 }], [words]);
    rig.pass(10);
  }
  const scan = rig.records.scan(rig.now);
  assert.deepEqual([scan.isKnown("one"), scan.isKnown("two")], [false, true]);
  assert.equal(rig.heard.length, 1);
});
