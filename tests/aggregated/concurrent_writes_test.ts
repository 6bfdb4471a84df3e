/**
 * Random writes of several writers through two replicas, to a Coder and a cluster that refuse, and lose requests and
 * answers: what was accepted is in Coder once, what was refused is not. `CODER_K8S_TEST_WRITES` says how many writes
 * there are at least, `CODER_K8S_TEST_SEED` begins with one seed.
 */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { systemClock } from "../../src/kube/clock.ts";
import { isUnderWay } from "../../src/inventory/mod.ts";
import { lostAnswer } from "../../src/shadow/testing.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { refuse } from "../fake-coder/reply.ts";
import { startWriteRig, type Told, type WriteReplica, type WriteRig } from "./write_rig.ts";

const WRITERS = 8;
const WRITES_A_ROUND = 100;
const WRITES = Number(Deno.env.get("CODER_K8S_TEST_WRITES") ?? "300");
const FIRST_SEED = Number(Deno.env.get("CODER_K8S_TEST_SEED") ?? "7100");

/** What a writer has asked for, and what it was told. */
interface Deed {
  readonly verb: string;
  readonly name: string;
  /** Of the workspace that it was for, or made. */
  readonly uid: string;
  /** Marks that this deed alone leaves. */
  readonly annotation?: string;
  readonly ttlMs?: number;
  readonly code: number;
  /** Of a refusal. */
  readonly message?: string;
}

const isAccepted = ({ code }: Deed) => code < 300;
/** Whether it is known that it was not done. */
const isRefused = ({ code }: Deed) => code >= 400 && code < 500;

for (let round = 0; round < Math.ceil(WRITES / WRITES_A_ROUND); round++) {
  const seed = FIRST_SEED + round;
  Deno.test(`what was accepted is in Coder once, and what was refused is not, by chance of ${seed}`, async () => {
    await using rig = await startWriteRig({
      replicas: 2,
      // Calls are made again at once.
      keepingClock: { ...systemClock, sleep: () => setImmediate() },
    });
    await new Round(rig, seed).run();
  });
}

class Round {
  readonly #rig: WriteRig;
  readonly #random: () => number;
  readonly #deeds: Deed[] = [];
  #isOver = false;
  #count = 0;

  constructor(rig: WriteRig, seed: number) {
    this.#rig = rig;
    this.#random = seededRandom(seed);
  }

