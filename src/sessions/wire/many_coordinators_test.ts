import assert from "node:assert/strict";
import { PrometheusMetrics } from "../../telemetry/prometheus.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { MockExecutor } from "../testing/mock_executor.ts";
import { mockHello } from "../testing/mock_worker.ts";
import { WorkerHub } from "./hub.ts";
import { LocalDoor } from "./local_door.ts";
import { createWorkerLinks, type WorkerLinks, type WorkerLinksOptions } from "./many_coordinators.ts";
import { aTask, never, Witness } from "./testing.ts";
import { WireError } from "./wire_error.ts";

class World implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly metrics = new PrometheusMetrics();
  readonly executor = new MockExecutor();
  readonly hello = mockHello();
  /** By `ip:port`. */
  readonly hubs = new Map<string, { readonly hub: WorkerHub; readonly witness: Witness }>();
  readonly doors: LocalDoor[] = [];
  readonly dialled: string[] = [];
  /** By name. */
  readonly names = new Map<string, readonly string[] | Error>();
  /** By target: what its coordinator refuses this worker with. */
  readonly refusals = new Map<string, WireError>();
  readonly stop = new AbortController();
  links!: WorkerLinks;
  running!: Promise<void>;

  coordinator(...targets: readonly string[]): Witness {
    const witness = new Witness();
    const hub = new WorkerHub({ listener: witness, log: silentLogger, clock: this.clock });
    for (const target of targets) this.hubs.set(target, { hub, witness });
    return witness;
  }

  async start(urls: string, options: Partial<WorkerLinksOptions> = {}): Promise<void> {
    this.links = createWorkerLinks({
      urls,
      token: () => () => "",
      hello: this.hello,
      executor: this.executor,
      log: silentLogger,
      metrics: this.metrics,
      clock: this.clock,
      random: () => 0.5,
      lookUp: (hostname) => {
        const found = this.names.get(hostname) ?? [];
        return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
      },
      makeDoor: ({ target }) => this.#door(target),
      ...options,
    });
    this.running = this.links.run(this.stop.signal);
    this.running.catch(() => {});
    await this.pass(0);
  }

  #door(target: string): LocalDoor {
    this.dialled.push(target);
    const nobody = new WorkerHub({ listener: new Witness(), log: silentLogger, clock: this.clock });
    const door = new LocalDoor(this.hubs.get(target)?.hub ?? nobody, "w1");
    door.isCut = !this.hubs.has(target);
    const refusal = this.refusals.get(target);
    if (refusal !== undefined) door.register = () => Promise.reject(refusal);
    Object.defineProperty(door, "target", { value: target });
    this.doors.push(door);
    return door;
  }

  /** Its network is away, or there again. */
  cut(target: string, isCut = true): void {
    for (const door of this.doors) {
      if ((door as unknown as { target: string }).target !== target) continue;
      door.isCut = isCut;
      if (isCut) door.breakStream();
    }
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort();
    // A farewell to one that is away waits for a moment.
    for (let turn = 0; turn < 5; turn++) await this.clock.advance(3_000);
    await this.running.catch(() => {});
  }
}

const left = ({ news }: Witness) => news.filter((line) => line.startsWith("left"));

Deno.test("a worker is at every coordinator that is named, as one process, and carries out what each asks for", async () => {
  await using world = new World();
  const [a, b] = [world.coordinator("10.0.0.1:1"), world.coordinator("10.0.0.2:2")];
  await world.start("https://10.0.0.1:1,https://10.0.0.2:2");
  assert.deepEqual(world.links.count, { known: 2, connected: 2 });
  const [one, two] = [await a.worker(), await b.worker()];
  assert.equal(one.hello.incarnation, two.hello.incarnation);
  const answers = await Promise.all([
    one.run(aTask({ id: "same" }), { signal: never }),
    two.run(aTask({ id: "same" }), { signal: never }),
  ]);
  assert.deepEqual(answers.map(({ ok }) => ok), [true, true]);
  assert.equal(world.executor.tasks.length, 2, "ids of one coordinator are none of the other's");
  await world.pass(3_600_000);
  assert.deepEqual([a.joinedWorkers.length, b.joinedWorkers.length], [1, 1], "both have signs of life");
  const text = await world.metrics.text();
  assert.match(text, /^worker_connected 1$/m);
  assert.match(text, /^worker_coordinators\{state="connected"\} 2$/m);
  world.stop.abort();
  await world.pass(0);
  assert.deepEqual([left(a), left(b)], [["left w1: it was stopped"], ["left w1: it was stopped"]]);
});

