/** Whatever users, Jobs, pods and crashes do, in any order: what must never happen does not, and it all comes to rest. */
import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { CHANGE_LABEL, jobEnd, TARGET_LABEL } from "./backup_job.ts";
import { judge } from "./gate.ts";
import { versionOfImage } from "./image.ts";
import { coder } from "./testing.ts";
import { type Fault, World } from "./testing_world.ts";
import { RETRY_ANNOTATION, upgradeFacts } from "./upgrade_facts.ts";
import { compareMinor, isSameVersion, parseVersion, type Version, versionText } from "./version.ts";
import { parseControlPlane } from "../../api/control_plane.ts";

const RUNS = 200;
const STEPS = 60;
const IMAGES = [
  ...["2.28.0", "2.29.0", "2.29.1", "2.30.0", "2.31.0-rc.1"].flatMap((
    version,
  ) => [coder(version), `r:5000/c:${version}`]),
  "coder:latest",
  "coder:main",
  `coder@sha256:${"0".repeat(64)}`,
];
const backups = [undefined, "dump", "dump --more"].map((command) =>
  command === undefined ? undefined : { containers: [{ name: "dump", image: "p", command: [command] }] }
);

/** Patches share a number, as do all that tell no version. */
function numberOf(image: string): number {
  return 400 + (versionOfImage(image)?.minor ?? 30);
}

/** Watches one world, and knows what really happened in it. */
class Watched extends World {
  /** The latest version that a ready pod has had: the database may be its own. */
  highest: Version | undefined;
  /** The image of pods that serve beside those of the template. */
  oldImage = "";
  /** Some pod of the template has been ready. */
  templateRan = false;
  /** A pod of another image than the last complete one has been ready since. */
  moved = false;
  userPaused = false;
  /** The number of the database's last migration; pods move it on as soon as they start, or later. */
  number = 0;
  /** The operator reaches the database. */
  reachable = false;
  /** The number that was read before the rollout from the last complete image. */
  before: number | undefined;
  releases = 0;
  /** Decisions about giving up that the number made: to refuse it, or to allow it. */
  refused = 0;
  proven = 0;
  blocked = 0;
  stops = 0;
  readonly #made = new Set<string>();

  constructor(readonly random: () => number, readonly seed: number) {
    super();
    this.onApply = (image) => this.#checkImage(image);
    this.onJob = (job) => {
      const { [TARGET_LABEL]: target = "" } = job.metadata.labels ?? {};
      const going = this.jobs.filter((each) =>
        jobEnd(each) === undefined && each.metadata.labels?.[TARGET_LABEL] === target
      );
      this.#must(going.length === 0, `a second backup of one image at a time`);
      // One that was ended, because another image took the place of its own, may be made again.
      const name = job.metadata.name ?? "";
      this.#must(!this.#made.has(name) || this.deleted.includes(name), "the same backup twice");
      this.#made.add(name);
    };
  }