  async run(): Promise<void> {
    const { coder, cluster } = this.#rig;
    coder.pause = () => this.#someTime();
    coder.fault = (method) =>
      this.#chance(method === "GET" ? 0.01 : 0.08) ? this.#fault(method === "GET") : undefined;
    cluster.before = cluster.after = async () => {
      await this.#someTime();
      if (this.#chance(0.02)) throw lostAnswer();
    };
    const life = this.#live();
    await Promise.all(Array.from({ length: WRITERS }, () => this.#write()));
    coder.fault = () => undefined;
    cluster.before = cluster.after = undefined;
    this.#isOver = true;
    await life;
    await this.#settle();
    this.#check();
  }

  /** What is kept is gone on with, and every build comes to its end. */
  async #settle(): Promise<void> {
    const { coder, replicas } = this.#rig;
    for (let turn = 0; turn < 10; turn++) {
      // Longer than an answer that was lost is waited for.
      await this.#rig.pass(turn === 0 ? 35_000 : 5_000);
      const isActive = coder.state.workspaces.some((row) =>
        isUnderWay(coder.shown(String(row["id"])).split(" ")[1]!)
      );
      const wishes = await replicas[0]!.keeping.wishes.list(coder.signal);
      if (!isActive && wishes.length === 0 && turn > 1) break;
      this.#endBuilds(0);
    }
    // After a failure, Coder is left alone for a while.
    const end = coder.now + this.#rig.clock.now();
    const hasHeard = ({ backend }: WriteReplica) => (backend.copy.state("workspaces").completeAt ?? 0) > end;
    for (let turn = 0; turn < 20 && !replicas.every(hasHeard); turn++) await this.#rig.pass();
  }

  /** Builds end, and the replicas hear of it, as long as there are writers. */
  async #live(): Promise<void> {
    while (!this.#isOver) {
      // No call takes as long as answers are waited for.
      await this.#rig.clock.advance(50);
      if (this.#chance(0.1)) this.#endBuilds(0.1);
      await setImmediate();
    }
  }

  #endBuilds(failing: number): void {
    const { coder } = this.#rig;
    for (const row of [...coder.state.workspaces]) {
      coder.end(String(row["id"]), this.#chance(failing) ? "no" : undefined);
    }
  }

  async #write(): Promise<void> {
    while (this.#count < WRITES_A_ROUND) {
      const number = this.#count++;
      const replica = pick(this.#random, this.#rig.replicas as WriteReplica[]);
      this.#deeds.push(await this.#deed(number, replica));
    }
  }

  async #deed(number: number, replica: WriteReplica): Promise<Deed> {
    const known = replica.resources.workspaces.collection.list().items;
    const roll = this.#random();
    if (known.length === 0 || roll < 0.1) {
      return await this.#create(number, replica, `coder.admin.n${number}`);
    }
    // Several writers may want the same one.
    if (roll < 0.2) return await this.#create(number, replica, `coder.admin.s${below(this.#random, 3)}`);
    const { metadata: { name = "", uid = "" } } = pick(this.#random, known);
    const annotation = `example.com/w${number}`;
    const ttlMs = (number + 1) * 60_000;
    const marks = { annotations: { [annotation]: "here" } };
    const deed = async (verb: string, told: Promise<Told>, left: Partial<Deed> = {}): Promise<Deed> => {
      const { code, body } = await told;
      return { verb, name, uid, ...left, code, ...(code < 300 ? {} : { message: body.message }) };
    };
    if (roll < 0.4) {
      const body = { metadata: { ...marks, uid } };
      return await deed("annotate", replica.ask("patch", { name, body }), { annotation });
    }
    if (roll < 0.6) {
      const body = { metadata: { ...marks, uid }, spec: { ttlMillis: ttlMs } };
      return await deed("patch", replica.ask("patch", { name, body }), { annotation, ttlMs });
    }
    if (roll < 0.7) {
      const object = replica.get(name);
      const { metadata, spec } = object ?? { metadata: { name }, spec: {} };
      const annotations = { ...metadata.annotations, [annotation]: "here" };
      const body = { ...object, metadata: { ...metadata, annotations }, spec: { ...spec, ttlMillis: ttlMs } };
      return await deed("put", replica.ask("update", { name, body }), { annotation, ttlMs });
    }
    if (roll < 0.8) {
      const body = {
        apiVersion: "aggregation.coder.com/v1alpha1",
        kind: "CoderWorkspace",
        metadata: { name, uid, ...marks },
      };
      const query = `fieldManager=m${number}&force=true`;
      const contentType = "application/apply-patch+yaml";
      return await deed("apply", replica.ask("patch", { name, body, query, contentType }), { annotation });
    }
    if (roll < 0.95) {
      const body = { spec: { running: this.#chance(0.5) } };
      return await deed("run", replica.ask("patch", { name, body }));
    }
    const body = { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid } };
    return await deed("delete", replica.ask("delete", { name, body }));
  }

  async #create(number: number, replica: WriteReplica, name: string): Promise<Deed> {
    const annotation = `example.com/w${number}`;
    const { code, body } = await replica.ask("create", {
      name: "",
      body: {
        apiVersion: "aggregation.coder.com/v1alpha1",
        kind: "CoderWorkspace",
        metadata: { name, annotations: { [annotation]: "here" } },
        spec: { templateName: "docker", running: this.#chance(0.7) },
      },
    });
    return { verb: "create", name, uid: code === 201 ? body.metadata.uid : "", annotation, code };
  }

  #check(): void {
    const { coder, audit, replicas } = this.#rig;
    assert.deepEqual(coder.violations, []);
    const accepted = this.#deeds.filter(isAccepted).length;
    assert.ok(accepted > WRITES_A_ROUND / 3, `${accepted} were accepted`);
    assert.ok(audit.length > 0);
    this.#checkCreations();
    for (const deed of this.#deeds) this.#checkMarks(deed);
    for (const row of coder.state.workspaces) this.#checkBuilds(String(row["id"]));
    const [one, other] = replicas.map((replica) =>
      replica.resources.workspaces.collection.list().items.map(({ metadata, spec }) => {
        const { resourceVersion: _, ...rest } = metadata;
        return { metadata: rest, spec };
      })
    );
    assert.deepEqual(one, other);
  }

  /** Each one that was accepted is a workspace of its own; where none was, there is none that nobody knows of. */
  #checkCreations(): void {
    const made = this.#rig.coder.carriedOut.filter(({ path, status }) =>
      path.endsWith("/workspaces") && status === 201
    );
    const creations = this.#deeds.filter(({ verb }) => verb === "create");
    for (const [name, deeds] of Map.groupBy(creations, (deed) => deed.name)) {
      const plain = name.split(".").at(-1);
      const count = made.filter(({ body }) => JSON.parse(body).name === plain).length;
      const [most, least] = [
        deeds.filter((deed) => !isRefused(deed)).length,
        deeds.filter(isAccepted).length,
      ];
      assert.ok(count >= least && count <= most, `${name}: ${count} were made, of ${least} to ${most}`);
    }
    const uids = creations.filter(isAccepted).map(({ uid }) => uid);
    assert.equal(new Set(uids).size, uids.length);
  }

  #checkMarks(deed: Deed): void {
    const { coder, replicas } = this.#rig;
    const { uid, annotation, ttlMs, name, code, verb, message = "" } = deed;
    const what = `${verb} of ${name} (${annotation}), answered with ${code} ${message}`;
    if (ttlMs !== undefined) {
      const times = coder.carriedOut.filter(({ path, body, status }) =>
        path.endsWith("/ttl") && status < 300 && JSON.parse(body).ttl_ms === ttlMs
      ).length;
      if (isAccepted(deed)) {
        assert.equal(times, 1, `${what}: its ttl was set ${times} times`);
      }
      if (isRefused(deed)) {
        assert.equal(times, 0, `${what}: its ttl was set`);
      }
    }
    const object = replicas[0]!.resources.workspaces.collection.list().items
      .find(({ metadata }) => metadata.uid === uid || uid === "" && metadata.name === name);
    if (annotation === undefined || object === undefined) return;
    const isThere = object.metadata.annotations?.[annotation] === "here";
    if (isAccepted(deed)) assert.ok(isThere, `${what}: its annotation is lost`);
    if (isRefused(deed)) assert.ok(!isThere, `${what}: its annotation is there`);
  }

