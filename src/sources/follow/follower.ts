/** Follows the sources of one Coder's templates. Any number of replicas may: one is at work on a template at a time. */
import { sleep, systemClock } from "../../telemetry/clock.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { CANARY } from "./canary.ts";
import { canaryBegun, lookBegun } from "./changes.ts";
import { decide, intervalMs, type Step } from "./decide.ts";
import { hashOf, jitterOf } from "./inputs.ts";
import type { FollowedTemplate, FollowerOptions } from "./ports.ts";
import { verdictOf } from "./rollback.ts";
import { type SourceState, stateToKeep, timeText } from "./state.ts";
import { doStep, look, type Outcome, removeCanary, type Work } from "./work.ts";

/** Templates that are worked on at a time. */
const MOST_AT_WORK = 4;
/** Of one template without a pause. */
const MOST_STEPS = 12;
/** Others may write the same record at the same time, so often at most. */
const MOST_TRIES = 5;
/** After an error, in milliseconds; twice as long each time. */
const PAUSE_MS = 5_000;
const PAUSE_MOST_MS = 300_000;
const FAILED_BUILDS = 2;

/** These only read: whoever is sooner enters what was found out. */
const READS: ReadonlySet<Step["do"]> = new Set([
  "watchBuild",
  "watchCanary",
  "checkDrift",
  "acceptVersion",
  "abandon",
]);

interface Trouble {
  readonly until: number;
  readonly tries: number;
}

