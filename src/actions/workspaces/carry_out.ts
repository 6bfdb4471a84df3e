/** Acts on a wish as far as can be gone now. */
import { CoderError, type NewBuild, type ParameterValue } from "../../coder/mod.ts";
import type { Workspace, WorkspaceBuild } from "../../inventory/mod.ts";
import { decide, type Outcome, type Step, whatBecameOf, withoutSent } from "./decide.ts";
import type { StoredWish } from "./store.ts";
import type { WishRecord } from "./types.ts";
import { failureOf, isBuildActive, type Session } from "./world.ts";

/** Why a wish is kept. */
export type Waiting =
  /** Another build is active. */
  | "BuildActive"
  /** An answer of Coder was lost, and what became of the request does not show yet. */
  | "AnswerLost"
  /** The version is still imported. */
  | "VersionImporting"
  /** Somebody else is at it. */
  | "Busy";

/** How far it went. */
export interface Progress {
  readonly workspace: Workspace | undefined;
  /** Undefined: it is kept, and `waiting` says why. */
  readonly outcome?: Outcome | undefined;
  readonly waiting?: Waiting | undefined;
  /** Numbers of the builds that were asked for. */
  readonly built: readonly number[];
  /** Nothing was done, for somebody else has stored another wish meanwhile: look at that one, and ask again. */
  readonly isLost?: boolean;
}

/** Coder does not do it: not now, or never. */
export class NotCarriedOut extends Error {
  override readonly name = "NotCarriedOut";
  constructor(override readonly cause: unknown, readonly isTransient: boolean) {
    super("the wish was not carried out", { cause });
  }
}

/** Shorter than any build, in milliseconds: nobody can have built anything, and be done with it, in less. */
const FRESH_MS = 250;
/** More builds than these are left to the next look. */
const MOST_ROUNDS = 6;

/**
 * Acts on `record`, which is stored as `stored` has it, or not yet. Throws {@linkcode NotCarriedOut} where Coder refuses,
 * or cannot be asked, before anything was done: then what was stored before is stored again.
 */
export async function carryOut(
  session: Session,
  key: string,
  record: WishRecord,
  stored: StoredWish | undefined,
  workspace: Workspace | undefined,
): Promise<Progress> {
  return await new Carrier(session, key, record, stored, workspace).run();
}

class Carrier {
  readonly #session: Session;
  readonly #key: string;
  readonly #before: StoredWish | undefined;
  #record: WishRecord;
  #stored: StoredWish | undefined;
  #workspace: Workspace | undefined;
  #values: { build: string; parameters: ParameterValue[] } | undefined;
  readonly #built: number[] = [];
  /** Something was done, or kept, for it: it is accepted. */
  #isAccepted = false;

  constructor(
    session: Session,
    key: string,
    record: WishRecord,
    stored: StoredWish | undefined,
    workspace: Workspace | undefined,
  ) {
    this.#session = session;
    this.#key = key;
    this.#record = record;
    this.#stored = this.#before = stored;
    this.#workspace = workspace;
  }

