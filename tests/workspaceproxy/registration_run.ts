/**
 * A random life of one workspace proxy's registration, at two fake Coders: users and administrators do what they like,
 * processes crash at any step, answers get lost. What must never happen is watched all the time, and in the end, when
 * the troubles are over, all must be as the spec says.
 */
import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import type { WantedRegistration } from "../../src/workspaceproxy/registration/decide.ts";
import { proxyCalls, type TokenView } from "../../src/workspaceproxy/registration/ports.ts";
import { isSamePlace, type RegistrationRecord } from "../../src/workspaceproxy/registration/record.ts";
import { removeRegistrations } from "../../src/workspaceproxy/registration/remove.ts";
import {
  type RegistrationMemory,
  settle,
  type Settled,
} from "../../src/workspaceproxy/registration/settle.ts";
import { FakeWorld, type Operation, place, UID } from "../../src/workspaceproxy/registration/testing.ts";
import { type ClientRig, startClientRig } from "../fake-coder/client_rig.ts";
import { fakeLicense, type FaultAction, htmlPage, refuse, tooManyRequests } from "../fake-coder/mod.ts";
import type { FakeProxy } from "../fake-coder/state.ts";

/** What a run did, for reports. */
export interface RunFigures {
  passes: number;
  crashes: number;
  failures: number;
  regenerated: number;
  registered: number;
  requests: number;
}

/** The process ends here. */
class Crash extends Error {}

/** Coders by the addresses that lead to them; two lead to the first one. */
const ADDRESSES = ["http://a", "http://a-too", "http://b"] as const;
const NAMES = ["paris", "lyon", "Nice"] as const;
const ICONS = ["", "/emojis/1f5fc.png", "/own.svg#logo"] as const;
const WORDS = ["", "Paris", "By the Seine"] as const;

const FAULTS: readonly (() => FaultAction)[] = [
  () => ({ do: "loseAnswer" }),
  () => ({ do: "dropRequest" }),
  () => ({ do: "truncate" }),
  () => ({ do: "answer", reply: refuse(500, "An internal server error occurred.") }),
  () => ({
    do: "answer",
    reply: refuse(404, "Resource not found or you do not have access to this resource"),
  }),
  () => ({ do: "answer", reply: refuse(409, "Conflict.") }),
  () => ({ do: "answer", reply: refuse(401, "You are signed out.") }),
  () => htmlPage(502, "Bad Gateway"),
  () => tooManyRequests(0),
];

class Run {
  readonly world = new FakeWorld();
  readonly figures: RunFigures = {
    passes: 0,
    crashes: 0,
    failures: 0,
    regenerated: 0,
    registered: 0,
    requests: 0,
  };
  wanted: WantedRegistration | undefined;
  /** Proxies that are somebody else's, by id. */
  readonly foreign = new Map<string, FakeProxy>();
  memory: RegistrationMemory = {};
  rolledOut = true;
  /** Of the trouble in the present pass. */
  #crashAt: { left: number; phase: "before" | "after" } | undefined;
  #clock = Date.parse("2026-01-01T00:00:00Z");
  /** The record before the last change of it: what a cache may still show. */
  #older: RegistrationRecord = {};
  #isStale = false;
  readonly #tokens: string[] = [];

