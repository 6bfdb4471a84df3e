import assert from "node:assert/strict";
import type { Workbench, WorkbenchOptions } from "../../actions/workbench.ts";
import type { Backend, BackendsListener, CopyListener } from "../../inventory/mod.ts";
import type { Keeping, Keepings } from "../../shadow/mod.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { Workbenches, type WorkbenchesOptions } from "./workbenches.ts";

function rig(options: Partial<WorkbenchesOptions> = {}) {
  const events: string[] = [];
  const backends: Backend[] = [];
  const wishes = new Set<string>();
  let told: ((owner: string, change: { kind: "workspaces" | "templates"; id: string }) => void) | undefined;
  const keeping = (owner: string) =>
    ({
      wishes: {},
      changes: {},
      wishFor: (id: string) => wishes.has(id) ? {} : undefined,
      gone: (kind: string, id: string) => void events.push(`${owner}: ${kind} ${id} is gone`),
      sweep: (kind: string, isThere: (id: string) => boolean) => {
        events.push(`${owner}: sweeps ${kind}, w1 is ${isThere("w1") ? "there" : "gone"}`);
        return Promise.resolve();
      },
    }) as unknown as Keeping;
  const copyListener = {
    workspace: () => void events.push("shown"),
    template: () => void events.push("shown"),
    complete: () => void events.push("complete"),
    addresses: () => {},
  } as CopyListener;
  const listener: BackendsListener = {
    changed: () => void events.push("changed"),
    listen: () => copyListener,
  };
  const benches = new Workbenches({
    keepings: {
      of: ({ id }: { id: string }) => keeping(id),
      subscribe(listener: typeof told) {
        told = listener;
        return () => void (told = undefined);
      },
    } as unknown as Keepings,
    listener,
    log: silentLogger,
    audit: { write() {}, template() {} },
    create: ({ backend: { id } }: WorkbenchOptions) =>
      ({
        wake: () => void events.push(`${id}: woken`),
        async run(signal: AbortSignal) {
          events.push(`${id}: runs`);
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          events.push(`${id}: ends`);
        },
      }) as unknown as Workbench,
    ...options,
  });
  benches.of({ list: () => backends });
  return {
    benches,
    events,
    wishes,
    backend(id: string): Backend {
      const copy = {
        workspace: (asked: string) => asked === "w1" ? {} : undefined,
        template: () => undefined,
      };
      return { id, namespace: "lab", uid: `uid of ${id}`, copy } as unknown as Backend;
    },
    backends,
    tell: (owner: string, kind: "workspaces" | "templates") => told?.(owner, { kind, id: "w1" }),
    take: () => events.splice(0),
  };
}

Deno.test("each Coder that is served has one bench, which runs as long as it is", async () => {
  const { benches, backends, backend, take } = rig();
  const [one, two] = [backend("lab/one"), backend("lab/two")];
  backends.push(one);
  benches.changed();
  const end = new AbortController();
  const running = benches.run(end.signal);
  backends.push(two);
  benches.changed();
  await settle();
  assert.deepEqual(take().filter((event) => event !== "changed"), ["lab/one: runs", "lab/two: runs"]);
  assert.equal(benches.bench(one), benches.bench(one));
  assert.equal([...benches.all()].length, 2);
  backends.shift();
  benches.changed();
  await settle();
  assert.deepEqual(take(), ["changed", "lab/one: ends"]);
  // Whoever was about to ask for it still can; nothing goes on in it.
  assert.equal(benches.bench(one).backend, one);
  assert.equal([...benches.all()].length, 1);
  end.abort();
  await running;
  assert.deepEqual(take(), ["lab/two: ends"]);
});

Deno.test("who waits for a build goes on as soon as the workspace changes, or a wish comes from elsewhere", async () => {
  const { benches, backends, backend, take, wishes, tell } = rig();
  const one = backend("lab/one");
  backends.push(one);
  const heard = benches.listen(one);
  benches.changed();
  const end = new AbortController();
  const running = benches.run(end.signal);
  await settle();
  take();
  const change = { type: "told", record: { id: "w1" } } as unknown as Parameters<
    CopyListener["workspace"]
  >[0];
  heard.workspace(change, "list" as never);
  assert.deepEqual(take(), ["shown"]);
  wishes.add("w1");
  heard.workspace(change, "list" as never);
  assert.deepEqual(take(), ["shown", "lab/one: woken"]);
  tell("lab/one", "workspaces");
  tell("lab/one", "templates");
  tell("lab/other", "workspaces");
  assert.deepEqual(take(), ["lab/one: woken"]);
  wishes.delete("w1");
  tell("lab/one", "workspaces");
  assert.deepEqual(take(), [], "with metadata alone there is nothing to go on");
  end.abort();
  await running;
});

Deno.test("what is kept of objects that are gone goes with them", async () => {
  const { benches, backends, backend, take } = rig();
  const one = backend("lab/one");
  backends.push(one);
  const heard = benches.listen(one);
  benches.changed();
  // Before anything runs, nothing is swept.
  heard.complete("workspaces", true);
  const end = new AbortController();
  const running = benches.run(end.signal);
  await settle();
  take();
  const gone = { type: "gone", record: { id: "w1" } } as never;
  heard.workspace(gone, "list" as never);
  heard.template(gone, "list" as never);
  heard.complete("workspaces", false);
  heard.complete("templates", false);
  assert.deepEqual(take(), [
    "shown",
    "lab/one: workspaces w1 is gone",
    "shown",
    "lab/one: templates w1 is gone",
    "complete",
    "lab/one: sweeps workspaces, w1 is there",
    "complete",
    "lab/one: sweeps templates, w1 is gone",
  ]);
  end.abort();
  await running;
});

Deno.test("what runs beside a bench ends with it, and a mistake in it is told", async () => {
  const told: string[] = [];
  const log = { ...silentLogger, child: () => log, error: (text: string) => void told.push(text) };
  const { benches, backends, backend } = rig({ log, beside: () => Promise.reject(new Error("a mistake")) });
  backends.push(backend("lab/one"));
  benches.changed();
  const end = new AbortController();
  const running = benches.run(end.signal);
  await settle();
  end.abort();
  await running;
  assert.deepEqual(told, ["what goes on with a Coder in the background has ended"]);
});