  /** No build begins what the one before has done already, and nothing comes after a deletion. */
  #checkBuilds(id: string): void {
    const { coder } = this.#rig;
    const builds = coder.built.filter(({ workspace }) => workspace === id);
    const failed = coder.failed.get(id) ?? new Set();
    const words = builds.map(({ transition, number }) =>
      `${transition}${failed.has(number) ? " (failed)" : ""}`
    );
    builds.forEach(({ transition }, index) => {
      const before = builds[index - 1];
      if (before === undefined || failed.has(before.number)) return;
      assert.notEqual(
        before.transition,
        transition,
        `${id}: ${words.join(", ")}: ${index + 1} does what is done`,
      );
      assert.notEqual(before.transition, "delete", `${id}: ${words.join(", ")}: ${index + 1} comes too late`);
    });
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  async #someTime(): Promise<void> {
    for (let turns = below(this.#random, 3); turns > 0; turns--) await setImmediate();
  }

  #fault(isRead: boolean) {
    return pick(this.#random, [
      "refused" as const,
      "lost" as const,
      refuse(502, "Bad gateway."),
      ...(isRead ? [] : this.#refusals()),
    ]);
  }

  #refusals() {
    return [
      "dropped" as const,
      "lost" as const,
      refuse(409, "A workspace build is already active."),
      refuse(406, "The provided template version is running. Wait for it to complete importing!"),
      refuse(412, "Precondition failed."),
    ];
  }
}