  constructor(readonly seed: number, readonly random: () => number, readonly coders: readonly ClientRig[]) {
    this.wanted = this.#randomWanted();
    for (const address of ADDRESSES) {
      this.world.ways.set(address, { way: "open", calls: proxyCalls(this.coderAt(address).client) });
    }
    this.world.hook = (operation, phase, details) => this.#watch(operation, phase, details);
    const { save, readToken } = this.world;
    this.world.save = async (record) => {
      // As the API server does where somebody has written since.
      if (this.#isStale) throw new Error("the object has been modified");
      const before = this.world.record;
      this.#mayTake(record);
      await save.call(this.world, record);
      this.#older = before;
    };
    this.world.readToken = async () =>
      this.wanted === undefined ? { state: "missing" } : await readToken.call(this.world);
  }

  get now(): Date {
    return new Date(this.#clock);
  }

  coderAt(address: string): ClientRig {
    return this.coders[address === "http://b" ? 1 : 0]!;
  }

  /** Everything that is ours at one Coder, as its database has it. */
  ours(coder: ClientRig): FakeProxy[] {
    return coder.fake.state.proxies.filter(({ deleted, id }) => !deleted && !this.foreign.has(id));
  }

  must(right: boolean, what: string): asserts right {
    assert.ok(right, `seed ${this.seed}, pass ${this.figures.passes}: ${what}`);
  }

  #randomWanted(): WantedRegistration {
    const { random } = this;
    const tokenSecretRef = { name: pick(random, ["admin", "other-admin"]), key: "token" };
    return {
      name: pick(random, NAMES),
      displayName: pick(random, WORDS),
      icon: pick(random, ICONS),
      place: place(pick(random, ADDRESSES), { tokenSecretRef }),
      adopt: random() < 0.2,
    };
  }

  /** Looks over the operator's shoulder, and ends its process. */
  #watch(operation: Operation, phase: "before" | "after", details: unknown): void {
    const { record, secret } = this.world;
    if (phase === "before" && operation === "create") {
      const { name } = details as { name: string };
      this.must(
        record.registrationIntent?.name === name,
        `${name} is registered, and no intent is on record`,
      );
    }
    if (phase === "before" && operation === "update") this.#mayChange(details as { id: string }, secret);
    if (phase === "before" && operation === "delete") {
      const id = details as string;
      this.must(!this.foreign.has(id), "somebody else's proxy is deleted");
      this.must(
        id !== record.registration?.id || this.world.isDeleting,
        "the present registration is deleted",
      );
    }
    if (phase === "after" && operation === "create") this.figures.registered++;
    const crash = this.#crashAt;
    if (crash?.phase === phase && --crash.left < 0) {
      this.#crashAt = undefined;
      this.figures.crashes++;
      throw new Crash(`crash ${phase} ${operation}`);
    }
  }