Deno.test("each address of a name is another coordinator; such as come are dialled, such as are gone are let go", async () => {
  await using world = new World();
  const targets = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
  const [a, b, c] = targets.map((ip) => world.coordinator(`${ip}:50050`)) as [Witness, Witness, Witness];
  world.names.set("workers.example", targets.slice(0, 2));
  await world.start("https://workers.example");
  assert.deepEqual([a, b, c].map(({ joinedWorkers }) => joinedWorkers.length), [1, 1, 0]);
  world.names.set("workers.example", targets.slice(1));
  await world.pass(30_000);
  assert.deepEqual([a, b, c].map(({ joinedWorkers }) => joinedWorkers.length), [1, 1, 1]);
  assert.deepEqual(world.links.count, { known: 3, connected: 3 });
  // Out of the name, and connected: it finishes what it has.
  assert.deepEqual(left(a), []);
  world.cut("10.0.0.1:50050");
  await world.pass(5_000);
  assert.deepEqual(world.links.count, { known: 2, connected: 2 });
  assert.deepEqual(left(a), [], "no farewell: the worker goes on");
});

Deno.test("where a coordinator is lost, names are looked up at once and often", async () => {
  await using world = new World();
  world.coordinator("10.0.0.1:50050");
  const fresh = world.coordinator("10.0.0.9:50050");
  world.names.set("workers.example", ["10.0.0.1"]);
  await world.start("https://workers.example");
  await world.pass(1_000);
  world.cut("10.0.0.1:50050");
  await world.pass(0);
  world.names.set("workers.example", ["10.0.0.9"]);
  await world.pass(3_000);
  assert.equal(fresh.joinedWorkers.length, 1);
  assert.deepEqual(world.links.count, { known: 1, connected: 1 });
});

Deno.test("one coordinator is enough to be connected; another that is away is tried on and on", async () => {
  await using world = new World();
  world.coordinator("10.0.0.1:1");
  await world.start("https://10.0.0.1:1,https://10.0.0.2:2");
  assert.equal(world.links.isConnected, true);
  assert.deepEqual(world.links.count, { known: 2, connected: 1 });
  world.cut("10.0.0.1:1");
  await world.pass(0);
  assert.equal(world.links.isConnected, false);
  assert.match(await world.metrics.text(), /^worker_connected 0$/m);
  world.cut("10.0.0.1:1", false);
  await world.pass(20_000);
  assert.deepEqual(world.links.count, { known: 2, connected: 1 });
});

Deno.test("several addresses of one coordinator are one link, which goes by another where one is away", async () => {
  await using world = new World();
  const only = world.coordinator("10.0.0.1:50050", "[fd00::1]:50050");
  world.names.set("dual.example", ["fd00::1", "10.0.0.1"]);
  await world.start("https://dual.example");
  await world.pass(60_000);
  assert.deepEqual(world.links.count, { known: 1, connected: 1 });
  const worker = await only.worker();
  assert.equal(worker.isConnected, true);
  // Something runs there, and is not done twice.
  const hold = world.executor.hold("echo");
  const task = worker.run(aTask(), { signal: never });
  const { release } = await hold;
  world.cut("10.0.0.1:50050");
  await world.pass(20_000);
  assert.equal(worker.isConnected, true, "by the other address");
  release({ ok: true, output: { message: "hello" } });
  assert.equal((await task).ok, true);
  assert.equal(world.executor.tasks.length, 1);
  assert.deepEqual([only.joinedWorkers.length, left(only)], [1, []]);
});

Deno.test("a name that cannot be looked up any more costs no link, and one that never could is dialled itself", async () => {
  await using world = new World();
  world.coordinator("10.0.0.1:50050");
  const named = world.coordinator("other.example:50050");
  world.names.set("workers.example", ["10.0.0.1"]);
  world.names.set("other.example", new Error("no such name"));
  await world.start("https://workers.example,https://other.example");
  assert.equal(named.joinedWorkers.length, 1);
  world.names.set("workers.example", new Error("the resolver is away"));
  await world.pass(120_000);
  assert.deepEqual(world.links.count, { known: 2, connected: 2 });
  assert.deepEqual(world.dialled, ["10.0.0.1:50050", "other.example:50050"].toSorted());
  // By its address it is the same coordinator.
  world.hubs.set("10.0.0.5:50050", world.hubs.get("other.example:50050")!);
  world.names.set("other.example", ["10.0.0.5"]);
  await world.pass(30_000);
  assert.deepEqual(world.links.count, { known: 2, connected: 2 });
  assert.equal(named.joinedWorkers.length, 1);
});

