import assert from "node:assert/strict";
import { EventDispatcher } from "./event_dispatcher.ts";
import type { InformerHandler } from "../informer.ts";
import type { Delta } from "./kind_cache.ts";
import { settle } from "../testing/manual_clock.ts";
import { type Widget, widget } from "../testing/objects.ts";

const added = (name: string): Delta<Widget> => ({ type: "added", object: widget(name), initial: false });
const nameOf = (object: Widget) => object.metadata.name ?? "";

function dispatcher() {
  const errors: string[] = [];
  const events = new EventDispatcher<Widget>((error, event) =>
    errors.push(`${event}: ${(error as Error).message}`)
  );
  return { events, errors };
}

/** A handler that writes down what it hears. */
function listener(heard: string[], name = ""): InformerHandler<Widget> {
  return {
    added: (object, initial) => void heard.push(`${name}+${nameOf(object)}${initial ? "!" : ""}`),
    updated: (before, after) => void heard.push(`${name}${nameOf(before)}>${nameOf(after)}`),
    deleted: (object) => void heard.push(`${name}-${nameOf(object)}`),
    presence: (exists) => void heard.push(`${name}${exists ? "came" : "went"}`),
  };
}

Deno.test("a subscriber hears of everything that is there, as initial, then of every change", () => {
  const { events } = dispatcher();
  const heard: string[] = [];
  events.subscribe(listener(heard), () => [widget("one"), widget("two")]);
  events.dispatch(added("three"));
  events.dispatch({ type: "updated", before: widget("one"), after: widget("one") });
  events.dispatch({ type: "deleted", object: widget("two") });
  events.dispatch({ type: "presence", exists: false });
  assert.deepEqual(heard, ["+one!", "+two!", "+three", "one>one", "-two", "went"]);
});

Deno.test("a handler needs only the methods it wants", () => {
  const { events, errors } = dispatcher();
  events.subscribe({}, () => [widget("one")]);
  events.dispatch(added("two"));
  events.dispatch({ type: "updated", before: widget("one"), after: widget("one") });
  events.dispatch({ type: "deleted", object: widget("two") });
  events.dispatch({ type: "presence", exists: true });
  assert.deepEqual(errors, []);
});

Deno.test("after its end a subscription hears nothing, not even the rest of its snapshot", () => {
  const { events } = dispatcher();
  const heard: string[] = [];
  let end = () => {};
  end = events.subscribe(listener(heard), () => []);
  end();
  events.dispatch(added("one"));
  assert.deepEqual(heard, []);
  assert.equal(events.subscribers, 0);
});

Deno.test("a handler that throws harms neither the others nor what comes next", () => {
  const { events, errors } = dispatcher();
  const heard: string[] = [];
  events.subscribe({
    added: () => {
      throw new Error("bad handler");
    },
  }, () => [widget("zero")]);
  events.subscribe(listener(heard), () => []);
  events.dispatch(added("one"));
  events.dispatch(added("two"));
  assert.deepEqual(heard, ["+one", "+two"]);
  assert.deepEqual(errors, ["added: bad handler", "added: bad handler", "added: bad handler"]);
});

Deno.test("the rejection of a handler that is secretly async is told of", async () => {
  const { events, errors } = dispatcher();
  // deno-lint-ignore require-await -- the point is that it returns a promise
  const handler = { deleted: async () => Promise.reject(new Error("too late")) };
  events.subscribe(handler as unknown as InformerHandler<Widget>, () => []);
  events.dispatch({ type: "deleted", object: widget("one") });
  await settle();
  assert.deepEqual(errors, ["deleted: too late"]);
});

Deno.test("a change that a handler causes comes after the present one, for everybody", () => {
  const { events } = dispatcher();
  const heard: string[] = [];
  events.subscribe({
    added: (object) => {
      heard.push(`first+${nameOf(object)}`);
      if (nameOf(object) === "one") events.dispatch(added("two"));
    },
  }, () => []);
  events.subscribe(listener(heard, "second"), () => []);
  events.dispatch(added("one"));
  assert.deepEqual(heard, ["first+one", "second+one", "first+two", "second+two"]);
});

Deno.test("a change that happens while a snapshot is told comes after the snapshot", () => {
  const { events } = dispatcher();
  const heard: string[] = [];
  const handler: InformerHandler<Widget> = {
    ...listener(heard),
    added: (object) => {
      heard.push(`+${nameOf(object)}`);
      if (nameOf(object) === "one") {
        events.dispatch({ type: "updated", before: widget("two"), after: widget("two-changed") });
      }
    },
  };
  events.subscribe(handler, () => [widget("one"), widget("two")]);
  assert.deepEqual(heard, ["+one", "+two", "two>two-changed"]);
});

Deno.test("who subscribes inside a handler hears of nothing twice", () => {
  const { events } = dispatcher();
  const known: Widget[] = [];
  const heard: string[] = [];
  let once = true;
  events.subscribe({
    added: () => {
      if (!once) return;
      once = false;
      // Both are in the store already, though the second has not been told yet.
      events.dispatch(added("two"));
      known.push(widget("two"));
      events.subscribe(listener(heard), () => known);
    },
  }, () => []);
  known.push(widget("one"));
  events.dispatch(added("one"));
  events.dispatch(added("three"));
  assert.deepEqual(heard, ["+one!", "+two!", "+three"]);
});

Deno.test("a subscriber that another handler ends meanwhile hears nothing more of the same change", () => {
  const { events } = dispatcher();
  const heard: string[] = [];
  let end = () => {};
  events.subscribe({ added: () => end() }, () => []);
  end = events.subscribe(listener(heard), () => []);
  events.dispatch(added("one"));
  assert.deepEqual(heard, []);
});

Deno.test("a snapshot that cannot be made does not block later changes", () => {
  const { events } = dispatcher();
  const heard: string[] = [];
  events.subscribe(listener(heard), () => []);
  assert.throws(() =>
    events.subscribe({}, () => {
      throw new Error("no snapshot");
    }), /no snapshot/);
  events.dispatch(added("one"));
  assert.deepEqual(heard, ["+one"]);
});
