import { deepEqual, equal } from "node:assert/strict";
import { Announcer, type Clock, countsChanged } from "./announcer.js";

/** A clock that goes when it is told to; one thing waits at a time. */
class FakeTime implements Clock {
  #now = 0;
  #waiting: { readonly at: number; readonly run: () => void } | undefined;

  now = () => this.#now;

  after = (ms: number, run: () => void) => {
    equal(this.#waiting, undefined);
    const waiting = this.#waiting = { at: this.#now + ms, run };
    return () => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    };
  };

  tick(ms: number): void {
    this.#now += ms;
    const waiting = this.#waiting;
    if (waiting === undefined || waiting.at > this.#now) return;
    this.#waiting = undefined;
    waiting.run();
  }
}

Deno.test("news are said at once, then not more often than somebody can listen, and only what is still true", () => {
  const time = new FakeTime();
  const said: string[] = [];
  const announcer = new Announcer((text) => said.push(text), time);
  announcer.tell("a", () => "1 failed.");
  time.tick(0);
  deepEqual(said, ["1 failed."]);
  announcer.tell("a", () => "2 failed.");
  announcer.tell("b", () => "3 away.");
  announcer.tell("a", () => "4 failed.");
  time.tick(9_999);
  equal(said.length, 1);
  time.tick(1);
  deepEqual(said.slice(1), ["4 failed. 3 away."]);
});

Deno.test("what turned out to be nothing is not said, nor what was cleared", () => {
  const time = new FakeTime();
  const said: string[] = [];
  const announcer = new Announcer((text) => said.push(text), time);
  announcer.tell("a", () => "");
  time.tick(60_000);
  announcer.tell("a", () => "x");
  announcer.clear();
  time.tick(60_000);
  deepEqual(said, []);
  announcer.tell("a", () => "y");
  time.tick(60_000);
  deepEqual(said, ["y"]);
});

Deno.test("only counts that are different are named, five at most", () => {
  const counts = (entries: Record<string, number>) => new Map(Object.entries(entries));
  equal(countsChanged(counts({ a: 1 }), counts({ a: 1 })), "");
  equal(countsChanged(counts({ a: 1, b: 2 }), counts({ a: 1, b: 3, c: 1 })), "3 b, 1 c");
  equal(countsChanged(counts({ a: 1 }), counts({})), "0 a");
  equal(countsChanged(counts({}), counts({ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 })).split(",").length, 5);
});
