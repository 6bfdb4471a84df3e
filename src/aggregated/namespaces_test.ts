import assert from "node:assert/strict";
import type { Namespace } from "../api/kubernetes/types.ts";
import type { KubeObject, ObjectKey, ResourceType } from "../api/object.ts";
import { isForbidden } from "../kube/errors.ts";
import type { Informer, InformerHandler, KindOptions } from "../kube/informer.ts";
import { refusal } from "../kube/testing/fake_api.ts";
import { recordingLogger } from "../kube/testing/recording_logger.ts";
import { FakeClock, settle } from "../telemetry/testing/fake_clock.ts";
import { createNamespaceStates, type NamespaceStatesOptions } from "./namespaces.ts";

const signal = new AbortController().signal;
const NOW = "2026-01-01T00:00:00Z";

function namespace(name: string, uid = `${name}-1`, isEnding = false): Namespace {
  const metadata = { name, uid, ...(isEnding && { deletionTimestamp: NOW }) };
  return { apiVersion: "v1", kind: "Namespace", metadata };
}

/** What a watch has told, by hand. */
class Watched {
  hasSynced = true;
  readonly #known = new Map<string, Namespace>();
  readonly #handlers: InformerHandler<Namespace>[] = [];

  get({ name }: ObjectKey): Namespace | undefined {
    return this.#known.get(name);
  }
  subscribe(handler: InformerHandler<Namespace>): void {
    this.#handlers.push(handler);
    for (const known of this.#known.values()) handler.added?.(known, true);
  }
  put(namespace: Namespace): void {
    const { name = "" } = namespace.metadata;
    const before = this.#known.get(name);
    this.#known.set(name, namespace);
    for (const handler of this.#handlers) {
      if (before === undefined) handler.added?.(namespace, false);
      else handler.updated?.(before, namespace);
    }
  }
  remove(namespace: Namespace): void {
    this.#known.delete(namespace.metadata.name ?? "");
    for (const handler of this.#handlers) handler.deleted?.(namespace);
  }
}

/** An API server with namespaces, and what a watch has told of them by now. */
class World {
  readonly live = new Map<string, Namespace>();
  readonly watched = new Watched();
  readonly declared: KindOptions[] = [];
  readonly calls: string[] = [];
  readonly changes: string[] = [];
  readonly clock = new FakeClock();
  readonly logged = recordingLogger();
  refuses: Error | undefined;

  states(options: Partial<NamespaceStatesOptions> = {}) {
    const states = createNamespaceStates({
      client: {
        get: <T>(type: ResourceType, { name }: ObjectKey) => {
          this.calls.push(`get ${type.plural} ${name}`);
          if (this.refuses !== undefined) return Promise.reject(this.refuses);
          const found = this.live.get(name);
          return found === undefined
            ? Promise.reject(refusal(404, "NotFound"))
            : Promise.resolve(found as unknown as T);
        },
      },
      cache: {
        informer: <T extends KubeObject>(_type: ResourceType<T>, options: KindOptions<T> = {}) => {
          this.declared.push(options as unknown as KindOptions);
          return this.watched as unknown as Informer<T>;
        },
      },
      names: [],
      clock: this.clock,
      log: this.logged.logger,
      ...options,
    });
    states.subscribe((name) => this.changes.push(`${name} ${states.isEnding(name)}`));
    return states;
  }
}

Deno.test("a namespace is asked for by itself, whatever the watch has told", async () => {
  const world = new World();
  const states = world.states();
  world.watched.put(namespace("lab"));
  world.live.set("lab", namespace("lab"));
  assert.equal(await states.state("lab", signal), "active");
  world.live.set("lab", namespace("lab", "lab-1", true));
  assert.equal(await states.state("lab", signal), "ending");
  world.live.delete("lab");
  assert.equal(await states.state("lab", signal), "missing");
  assert.deepEqual(new Set(world.calls), new Set(["get namespaces lab"]));
  assert.deepEqual(world.declared, [{ metadataOnly: true }]);
});

Deno.test("who does not get to know how a namespace fares says so", async () => {
  const world = new World();
  const states = world.states();
  world.refuses = refusal(403, "Forbidden");
  await assert.rejects(states.state("lab", signal), isForbidden);
  await assert.rejects(world.states({ names: ["lab"] }).state("lab", signal), isForbidden);
});

Deno.test("where names are given, nobody asks for others, which rights may not reach", async () => {
  const world = new World();
  world.live.set("lab", namespace("lab"));
  const states = world.states({ names: ["lab", "gone"] });
  assert.equal(await states.state("lab", signal), "active");
  assert.equal(await states.state("gone", signal), "missing");
  assert.equal(await states.state("elsewhere", signal), "active");
  assert.deepEqual(world.calls, ["get namespaces lab", "get namespaces gone"]);
});

Deno.test("a deletion that comes before the watch is told as soon as somebody asks, once", async () => {
  const world = new World();
  const states = world.states();
  world.watched.put(namespace("lab"));
  assert.equal(states.isEnding("lab"), false);
  world.live.set("lab", namespace("lab", "lab-1", true));
  await states.state("lab", signal);
  assert.equal(states.isEnding("lab"), true);
  await states.state("lab", signal);
  world.watched.put(namespace("lab"));
  assert.equal(states.isEnding("lab"), true, "a change from before it was deleted takes nothing back");
  world.watched.put(namespace("lab", "lab-1", true));
  world.watched.remove(namespace("lab", "lab-1", true));
  assert.deepEqual(world.changes, ["lab true"]);
});

Deno.test("a namespace that is gone stays so until there is another one of its name", () => {
  const world = new World();
  const states = world.states();
  world.watched.put(namespace("lab"));
  world.watched.remove(namespace("lab"));
  assert.equal(states.isEnding("lab"), true, "also where nobody saw it ending");
  world.watched.put(namespace("lab", "lab-2"));
  assert.equal(states.isEnding("lab"), false);
  world.watched.put(namespace("lab", "lab-2", true));
  assert.deepEqual(world.changes, ["lab true", "lab false", "lab true"]);
});

Deno.test("an answer about the one before says nothing of the next one of its name", async () => {
  const world = new World();
  const states = world.states();
  world.live.set("lab", namespace("lab", "lab-1", true));
  world.watched.put(namespace("lab", "lab-2"));
  assert.equal(await states.state("lab", signal), "ending");
  assert.equal(states.isEnding("lab"), false);
});

Deno.test("what is ending at the start is told to who comes later, and nothing to who has left", () => {
  const world = new World();
  world.watched.put(namespace("lab", "lab-1", true));
  const states = world.states();
  assert.equal(states.isEnding("lab"), true);
  const heard: string[] = [];
  const leave = states.subscribe((name) => heard.push(name));
  world.watched.put(namespace("next", "next-1", true));
  leave();
  world.watched.put(namespace("last", "last-1", true));
  assert.deepEqual(heard, ["next"]);
});

Deno.test("of the many that are gone the last ones are remembered", () => {
  const world = new World();
  const states = world.states();
  for (let i = 0; i <= 10_000; i++) world.watched.remove(namespace(`n${i}`));
  assert.deepEqual([states.isEnding("n0"), states.isEnding("n1"), states.isEnding("n10000")], [
    false,
    true,
    true,
  ]);
});

Deno.test("it has synced when the watch has, and runs until it is stopped", async () => {
  const world = new World();
  const states = world.states();
  world.watched.hasSynced = false;
  assert.equal(states.hasSynced, false);
  world.watched.hasSynced = true;
  assert.equal(states.hasSynced, true);
  const stop = new AbortController();
  const run = states.run(stop.signal);
  stop.abort();
  await run;
  assert.deepEqual(world.calls, []);
});

Deno.test("namespaces that are named are asked for again and again, and nothing is watched", async () => {
  const world = new World();
  const states = world.states({ names: ["lab", "none"] });
  world.live.set("lab", namespace("lab"));
  const stop = new AbortController();
  assert.equal(states.hasSynced, false);
  const run = states.run(stop.signal);
  await settle();
  assert.equal(states.hasSynced, true);
  assert.deepEqual(world.calls, ["get namespaces lab", "get namespaces none"]);
  assert.deepEqual([states.isEnding("lab"), states.isEnding("none")], [false, false]);
  world.live.set("lab", namespace("lab", "lab-1", true));
  await world.clock.advance(5_000);
  world.live.delete("lab");
  await world.clock.advance(5_000);
  assert.equal(states.isEnding("lab"), true, "gone is no better");
  world.live.set("lab", namespace("lab", "lab-2"));
  await world.clock.advance(5_000);
  stop.abort();
  await run;
  assert.deepEqual(world.changes, ["lab true", "lab false"]);
  assert.deepEqual(world.declared, []);
  assert.equal(await states.state("none", signal), "missing");
});

Deno.test("a namespace that cannot be asked for stays what it was, which is told once each time", async () => {
  const world = new World();
  const states = world.states({ names: ["lab"], everyMs: 1_000 });
  world.live.set("lab", namespace("lab", "lab-1", true));
  const stop = new AbortController();
  const run = states.run(stop.signal);
  await settle();
  world.refuses = refusal(403, "Forbidden");
  await world.clock.advance(3_000);
  assert.equal(states.isEnding("lab"), true);
  assert.equal(world.logged.lines.length, 1);
  world.refuses = undefined;
  await world.clock.advance(1_000);
  world.refuses = refusal(500, "InternalError");
  await world.clock.advance(1_000);
  assert.equal(world.logged.lines.length, 2);
  stop.abort();
  await run;
});

Deno.test("a namespace is active where it is watched, there, and has not been heard to end", async () => {
  const world = new World();
  const states = world.states();
  assert.equal(states.isActive("lab"), false, "nothing was heard of it");
  world.watched.put(namespace("lab"));
  assert.equal(states.isActive("lab"), true);
  world.watched.hasSynced = false;
  assert.equal(states.isActive("lab"), false, "what is heard of may be all but new");
  world.watched.hasSynced = true;
  // The API server itself has said so, before the watch did.
  world.live.set("lab", namespace("lab", "lab-1", true));
  assert.equal(await states.state("lab", signal), "ending");
  assert.equal(states.isActive("lab"), false);
  world.watched.put(namespace("lab", "lab-2"));
  assert.equal(states.isActive("lab"), true, "another one of that name");
  world.watched.remove(namespace("lab", "lab-2"));
  assert.equal(states.isActive("lab"), false);
  assert.equal(world.states({ names: ["lab"] }).isActive("lab"), false, "it is not watched");
});