  #must(right: boolean, what: string): void {
    assert.ok(right, `seed ${this.seed}: ${what}`);
  }

  #checkImage(image: string): void {
    const live = this.look?.image;
    if (live === undefined || live === image) return;
    const { unchecked, allowDowngrade, backup } = this.spec.upgrade ?? {};
    this.#must(image === this.spec.image, `${image} is what nobody asked for now`);
    this.releases++;
    if (live === this.status.image) this.before = this.#read();
    const proof = image === this.status.image ? this.#isSame() : undefined;
    this.#must(proof !== false || allowDowngrade === true, `${image} is given up across a migration`);
    if (proof === true) this.proven++;
    const givenUp = image === this.status.image && (proof ?? !this.moved);
    if (this.highest === undefined && this.status.image === undefined || givenUp) return this.#released();
    const to = versionOfImage(image);
    if (to === undefined) {
      this.#must(
        unchecked === true || versionOfImage(live) === undefined,
        `${image} tells no version, from ${live}`,
      );
    } else if (this.highest !== undefined && allowDowngrade !== true) {
      this.#must(
        compareMinor(to, this.highest) >= 0,
        `${image} is a way back from ${versionText(this.highest)}`,
      );
    }
    // The version that is there or on its way has had its backup.
    const same = to !== undefined &&
      [this.highest, versionOfImage(live)].some((each) => each !== undefined && isSameVersion(to, each));
    if (backup !== undefined && !same) {
      const facts = this.facts();
      const done = this.jobs.filter((job) =>
        jobEnd(job) === "Complete" && !this.#used.has(job.metadata.labels?.[CHANGE_LABEL] ?? "")
      );
      this.#must(facts.wanted === image && done.length > 0, `${image} without its backup`);
      for (const job of done) this.#used.add(job.metadata.labels?.[CHANGE_LABEL] ?? "");
    }
    this.#released();
  }

  /** Changes that a backup was used up for. */
  readonly #used = new Set<string>();

  /** What this pass may rely on. */
  #read(): number | undefined {
    return this.visitDue ? undefined : this.migration?.version;
  }

  #isSame(): boolean | undefined {
    const now = this.#read();
    return now === undefined || this.before === undefined ? undefined : now === this.before;
  }

  #released(): void {
    if (this.templateRan && this.look !== undefined) this.oldImage = this.look.image;
    this.templateRan = false;
  }

  facts() {
    const { object, deployment, said, migration, status } = this;
    return upgradeFacts({ controlPlane: parseControlPlane(object), status, deployment, said, migration });
  }

  override async pass(fault?: Fault): Promise<void> {
    const before = this.look;
    const completed = this.status.image;
    this.migration = this.reachable ? { version: this.number, dirty: false } : undefined;
    await super.pass(fault);
    if (this.status.image !== completed) {
      this.moved = false;
      this.before = undefined;
    } else if (this.spec.image === completed && fault === undefined && this.look?.image !== completed) {
      this.#must(this.#isSame() !== true, "giving up is held although the schema is the same");
      if (this.facts().schemaMoved) this.refused++;
    }
    if (this.condition() === "False/UpgradeBlocked") this.blocked++;
    if (this.parts.paused === true) {
      this.stops++;
      this.#must(this.parts.annotations !== undefined, "a pause that nobody remembers");
    }
    if (this.look === undefined) return;
    if (before === undefined) this.templateRan = false;
    // Going back to the image before finds its pods still there.
    if (before !== undefined && before.image !== this.look.image && this.look.image === this.oldImage) {
      this.look = { ...this.look, updated: this.look.old ?? 0, updatedReady: this.look.old ?? 0, old: 0 };
      this.templateRan = (this.look.updatedReady ?? 0) > 0;
    }
    // Another's pause is not taken away by leaving ours out.
    if (this.userPaused) this.look = { ...this.look, paused: true };
  }

  /** The cluster moves on by one pod. */
  progress(): void {
    const { look } = this;
    if (look === undefined) return;
    const { updated = 0, updatedReady = updated, old = 0 } = look;
    if (updatedReady < updated) this.#podReady({ ...look, updatedReady: updatedReady + 1, timedOut: false });
    else if (look.paused === true) return;
    else if (updated < 2) {
      if (this.random() < 0.5) this.#migrate();
      this.look = {
        ...look,
        updated: updated + 1,
        updatedReady,
        old: Math.min(old, 2 - updated),
        timedOut: false,
      };
    } else if (old > 0) this.look = { ...look, old: 0, timedOut: false };
  }

  #podReady(look: NonNullable<World["look"]>): void {
    this.look = look;
    this.templateRan = true;
    this.#migrate();
    if (look.image !== this.status.image) this.moved = true;
    const version = versionOfImage(look.image);
    if (version === undefined) return;
    const lower = this.highest !== undefined && compareMinor(version, this.highest) < 0;
    // Somebody restored a backup, as the permission says.
    if (lower && this.spec.upgrade?.allowDowngrade === true) {
      this.highest = version;
      this.number = numberOf(look.image);
    }
    if (this.highest === undefined || compareMinor(version, this.highest) >= 0) this.highest = version;
  }

  #migrate(): void {
    this.number = Math.max(this.number, numberOf(this.look?.image ?? ""));
  }

  /** Time passes over pods that are not ready. */
  timeout(): void {
    const { look } = this;
    this.now += 2_000_000;
    if (look !== undefined && (look.updatedReady ?? look.updated ?? 0) < (look.updated ?? 0)) {
      this.look = { ...look, timedOut: true };
    }
  }

  async act(): Promise<void> {
    const upgrade = this.spec.upgrade ?? {};
    const { backup: _backup, ...flags } = upgrade;
    switch (below(this.random, 14)) {
      case 0:
      case 1:
        this.spec = { ...this.spec, image: pick(this.random, IMAGES) };
        break;
      case 2:
        this.annotations = { [RETRY_ANNOTATION]: String(below(this.random, 1_000)) };
        break;
      case 3: {
        const backup = pick(this.random, backups);
        this.spec = { ...this.spec, upgrade: { ...flags, ...(backup !== undefined && { backup }) } };
        break;
      }
      case 4:
        this.spec = { ...this.spec, upgrade: { ...upgrade, unchecked: this.random() < 0.5 } };
        break;
      case 5:
        this.env++;
        break;
      case 6:
        this.endJob(this.random() < 0.5 ? "Complete" : "Failed");
        break;
      case 7:
        this.timeout();
        break;
      case 8:
        // The operator starts anew, and asks Coder or does not.
        this.said = this.random() < 0.5 || this.highest === undefined ? undefined : versionText(this.highest);
        break;
      case 10:
        this.reachable = this.random() < 0.7;
        break;
      case 11:
        this.visitDue = this.random() < 0.3;
        break;
      case 12:
        // It is given up.
        this.spec = { ...this.spec, image: this.status.image ?? this.spec.image ?? "" };
        break;
      case 9:
        this.now += 60_000;
        return await this.pass(pick(this.random, ["job", "deployment", "status"]));
      default:
        this.progress();
    }
    this.now += 1_000;
    if (this.random() < 0.7) await this.pass();
  }

  /** Everybody does what is theirs until nothing changes any more. */
  async rest(rounds = 40): Promise<void> {
    this.visitDue = false;
    for (let i = 0; i < rounds; i++) {
      this.now += 1_000;
      await this.pass();
      this.endJob("Complete");
      this.progress();
    }
  }
}