Deno.test("it drains at all of them, and leaves all of them when the last has what it asked for", async () => {
  await using world = new World();
  const [a, b] = [world.coordinator("10.0.0.1:1"), world.coordinator("10.0.0.2:2")];
  await world.start("https://10.0.0.1:1,https://10.0.0.2:2,https://10.0.0.3:3");
  const hold = world.executor.hold("echo");
  const task = (await b.worker()).run(aTask(), { signal: never });
  const { release } = await hold;
  world.links.drain();
  world.links.drain();
  await world.pass(10_000);
  assert.deepEqual([a, b].map(({ joinedWorkers }) => joinedWorkers[0]!.isDraining), [true, true]);
  assert.deepEqual([left(a), left(b)], [[], []]);
  release({ ok: true, output: { message: "hello" } });
  assert.equal((await task).ok, true);
  await world.pass(3_000);
  await world.running;
  const farewell = ["left w1: it has finished, and was stopped"];
  assert.deepEqual([left(a), left(b)], [farewell, farewell]);
});

Deno.test("it drains no longer than it may, and at once where it never came anywhere", async () => {
  await using world = new World();
  const a = world.coordinator("10.0.0.1:1");
  await world.start("https://10.0.0.1:1", { drainMs: 5_000 });
  const hold = world.executor.hold("echo");
  const task = (await a.worker()).run(aTask(), { signal: never });
  await hold;
  const failed = assert.rejects(task, { name: "WorkerLostError" });
  world.links.drain();
  await world.pass(5_000);
  await world.running;
  assert.deepEqual(left(a).length, 1);
  await failed;
  await using other = new World();
  await other.start("https://10.0.0.9:9");
  other.links.drain();
  await other.pass(3_000);
  await other.running;
});

Deno.test("one that refuses the worker is asked again while others take it; where all refuse, it ends", async () => {
  await using world = new World();
  const refusal = new WireError("unauthenticated", "the token is not good");
  world.coordinator("10.0.0.1:1");
  const b = world.coordinator("10.0.0.2:2");
  world.refusals.set("10.0.0.2:2", refusal);
  await world.start("https://10.0.0.1:1,https://10.0.0.2:2");
  assert.deepEqual(world.links.count, { known: 2, connected: 1 });
  world.refusals.clear();
  await world.pass(60_000);
  assert.deepEqual(world.links.count, { known: 2, connected: 2 });
  assert.equal(b.joinedWorkers.length, 1);
  await using other = new World();
  for (const target of ["10.0.0.1:1", "10.0.0.2:2"]) {
    other.coordinator(target);
    other.refusals.set(target, refusal);
  }
  await other.start("https://10.0.0.1:1,https://10.0.0.2:2");
  await assert.rejects(other.running, { code: "unauthenticated" });
});

Deno.test("another process of its name anywhere ends it everywhere", async () => {
  await using world = new World();
  const [a, b] = [world.coordinator("10.0.0.1:1"), world.coordinator("10.0.0.2:2")];
  await world.start("https://10.0.0.1:1,https://10.0.0.2:2");
  world.hubs.get("10.0.0.1:1")!.hub.register("w1", mockHello(), world.executor.load());
  await world.pass(60_000);
  await assert.rejects(world.running, { code: "superseded" });
  assert.deepEqual(left(b).length, 1);
  assert.deepEqual(a.joinedWorkers.length, 2);
});

Deno.test("a coordinator that was started again gets the worker anew, and the others notice nothing", async () => {
  await using world = new World();
  world.coordinator("10.0.0.1:1");
  const b = world.coordinator("10.0.0.2:2");
  await world.start("https://10.0.0.1:1,https://10.0.0.2:2");
  const hold = world.executor.hold("echo");
  const task = (await b.worker()).run(aTask(), { signal: never });
  const { release, signal } = await hold;
  world.cut("10.0.0.1:1");
  // The same address, another process.
  const again = world.coordinator("10.0.0.1:1");
  for (const door of world.doors) {
    if ((door as unknown as { target: string }).target !== "10.0.0.1:1") continue;
    Object.assign(door, { hub: world.hubs.get("10.0.0.1:1")!.hub });
  }
  world.cut("10.0.0.1:1", false);
  await world.pass(15_000);
  assert.equal(again.joinedWorkers.length, 1);
  assert.deepEqual(world.links.count, { known: 2, connected: 2 });
  assert.equal(signal.aborted, false);
  release({ ok: true, output: { message: "hello" } });
  assert.equal((await task).ok, true);
});

Deno.test("wrong addresses are told before anything is begun", () => {
  const world = new World();
  const make = (urls: string) => () =>
    createWorkerLinks({
      urls,
      token: () => () => "",
      hello: world.hello,
      executor: world.executor,
      log: silentLogger,
    });
  assert.throws(make("https://a.example,ftp://b"), { code: "invalid" });
  assert.throws(make("http://a.example"), { code: "invalid", message: /plain text/ });
});