  #mayChange({ id, regenerateToken }: { id: string; regenerateToken?: boolean }, secret: TokenView): void {
    const live = this.coders.flatMap(({ fake }) => fake.state.proxies).find((proxy) => proxy.id === id);
    this.must(live !== undefined, "an unknown proxy is changed");
    this.must(!this.foreign.has(id), "somebody else's proxy is changed");
    if (regenerateToken !== true) return;
    this.figures.regenerated++;
    this.must(
      secret.state !== "held" || secret.token !== live.token,
      "a token that is good and in the Secret is made anew",
    );
  }

  /** The user's word lets a proxy be taken; from then on it is ours. */
  #mayTake({ registration }: RegistrationRecord): void {
    const theirs = this.foreign.get(registration?.id ?? "");
    if (theirs === undefined) return;
    const { adopt = false, name = "" } = this.wanted ?? {};
    this.must(adopt && theirs.name.toLowerCase() === name.toLowerCase(), "somebody else's proxy is taken");
    this.foreign.delete(theirs.id);
  }

  /** What users, administrators and the weather do between two passes. */
  disturb(): void {
    const { random, world } = this;
    this.#clock += below(random, 60_000);
    if (random() < 0.3) this.#restore();
    const coder = pick(random, this.coders);
    const mine = pick(random, [undefined, ...this.ours(coder)]);
    const change = (fields: Partial<WantedRegistration>) => {
      this.wanted = { ...this.wanted ?? this.#randomWanted(), ...fields };
    };
    const deeds: (() => void)[] = [
      () => change({ displayName: pick(random, WORDS) }),
      () => change({ icon: pick(random, ICONS) }),
      () => change({ name: pick(random, NAMES), adopt: random() < 0.3 }),
      () => change({ place: this.#randomWanted().place }),
      () => this.wanted = random() < 0.5 ? undefined : this.#randomWanted(),
      () => world.secret = { state: "missing" },
      () => world.secret = { state: "held", token: pick(random, ["garbage", "a:b", ...this.#tokens]) },
      () => mine !== undefined && (mine.deleted = true),
      () => mine !== undefined && !this.#isTaken(coder, "by-hand") && (mine.name = "by-hand"),
      // Not in the moment between its making and the next look: then it could not be known again.
      () =>
        mine?.icon_url.includes("coder-k8s-") === false &&
        Object.assign(mine, { display_name: "By hand", icon_url: "/hand.png" }),
      // A proxy whose token is no good any more is not well for long.
      () =>
        mine !== undefined &&
        Object.assign(mine, { token: `${mine.id}:${"0".repeat(64)}`, status: "unreachable" }),
      () => mine !== undefined && (mine.status = pick(random, ["ok", "unreachable", "unregistered"])),
      () => this.#addForeign(coder, pick(random, NAMES)),
      () => this.#dropForeign(),
      () => coder.fake.state.licenses.length = 0,
      () => this.#license(coder),
      () => coder.fake.settings.databaseAway = random() < 0.5,
      () => this.rolledOut = random() < 0.7,
      () => this.memory = {},
    ];
    pick(random, deeds)();
  }

  #isTaken(coder: ClientRig, name: string): boolean {
    const lower = name.toLowerCase();
    return coder.fake.state.proxies.some((proxy) => !proxy.deleted && proxy.name.toLowerCase() === lower);
  }

  #addForeign(coder: ClientRig, name: string): void {
    if (this.#isTaken(coder, name)) return;
    const id = crypto.randomUUID();
    const time = this.now.toISOString();
    const proxy: FakeProxy = {
      id,
      name,
      display_name: "Theirs",
      icon_url: "/theirs.png",
      deleted: false,
      created_at: time,
      updated_at: time,
      status: "ok",
      token: `${id}:${"f".repeat(64)}`,
    };
    coder.fake.state.proxies.push(proxy);
    this.foreign.set(id, proxy);
  }

  #dropForeign(): void {
    const [first] = this.foreign.values();
    if (first === undefined) return;
    first.deleted = true;
    this.foreign.delete(first.id);
  }

  #restore(): void {
    for (const coder of this.coders) {
      coder.fake.settings.databaseAway = false;
      this.#license(coder);
    }
  }

  #license(coder: ClientRig): void {
    const { licenses } = coder.fake.state;
    const { exp } = { exp: Math.floor(Date.now() / 1_000) + 1e6 };
    if (licenses.length > 0) return;
    const claims = JSON.parse(atob(fakeLicense().split(".")[1] ?? "")) as Record<string, unknown>;
    const time = this.now.toISOString();
    licenses.push({
      id: 1,
      uuid: crypto.randomUUID(),
      uploaded_at: time,
      claims: { ...claims, exp },
      jwt: "x",
    });
  }

  /** Some trouble for the next pass. */
  trouble(): void {
    const { random } = this;
    if (random() < 0.4) {
      this.#crashAt = { left: below(random, 12), phase: pick(random, ["before", "after"]) };
    }
    for (let i = random() < 0.4 ? 1 + below(random, 3) : 0; i > 0; i--) {
      const method = pick(random, ["GET", "POST", "PATCH", "DELETE"]);
      const fault = { method, skip: below(random, 3), action: pick(random, FAULTS)() };
      pick(random, this.coders).fake.faults.add(fault);
    }
    this.#isStale = random() < 0.1;
  }

  calm(): void {
    this.#crashAt = undefined;
    this.#isStale = false;
    for (const { fake } of this.coders) fake.faults.clear();
  }

  /** One pass of the operator. Undefined where it did not come to its end. */
  async pass(): Promise<Settled | undefined> {
    this.figures.passes++;
    const { world, wanted, memory, rolledOut } = this;
    const record = this.#isStale ? this.#older : world.record;
    try {
      const input = { uid: UID, wanted, record, rolledOut, memory };
      const now = () => this.now;
      const settled = await settle(input, world, { signal: new AbortController().signal, now });
      this.#check(settled);
      return settled;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      if (error instanceof Crash) this.memory = {};
      else this.figures.failures++;
      return undefined;
    } finally {
      if (this.world.secret.state === "held") this.#tokens.push(this.world.secret.token);
    }
  }

  /** After a pass that came to its end. */
  #check({ proxy, record, leftovers }: Settled): void {
    const { wanted, world } = this;
    this.must(record.registrationIntent === undefined, "it rests with an intent on record");
    if (wanted === undefined) {
      this.must(record.registration === undefined, "a registration is left on record that nobody wants");
      return;
    }
    const { registration } = record;
    this.must(registration !== undefined && proxy !== undefined, "it rests without a registration");
    const live = this.coderAt(wanted.place.coderURL).fake.state.proxies.find(({ id }) =>
      id === registration.id
    );
    this.must(live !== undefined && !live.deleted, "the registration is not at the wanted Coder");
    this.must(isSamePlace(registration, wanted.place), "the record names another place");
    this.must(
      world.secret.state === "held" && world.secret.token === live.token,
      "the Secret's token is not good",
    );
    this.must(live.name === wanted.name && registration.name === wanted.name, `it is called ${live.name}`);
    this.must(!live.icon_url.includes("coder-k8s-"), "the mark is left");
    this.must(wanted.displayName === "" || live.display_name === wanted.displayName, "another display name");
    this.must(wanted.icon === "" || live.icon_url === wanted.icon, "another icon");
    this.must(
      !this.rolledOut || record.formerRegistrations?.length === leftovers.length || leftovers.length === 0,
      "former registrations are forgotten",
    );
  }

  /** The troubles are over: it must come to rest, with one registration and nothing else of ours. */
  async end(): Promise<void> {
    this.calm();
    this.#restore();
    this.rolledOut = true;
    if (this.wanted !== undefined) {
      // Nobody else has this name.
      this.wanted = { ...this.wanted, name: "the-end", adopt: false };
    }
    let rests = 0;
    for (let i = 0; i < 12 && rests < 2; i++) {
      this.#clock += 60_000;
      const settled = await this.pass();
      rests = settled !== undefined && settled.leftovers.length === 0 ? rests + 1 : 0;
    }
    this.must(rests === 2, "it does not come to rest");
    const here = this.wanted === undefined ? undefined : this.coderAt(this.wanted.place.coderURL);
    for (const coder of this.coders) {
      const count = this.ours(coder).length;
      this.must(count === (coder === here ? 1 : 0), `${count} proxies of ours at ${coder.fake.url}`);
    }
    this.must(this.world.record.formerRegistrations === undefined, "former registrations are on record");
    for (const theirs of this.foreign.values()) {
      const { display_name, icon_url, token, id } = theirs;
      const expected = ["Theirs", "/theirs.png", `${id}:${"f".repeat(64)}`];
      assert.deepEqual([display_name, icon_url, token], expected, `seed ${this.seed}: a proxy of others`);
    }
  }

  /** The resource is deleted, with troubles first. */
  async remove(): Promise<void> {
    const { world } = this;
    const since = this.now;
    world.isDeleting = true;
    for (let i = 0;; i++) {
      if (i < 3) this.trouble();
      else this.calm();
      this.#clock += 30_000;
      const input = { uid: UID, record: world.record, since, now: this.now };
      try {
        const outcome = await removeRegistrations(input, world, new AbortController().signal);
        world.record = outcome.record;
        if (outcome.done) break;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      this.must(i < 10, "the removal does not come to its end");
    }
    for (const coder of this.coders) {
      this.must(this.ours(coder).length === 0, "a registration is left behind");
    }
  }
}

/** One life. Throws an `AssertionError` that names the seed. */
export async function registrationRun(seed: number, passes: number): Promise<RunFigures> {
  const random = seededRandom(seed);
  const options = { rateLimit: -1, budget: { perMinute: 1e9, burst: 1e9 } };
  const coders = [await startClientRig(options), await startClientRig(options)];
  try {
    for (const coder of coders) await coder.client.licenses.add(fakeLicense());
    const run = new Run(seed, random, coders);
    for (let i = 0; i < passes; i++) {
      for (let deeds = below(random, 3); deeds > 0; deeds--) run.disturb();
      run.calm();
      if (random() < 0.7) run.trouble();
      await run.pass();
    }
    await run.end();
    await run.remove();
    run.figures.requests = coders.reduce((sum, { fake }) => sum + fake.requests.length, 0);
    return run.figures;
  } finally {
    for (const coder of coders) await coder[Symbol.asyncDispose]();
  }
}