export class SourceFollower {
  readonly #options: FollowerOptions;
  readonly #me: string;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #trouble = new Map<string, Trouble>();
  #wake: AbortController = new AbortController();

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#me = options.me ?? crypto.randomUUID().slice(0, 8);
  }

  /** A record has changed: looks at once. */
  wake(): void {
    this.#wake.abort();
  }

  /** Follows until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { tickMs = 2_000, clock = systemClock } = this.#options;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      this.#begin(signal);
      await sleep(tickMs, AbortSignal.any([signal, this.#wake.signal]), clock);
    }
    await Promise.all(this.#busy.values());
  }

  /** Does what there is to do now, and resolves when nothing is left that could be done at once. */
  async settle(signal: AbortSignal): Promise<void> {
    this.#begin(signal);
    while (this.#busy.size > 0) await Promise.race(this.#busy.values());
  }

  #begin(signal: AbortSignal): void {
    for (const template of this.#options.records.list()) {
      if (this.#busy.size >= MOST_AT_WORK) return;
      if (this.#busy.has(template.id) || this.#step(template).do === "wait") continue;
      if ((this.#trouble.get(template.id)?.until ?? 0) > this.#now()) continue;
      const work = this.#follow(template, signal).finally(() => this.#busy.delete(template.id));
      this.#busy.set(template.id, work);
    }
  }

  /** Never rejects. */
  async #follow(known: FollowedTemplate, signal: AbortSignal): Promise<void> {
    const { log = silentLogger, coder, records } = this.#options;
    const { id } = known;
    try {
      for (let steps = 0; steps < MOST_STEPS && !signal.aborted; steps++) {
        const template = await records.read(id, signal);
        if (template === undefined) return;
        const step = this.#step(template);
        if (step.do === "wait" || !await this.#take(template, step, signal)) break;
      }
      this.#trouble.delete(id);
    } catch (error) {
      if (signal.aborted) return;
      const tries = (this.#trouble.get(id)?.tries ?? 0) + 1;
      const pause = Math.min(PAUSE_MS * 2 ** (tries - 1), PAUSE_MOST_MS);
      this.#trouble.set(id, { until: this.#now() + pause, tries });
      log.warn("the source of a template cannot be followed now", { coder, template: id, error });
    }
  }

  /** Whether another step may follow at once. */
  async #take(
    known: FollowedTemplate,
    step: Exclude<Step, { do: "wait" }>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const template = READS.has(step.do) ? known : await this.#claim(known, step, signal);
    if (template === undefined) return true;
    const claim = new AbortController();
    // Whoever is late is no longer the one at work.
    const renewing = READS.has(step.do) ? Promise.resolve() : this.#renew(template.id, claim, signal);
    const work: Work = {
      options: this.#options,
      template,
      of: hashOf(template),
      now: () => this.#now(),
      signal: AbortSignal.any([signal, claim.signal]),
    };
    let outcome: Outcome;
    try {
      outcome = await this.#done(work, step);
    } catch (error) {
      claim.abort();
      await renewing;
      await this.#enter(template.id, withoutClaim, signal).catch(() => {});
      throw error;
    }
    claim.abort();
    await renewing;
    if (outcome === undefined) {
      if (!READS.has(step.do)) await this.#enter(template.id, withoutClaim, signal);
      return false;
    }
    const read = READS.has(step.do) ? template.state : undefined;
    await this.#enter(template.id, outcome, signal, read, step.do === "look");
    return step.do !== "startCanary" && step.do !== "removeCanary";
  }

  async #done(work: Work, step: Exclude<Step, { do: "wait" }>): Promise<Outcome> {
    switch (step.do) {
      case "look":
        return await look(work, step.isAsked);
      case "removeCanary":
        return await removeCanary(work, work.template.state.leftovers![step.index]!.name);
      default:
        return await doStep(work, step.do);
    }
  }

  /** Undefined where somebody else was sooner: look again. */
  async #claim(
    template: FollowedTemplate,
    step: Step,
    signal: AbortSignal,
  ): Promise<FollowedTemplate | undefined> {
    const now = this.#now();
    const claimed: SourceState = { ...template.state, claim: this.#claimNow() };
    const state = step.do === "look"
      ? lookBegun(claimed, now)
      : step.do === "startCanary"
      ? canaryBegun(claimed, `${CANARY}${crypto.randomUUID().slice(0, 8)}`, now)
      : claimed;
    return await this.#options.records.write(template, state, signal);
  }

  #claimNow(): NonNullable<SourceState["claim"]> {
    const { claimMs = 60_000 } = this.#options;
    return { by: this.#me, until: timeText(this.#now() + claimMs) };
  }

  /** Keeps the claim as long as the work takes; ends the work where it is lost. */
  async #renew(template: string, done: AbortController, signal: AbortSignal): Promise<void> {
    const { claimMs = 60_000, clock = systemClock } = this.#options;
    for (;;) {
      await sleep(claimMs / 3, AbortSignal.any([signal, done.signal]), clock);
      if (done.signal.aborted || signal.aborted) return;
      const isKept = await this.#enter(template, (state) => ({ ...state, claim: this.#claimNow() }), signal)
        .catch(() => false);
      if (!isKept && !done.signal.aborted) return done.abort(new Error("another replica has taken over"));
    }
  }

  /**
   * Enters what was found out, as long as this replica is the one at work; of what was only read, as long as nothing has
   * happened since. False where that is not so.
   */
  async #enter(
    id: string,
    change: (state: SourceState) => SourceState,
    signal: AbortSignal,
    read?: SourceState,
    keepsClaim = false,
  ): Promise<boolean> {
    const { records } = this.#options;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const template = await records.read(id, signal);
      if (template === undefined) return false;
      const { state } = template;
      const isOurs = read === undefined
        ? state.claim?.by === this.#me
        : JSON.stringify(state) === JSON.stringify(read);
      if (!isOurs) return false;
      const next = change(state);
      if (isSame(state, next, keepsClaim)) return true;
      if (await records.write(template, next, signal) !== undefined) return true;
    }
    return false;
  }

  #step(template: FollowedTemplate): Step {
    const { copy } = this.#options;
    const active = copy.template(template.id)?.active_version_id;
    // Not known here so far, or gone.
    if (active === undefined) return { do: "wait", until: Infinity };
    const { state, source, request } = template;
    return decide({
      state,
      source,
      of: hashOf(template),
      request,
      active,
      verdict: this.#verdict(template),
      now: this.#now(),
      me: this.#me,
      intervalMs: this.#options.intervalMs ?? intervalMs(source, jitterOf(template.id)),
    });
  }

  #verdict({ id, state: { watch }, source: { rollback } }: FollowedTemplate) {
    if (watch === undefined || rollback === undefined) return "open";
    const { failedBuilds = FAILED_BUILDS } = rollback;
    const workspaces = this.#options.copy.workspaces();
    return verdictOf(workspaces, id, watch, failedBuilds, ({ name }) => name.startsWith(CANARY));
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

/**
 * Whether there is nothing to store. After a look that found nothing new, its claim may run out by itself: that saves half
 * of the writes of a template that nothing happens to.
 */
function isSame(before: SourceState, after: SourceState, keepsClaim: boolean): boolean {
  const text = (state: SourceState) => {
    const { claim, checkedAt, ...rest } = state;
    return JSON.stringify(
      Object.entries(stateToKeep(keepsClaim ? rest : { ...rest, claim, checkedAt })).sort(),
    );
  };
  return text(before) === text(after);
}

function withoutClaim({ claim: _, ...state }: SourceState): SourceState {
  return state;
}
