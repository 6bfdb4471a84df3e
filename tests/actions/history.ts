/**
 * Random histories of one workspace: people wish this and that at two replicas, answers are lost, builds fail, replicas
 * die in the midst of a call. Nothing may be done twice, and in the end it is as it was last wished.
 */
import type { WorkspaceChange } from "../../src/actions/mod.ts";
import { SENT_MS } from "../../src/actions/mod.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { isActive } from "../fake-coder/life.ts";
import { addVersion } from "../fake-coder/mod.ts";
import { ActionRig } from "./rig.ts";

type Row = Record<string, unknown>;

export interface HistoryResult {
  readonly seed: number;
  /** What must not happen and did. */
  readonly wrong: readonly string[];
  readonly log: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

/** How it should be; several where nobody can know. */
interface Expected {
  readonly running: boolean;
  readonly version: string;
}

/** Shorter than any build of Terraform. */
const LEAST_BUILD_MS = 500;

class History {
  readonly random;
  readonly rig = new ActionRig();
  readonly log: string[] = [];
  readonly wrong: string[] = [];
  readonly counts: Record<string, number> = {};
  readonly id: string;
  readonly versions: string[];
  /** Whoever waits for a turn, by replica. */
  #queue: { replica: number; go: () => void }[] = [];
  #active = 0;
  /** Numbers that replicas get when they are started anew. */
  #next = 2;
  readonly replicas = [{ number: 0, ...this.rig.replica() }, { number: 1, ...this.rig.replica() }];
  #calls = 0;
  #begunAt = 0;
  /** How often somebody had asked for something when a build began, by its number. */
  readonly #askedBefore = new Map<number, number>();
  #lastNumber = 1;
  faulty = true;
  /** In the order in which they may hold. */
  expected: Expected[];

  constructor(readonly seed: number) {
    this.random = seededRandom(seed);
    const { rig } = this;
    this.versions = [1, 2].map(() => addVersion(rig.state, rig.template, new Uint8Array()));
    this.id = rig.addWorkspace("a", pick(this.random, ["running", "stopped"]));
    const latest = rig.row(this.id)["latest_build"] as Row;
    latest["template_version_id"] = this.versions[0];
    this.expected = [{ running: latest["transition"] === "start", version: this.versions[0]! }];
    rig.fault = (method) => {
      if (method !== "POST" || !this.faulty || below(this.random, 4) !== 0) return undefined;
      const fault = pick(this.random, ["refused", "refused", "dropped", "lost", "lost"] as const);
      this.#note(`answer ${fault}`);
      return fault;
    };
  }

  /** Everything that a replica does takes turns with everything else. */
  #enter(replica: number): void {
    this.rig.pause = () =>
      new Promise((go) => void this.#queue.push({ replica: this.#current ?? replica, go }));
  }
  #current: number | undefined;

  #note(words: string): void {
    this.log.push(`${this.rig.now - START} ${words}`);
    const kind = words.replace(/ .*/, "");
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }

  get latest(): Row {
    return this.rig.row(this.id)["latest_build"] as Row;
  }