Deno.test("no sequence of edits, crashes, Jobs and pods gets an image out that may not, or one without its backup", async () => {
  const seen = { releases: 0, blocked: 0, stops: 0, jobs: 0, refused: 0, proven: 0 };
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = seededRandom(seed);
    const world = new Watched(random, seed);
    world.spec = { image: pick(random, IMAGES), replicas: 2 };
    // Half of them have run for some time.
    world.reachable = seed % 4 === 0;
    if (seed % 2 === 0) await world.rest(10);
    for (let i = 0; i < STEPS; i++) await world.act();
    world.annotations = { [RETRY_ANNOTATION]: "last" };
    await world.rest();
    const { status, look } = world;
    const { upgrade } = status;
    const verdict = judge(world.facts());
    if (verdict.kind === "blocked") {
      assert.equal(world.condition(), "False/UpgradeBlocked", `seed ${seed}`);
      assert.notEqual(look?.image, world.spec.image, `seed ${seed}`);
    } else {
      assert.deepEqual([world.condition(), upgrade, status.image, look?.image], [
        undefined,
        undefined,
        world.spec.image,
        world.spec.image,
      ], `seed ${seed}`);
    }
    assert.equal(look?.paused, undefined, `seed ${seed}: left paused`);
    assert.ok(
      world.jobs.filter((job) => jobEnd(job) === undefined).length === 0,
      `seed ${seed}: a Job left going`,
    );
    assert.ok(world.jobs.length <= 3, `seed ${seed}: ${world.jobs.length} Jobs left`);
    seen.releases += world.releases;
    seen.blocked += world.blocked;
    seen.stops += world.stops;
    seen.jobs += world.jobs.length;
    seen.refused += world.refused;
    seen.proven += world.proven;
  }
  for (const [what, count] of Object.entries(seen)) assert.ok(count > RUNS / 10, `${what}: ${count}`);
});

Deno.test("a pause of the user's own outlives every rollout of ours", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const world = new Watched(seededRandom(seed), seed);
    world.spec = { image: coder("2.29.0"), replicas: 2 };
    await world.rest();
    world.userPaused = true;
    for (let i = 0; i < 30; i++) {
      await world.act();
      assert.equal(world.parts.paused, undefined, `seed ${seed}: it is not ours to hold`);
    }
  }
});

Deno.test("the version that Coder says is read as its tags are", () => {
  assert.deepEqual(parseVersion("v2.30.0+43e67d1"), versionOfImage(coder("2.30.0")));
});