  async run(): Promise<Progress> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const { world } = this.#session;
      const became = whatBecameOf(this.#record, this.#workspace?.latest_build, world.now());
      if (became === "unknown") return await this.#keep("AnswerLost");
      this.#record = withoutSent(this.#record, became);
      const step = this.#step();
      if (step.do === "rest") return await this.#rest(step.outcome);
      if (step.do === "wait") return await this.#keep("BuildActive");
      if (step.do === "ask") await this.#ask();
      else {
        const waiting = await this.#build(step.build);
        if (waiting !== undefined) return waiting;
      }
    }
    return await this.#keep("Busy");
  }

  #step(): Step {
    const latest = this.#workspace?.latest_build;
    const parameters = this.#values?.build === latest?.id ? this.#values?.parameters : undefined;
    return decide({ record: this.#record, workspace: this.#workspace, parameters });
  }

  async #ask(): Promise<void> {
    const { signal } = this.#session;
    const build = this.#workspace!.latest_build.id;
    try {
      const { workspaceChanges } = await this.#session.client();
      this.#values = { build, parameters: await workspaceChanges.buildParameters(build, { signal }) };
    } catch (error) {
      throw await this.#notCarriedOut(error);
    }
  }

  /** Asks for a build; what is to be told where nothing more can be done now. */
  async #build(build: NewBuild): Promise<Progress | undefined> {
    const { world, signal } = this.#session;
    const workspace = this.#workspace!;
    const above = workspace.latest_build.build_number;
    const at = new Date(world.now()).toISOString();
    // Before Coder hears of it: whoever goes on with it looks whether it came.
    const isStored = await this.#save({ ...this.#record, sent: { what: build.transition, above, at } });
    if (!isStored) return this.#busy();
    // Who has stored it before us may have been at work since we looked.
    if (await this.#hasChanged()) return undefined;
    try {
      const made = await this.#session.write(
        `${build.transition} build`,
        ({ workspaceChanges }) => workspaceChanges.build(workspace.id, build, { signal }),
      );
      this.#made(workspace, made);
      return undefined;
    } catch (error) {
      return await this.#buildFailed(error);
    }
  }

  /** Looks once more where that was a while ago; whether it is another one than it was. */
  async #hasChanged(): Promise<boolean> {
    if (this.#session.world.now() - this.#session.lookedAt < FRESH_MS) return false;
    const { id, build_number, status } = this.#workspace!.latest_build;
    try {
      this.#workspace = await this.#session.look(this.#workspace!.id);
    } catch (error) {
      this.#record = withoutSent(this.#record, "nothing");
      throw await this.#notCarriedOut(error);
    }
    const now = this.#workspace?.latest_build;
    if (now?.id === id && now.build_number === build_number && now.status === status) return false;
    this.#record = withoutSent(this.#record, "nothing");
    return true;
  }

  #made(workspace: Workspace, made: WorkspaceBuild): void {
    this.#isAccepted = true;
    this.#session.world.copy.observeBuild(workspace.id, made);
    this.#workspace = { ...workspace, latest_build: made };
    this.#session.lookedAt = this.#session.world.now();
    this.#built.push(made.build_number);
    const { sent: _, ...record } = this.#record;
    this.#record = { ...record, built: [...record.built, made.build_number] };
  }

  async #buildFailed(error: unknown): Promise<Progress | undefined> {
    const failure = failureOf(error);
    if (failure === "unknown") {
      this.#isAccepted = true;
      await this.#lookAgain();
      return undefined;
    }
    this.#record = withoutSent(this.#record, "nothing");
    if (failure !== "conflict") throw await this.#notCarriedOut(error);
    if (!isBuildActive(error)) return await this.#keep("VersionImporting");
    // Somebody was sooner. What is active now may be the very thing.
    await this.#lookAgain();
    return undefined;
  }

  /** Where Coder cannot be asked, what is known has to do. */
  async #lookAgain(): Promise<void> {
    try {
      this.#workspace = await this.#session.look(this.#workspace!.id);
    } catch (error) {
      if (!(error instanceof CoderError)) throw error;
    }
  }

  async #rest(outcome: Outcome): Promise<Progress> {
    if (this.#stored !== undefined) {
      const { world, signal } = this.#session;
      // Whoever was sooner has wished something else, or has seen the same.
      await world.store.remove(this.#key, this.#stored.version, signal);
    }
    return { workspace: this.#workspace, outcome, built: this.#built };
  }

  async #keep(waiting: Waiting): Promise<Progress> {
    const isSame = this.#stored !== undefined &&
      JSON.stringify(this.#stored.record) === JSON.stringify(this.#record);
    if (!isSame && !(await this.#save(this.#record))) return this.#busy();
    this.#isAccepted = true;
    return { workspace: this.#workspace, waiting, built: this.#built };
  }

  /** Somebody else has stored another wish meanwhile. */
  #busy(): Progress {
    return { workspace: this.#workspace, waiting: "Busy", built: this.#built, isLost: !this.#isAccepted };
  }

  async #save(record: WishRecord): Promise<boolean> {
    const { world, signal } = this.#session;
    const stored = await world.store.write(this.#key, record, this.#stored?.version, signal);
    if (stored === undefined) return false;
    this.#record = record;
    this.#stored = stored;
    return true;
  }

  /** The error to throw. What was stored before is stored again, unless something came of the wish already. */
  async #notCarriedOut(error: unknown): Promise<NotCarriedOut> {
    const isTransient = failureOf(error) === "later";
    const { world, signal } = this.#session;
    if (!this.#isAccepted && this.#stored !== undefined && this.#stored !== this.#before) {
      const { version } = this.#stored;
      if (this.#before === undefined) await world.store.remove(this.#key, version, signal);
      else await world.store.write(this.#key, this.#before.record, version, signal);
    } else if (this.#isAccepted && isTransient) await this.#save(this.#record);
    else if (this.#isAccepted && this.#stored !== undefined) {
      await world.store.remove(this.#key, this.#stored.version, signal);
    }
    return new NotCarriedOut(error, isTransient);
  }
}