  /** One turn of somebody, and time. */
  async turn(): Promise<boolean> {
    this.rig.now += below(this.random, 40);
    const index = below(this.random, this.#queue.length || 1);
    const [one] = this.#queue.splice(index, 1);
    if (one === undefined) return false;
    this.#current = one.replica;
    one.go();
    await new Promise((resolve) => setImmediate(resolve));
    this.#current = undefined;
    this.#see();
    return true;
  }

  /** Notes builds that have begun. */
  #see(): void {
    const number = Number(this.latest["build_number"]);
    if (number === this.#lastNumber) return;
    this.#lastNumber = number;
    this.#begunAt = this.rig.now;
    this.#askedBefore.set(number, this.#calls);
    this.#note(`build ${number} ${this.latest["transition"]}`);
  }

  /** Lets somebody begin something; it goes on by turns. */
  begin<T>(replica: number, run: () => Promise<T>): Promise<T> {
    this.#enter(replica);
    this.#current = replica;
    this.#active++;
    const done = run().finally(() => void this.#active--);
    this.#current = undefined;
    return done;
  }

  get isBusy(): boolean {
    return this.#active > 0 || this.#queue.length > 0;
  }

  async wish(): Promise<void> {
    const change: WorkspaceChange = pick(this.random, [
      { running: true },
      { running: false },
      { running: true },
      { running: false },
      { restart: true },
      { version: pick(this.random, this.versions) },
      { running: below(this.random, 2) === 0, version: pick(this.random, this.versions) },
      { ttlMs: 60_000 * (1 + below(this.random, 9)) },
    ]);
    await this.ask(change);
  }

  /** Somebody asks for something. */
  asks(): number {
    return ++this.#calls;
  }

  /** Asks, and lets time pass until there is an answer; whether it was accepted. */
  async ask(change: WorkspaceChange): Promise<boolean> {
    const replica = pick(this.random, this.replicas);
    const call = this.asks();
    this.#note(`wish ${call} at ${replica.number}: ${JSON.stringify(change)}`);
    let ended: "accepted" | "refused" | undefined;
    this.#isAsking = true;
    const context = { by: "jane", signal: this.rig.signal };
    this.begin(replica.number, () => replica.actions.change(this.id, change, context)).then(
      ({ state }) => {
        ended = "accepted";
        this.#note(`answer to ${call}: ${state}`);
      },
      (error) => {
        ended = "refused";
        this.#note(`answer to ${call}: ${error.message}`);
      },
    );
    for (let turns = 0; ended === undefined; turns++) {
      if (turns > 2_000) throw new Error("no answer");
      await this.turn();
      await this.#life();
      const isGone = !this.replicas.includes(replica);
      if (isGone && ended === undefined) {
        // Nobody knows what became of it.
        this.#active--;
        this.#isAsking = false;
        this.expected = [...this.expected, ...this.expected.map((one) => this.#after(one, change))];
        return false;
      }
    }
    this.#isAsking = false;
    if (ended === "accepted") this.expected = this.expected.map((one) => this.#after(one, change));
    return ended === "accepted";
  }

  #after(one: Expected, { running, restart, version }: WorkspaceChange): Expected {
    return {
      running: running ?? (restart === true ? true : one.running),
      version: version ?? one.version,
    };
  }

  /** What goes on while somebody waits. */
  async #life(): Promise<void> {
    const what = below(this.random, 40);
    if (what < 3) this.endBuild();
    else if (what === 3) this.keep();
    else if (what === 4 && this.faulty && below(this.random, 4) === 0) this.kill();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** In every second history no build fails: then the last wish has to hold. */
  endBuild(failing = this.faulty && this.seed % 2 === 1 && below(this.random, 4) === 0): void {
    if (!isActive(this.latest) || this.rig.now - this.#begunAt < LEAST_BUILD_MS) return;
    this.#note(`build ${this.latest["build_number"]} ends${failing ? " badly" : ""}`);
    this.rig.end(this.id, failing ? "terraform apply: exit status 1" : undefined);
    // The live copy hears of it sooner or later.
    if (below(this.random, 2) === 0) this.rig.copy.delete(this.id);
    if (failing) {
      this.failed = true;
      void this.#mayBeFollowed(Number(this.latest["build_number"]));
    }
  }

  /** Whoever has asked since it began is to have something done after it. */
  async #mayBeFollowed(number: number): Promise<void> {
    if (this.#isAsking) this.#followed.add(number);
    const kept = await this.rig.store.list(this.rig.signal);
    if (kept.some(({ record }) => record.wish.base >= number)) this.#followed.add(number);
  }
  readonly #followed = new Set<number>();
  #isAsking = false;
  failed = false;

  /** Whoever is alive looks at what is kept. */
  keep(): void {
    const replica = pick(this.random, this.replicas);
    if (this.#keeping.has(replica.number)) return;
    this.#keeping.add(replica.number);
    this.begin(replica.number, () => replica.keeper.round(this.rig.signal))
      .finally(() => this.#keeping.delete(replica.number));
  }
  readonly #keeping = new Set<number>();

  /** A replica dies where it is, and another one takes its place. */
  kill(): void {
    const victim = pick(this.random, this.replicas);
    this.#note(`death of ${victim.number}`);
    this.#queue = this.#queue.filter(({ replica }) => replica !== victim.number);
    if (this.#keeping.delete(victim.number)) this.#active--;
    const index = this.replicas.indexOf(victim);
    this.replicas[index] = { number: this.#next++, ...this.rig.replica() };
  }

  /** Until nobody has anything left to do. */
  async settle(): Promise<void> {
    this.faulty = false;
    for (let i = 0; i < 3_000; i++) {
      if (this.isBusy) {
        await this.turn();
        if (below(this.random, 10) === 0) this.endBuild(false);
        continue;
      }
      this.rig.now += below(this.random, 20) === 0 ? SENT_MS : 1_000;
      this.endBuild(false);
      const isQuiet = (await this.#kept()) === 0 && !isActive(this.latest);
      if (isQuiet) return;
      this.keep();
    }
    this.wrong.push("there is no end of it");
  }

  async #kept(): Promise<number> {
    return (await this.rig.store.list(this.rig.signal)).length;
  }

  /** Whether the builds make sense, one after the other. `isCrowd`: many ask at once. */
  check(isCrowd: boolean): void {
    const all = [
      ...this.rig.state.pastBuilds.filter((one) => one["workspace_id"] === this.id),
      this.latest,
    ];
    for (const [index, build] of all.entries()) {
      const before = all[index - 1];
      if (before === undefined) continue;
      if (before["status"] === "failed") {
        const [asked, askedThen] = [build, before].map((one) =>
          this.#askedBefore.get(Number(one["build_number"]))
        );
        const isFollowed = this.#followed.has(Number(before["build_number"]));
        if (asked === askedThen && !isFollowed && !isCrowd) {
          this.wrong.push(`build ${build["build_number"]} comes after a failure although nobody asks`);
        }
        continue;
      }
      const isSame = before["transition"] === build["transition"] &&
        before["template_version_id"] === build["template_version_id"];
      if (isSame) this.wrong.push(`build ${build["build_number"]} does what the one before it has done`);
      if (before["transition"] === "start" && build["transition"] === "start") {
        this.wrong.push(`build ${build["build_number"]} starts what runs`);
      }
    }
    this.wrong.push(...this.rig.violations);
  }

  /** Whether it is as it was last wished. */
  checkEnd(): void {
    const { status, template_version_id: version } = this.latest;
    const isFine = this.expected.some((one) =>
      status === (one.running ? "running" : "stopped") && version === one.version
    );
    if (isFine) return;
    const wanted = this.expected.map((one) =>
      `${one.running ? "running" : "stopped"} ${this.versions.indexOf(one.version)}`
    );
    this.wrong.push(
      `it is ${status} ${this.versions.indexOf(String(version))}, wished was ${wanted.join(" or ")}`,
    );
  }
}

const START = Date.parse("2026-01-01T00:00:00Z");

/** People wish one after the other; what was accepted last holds in the end, unless its build failed. */
export async function runHistory(seed: number, wishes = 12): Promise<HistoryResult> {
  const history = new History(seed);
  const { random } = history;
  for (let i = 0; i < wishes; i++) {
    await history.wish();
    for (let n = below(random, 60); n > 0; n--) {
      if (!(await history.turn())) history.rig.now += below(random, 200);
      if (below(random, 20) === 0) history.endBuild();
      if (below(random, 20) === 0) history.keep();
    }
  }
  await history.settle();
  // What failed is not as it was wished, until somebody asks again.
  const number = history.latest["build_number"];
  for (let i = 0; i < 5; i++) {
    history.rig.now += SENT_MS;
    history.keep();
    while (history.isBusy) await history.turn();
  }
  if (history.latest["build_number"] !== number) history.wrong.push("it is built although nobody asks");
  if (!history.failed) history.checkEnd();
  const last = { running: below(random, 2) === 0, version: pick(random, history.versions) };
  if (!(await history.ask(last))) history.wrong.push("the last wish was refused");
  history.expected = [last];
  await history.settle();
  history.checkEnd();
  history.check(false);
  return { seed, wrong: history.wrong, log: history.log, counts: history.counts };
}

/** As {@linkcode runHistory}, all at once; only the very last wish is sure to hold. */
export async function runCrowd(seed: number, wishes = 12): Promise<HistoryResult> {
  const history = new History(seed);
  const { random } = history;
  const asked: Promise<unknown>[] = [];
  for (let i = 0; i < wishes; i++) {
    const replica = pick(random, history.replicas);
    const change: WorkspaceChange = pick(random, [{ running: true }, { running: false }, {
      version: pick(random, history.versions),
    }]);
    history.asks();
    history.log.push(`${JSON.stringify(change)} at ${replica.number}`);
    const context = { by: `human-${i}`, signal: history.rig.signal };
    asked.push(
      history.begin(replica.number, () => replica.actions.change(history.id, change, context))
        .catch(() => undefined),
    );
    for (let n = below(random, 8); n > 0; n--) await history.turn();
    if (below(random, 4) === 0) history.keep();
    if (below(random, 3) === 0) {
      history.rig.now += LEAST_BUILD_MS;
      history.endBuild();
    }
  }
  await history.settle();
  await Promise.all(asked);
  const last = { running: below(random, 2) === 0, version: pick(random, history.versions) };
  if (!(await history.ask(last))) history.wrong.push("the last wish was refused");
  history.expected = [last];
  await history.settle();
  history.checkEnd();
  history.check(true);
  return { seed, wrong: history.wrong, log: history.log, counts: history.counts };
}
