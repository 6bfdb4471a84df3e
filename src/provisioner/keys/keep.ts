/** One pass over the keys of one provisioner: as many steps as can be done now. */
import { CoderError, isConflict, mayHaveHappened } from "../../coder/mod.ts";
import { canonicalJson } from "../../kube/apply/canonical_json.ts";
import { secretAnnotations, secretView } from "./hashes.ts";
import { holderOf, holds } from "./holder.ts";
import { heldAfter, holdOf, isUnsent, released, withoutOldHolds } from "./hold.ts";
import { homeText, isOtherDeployment, organizationOf } from "./homes.ts";
import { currentListing } from "./listing.ts";
import { NEED_WORDS, rotationDue } from "./need.ts";
import { nextStep, type Wait } from "./plan.ts";
import type { CoderWay, KeyPorts } from "./ports.ts";
import { AWAITED, type KeyLists, removeKey } from "./removal.ts";
import { promoted, retire, settle, type Settled, undone } from "./settle.ts";
import type { KeyEvent, KeyFacts, KeyIntent, KeyRecord, SecretView } from "./types.ts";
import { type KeyState, keyState, secretState } from "./words.ts";

/** What a pass is told. */
export interface KeepInput extends Omit<KeyFacts, "secret"> {
  /** Of the last pass of this process. Without it, Coder is asked once more than needed. */
  readonly awaited?: Awaited | undefined;
}

/**
 * Keys that are not in Coder, while a request to make them may still be on its way: until when, in milliseconds since
 * 1970, by name.
 */
export type Awaited = ReadonlyMap<string, number>;

/** What a pass came to. */
export interface KeyOutcome {
  /** To be stored in the status, in the one status write of the pass, with `mergeRecords`. */
  readonly record: KeyRecord;
  /** Run another pass as soon as the record is stored. */
  readonly again: boolean;
  /** Run another pass after this many milliseconds. */
  readonly lookAgainMs?: number | undefined;
  /** For `ProvisionerKeyReady`. */
  readonly key: KeyState;
  /** For `ProvisionerKeySecretReady`. */
  readonly secret: KeyState;
  /**
   * The checksum of the key that pods should run with, for `templateChecksum`. Undefined: leave the checksum that the
   * template has, for what the Secret holds now is not to be used.
   */
  readonly checksum?: { readonly valueHash: string; readonly legacy: string } | undefined;
  /** A list of keys that is taken from now on would help. */
  readonly wantsListing: boolean;
  /** For the next pass. */
  readonly awaited: Awaited;
  readonly events: readonly KeyEvent[];
}

/** What a pass works with. */
export interface KeepOptions {
  /** Ends the pass: it throws then, and its outcome is lost, which does no harm. */
  readonly signal: AbortSignal;
  /** @default {Math.random} */
  readonly random?: () => number;
  /** The time when a call has ended: a list that was asked for before that may not show what the call did. @default {now} */
  readonly clock?: () => Date;
}

/** More steps than any pass can need; a pass that goes on is a mistake that must not burden Coder. */
const MOST_STEPS = 50;

/** A cache that lags behind catches up within this time, in milliseconds. */
const STALE_MS = 1_000;

/**
 * Does what can be done now. Refusals of Coder end in the outcome; what the API server refuses about reading the Secret is
 * thrown.
 */
export async function keepKey(
  input: KeepInput,
  ports: KeyPorts,
  { signal, random = Math.random, clock = () => input.now }: KeepOptions,
): Promise<KeyOutcome> {
  const pass = new Pass(input, await ports.readSecret(signal), ports, signal, random, clock);
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    if (await pass.step()) break;
  }
  return pass.outcome();
}

class Pass {
  #record: KeyRecord;
  #wait: Wait | undefined;
  #again = false;
  #confirmed = false;
  readonly #unreachable = new Map<string, Wait>();
  readonly #awaited = new Map<string, number>();
  readonly #lists: KeyLists = new Map();
  readonly #events: KeyEvent[] = [];
  #settled: Settled;

  constructor(
    readonly input: KeepInput,
    private secret: SecretView,
    readonly ports: KeyPorts,
    readonly signal: AbortSignal,
    readonly random: () => number,
    readonly clock: () => Date,
  ) {
    this.#record = input.record;
    this.#settled = this.#settle();
    for (const [name, until] of input.awaited ?? []) this.#await(name, until);
  }

  #await(name: string, until: number): void {
    const ms = until - this.input.now.getTime();
    if (ms <= 0) return;
    this.#awaited.set(name, until);
    this.#unreachable.set(name, { do: "wait", reason: "Settling", message: AWAITED, ms });
  }

  /** Does one step; true where it was the last. */
  async step(): Promise<boolean> {
    const { input, random } = this;
    const settled = this.#settled;
    const step = nextStep({ ...input, secret: this.secret }, {
      ...settled,
      stored: input.record,
      unreachable: this.#unreachable,
      random,
    });
    switch (step.do) {
      case "rest":
        this.#record = withoutOldHolds(this.#record, input.now);
        break;
      case "wait":
        this.#wait = step;
        break;
      case "save":
        this.#record = step.record;
        this.#again = true;
        break;
      case "create":
        await this.#create(step.intent);
        break;
      case "delete":
        await this.#delete(step.intent);
        break;
    }
    this.#settled = this.#settle();
    return step.do === "rest" || step.do === "save" || this.#wait !== undefined;
  }

  #settle(): Settled {
    const settled = settle({ ...this.input, record: this.#record, secret: this.secret });
    this.#record = settled.record;
    this.#events.push(...settled.events);
    return settled;
  }

  /** What a cache had may be older than what is stored, and lead to the wrong call. Asked once, before the first call. */
  async #isConfirmed(): Promise<boolean> {
    const { input, ports, signal } = this;
    if (this.#confirmed) return true;
    const stored = await ports.storedRecord(signal);
    this.#confirmed = stored !== undefined && canonicalJson(stored) === canonicalJson(input.record);
    if (this.#confirmed) return true;
    this.#record = input.record;
    this.#wait = { do: "wait", reason: "Settling", message: "what is on record has changed", ms: STALE_MS };
    return false;
  }

  async #create(intent: KeyIntent): Promise<void> {
    const { input, ports, signal } = this;
    const { wanted, now } = input;
    const way = await ports.coder(intent.home, signal);
    const closed = closedBecause(way, intent);
    if (way.way !== "open" || closed !== undefined) {
      this.#wait = { do: "wait", reason: "ControlPlaneUnavailable", message: closed ?? "" };
      return;
    }
    if (!await this.#isConfirmed()) return;
    let value: string;
    try {
      const key = { name: intent.name, tags: wanted.tags };
      value = (await way.keys.createKey(organizationOf(intent), key, { signal })).provisionerKey;
    } catch (error) {
      signal.throwIfAborted();
      // A name that is taken was taken by an earlier pass, which may have put the key to use before it ended.
      this.#failed(intent, error, isConflict(error) ? retire : mayHaveHappened(error) ? undone : undefined);
      return;
    }
    const changedAt = this.clock().toISOString();
    this.#record = { ...this.#record, changedAt };
    if (!await this.#keep(intent, value)) return;
    this.#record = { ...promoted(this.#record, intent, secretHash(this.secret), now), changedAt };
    const { organization: { name } } = intent;
    const why = this.#settled.need === undefined ? "" : ` because ${NEED_WORDS[this.#settled.need]}`;
    this.#events.push({
      type: "Normal",
      reason: "KeyCreated",
      message: `Made provisioner key ${intent.name} in organization ${name}${why}`,
    });
  }

  /** Puts the new key into the Secret; false where that failed. */
  async #keep(intent: KeyIntent, value: string): Promise<boolean> {
    const { ports, signal } = this;
    try {
      await ports.writeSecret({ name: intent.name, value }, signal);
      this.secret = secretView(value, secretAnnotations(intent.name, value));
      return true;
    } catch (error) {
      signal.throwIfAborted();
      try {
        this.secret = await ports.readSecret(signal);
      } catch {
        // Whether the Secret holds it is for the next pass to see.
        signal.throwIfAborted();
        this.#failed(intent, error, undefined);
        return false;
      }
      if (holds(holderOf(this.secret, this.#record), intent)) return true;
      this.#failed(intent, error, undone);
      return false;
    }
  }

  /** `drop`: what becomes of the key where Coder may have it. */
  #failed(intent: KeyIntent, error: unknown, drop: typeof retire | typeof undone | undefined): void {
    const { input: { wanted, now } } = this;
    const record = heldAfter(this.#record, error, {
      home: intent.home,
      wanted,
      now,
      random: this.random(),
    });
    const hold = holdOf(record, intent.home);
    if (hold?.failures === 1 && error instanceof CoderError && !isUnsent(error)) {
      this.#events.push({ type: "Warning", reason: "KeyCreateFailed", message: hold.message });
    }
    this.#record = drop === undefined ? record : drop(record, intent, now);
  }

  async #delete(intent: KeyIntent): Promise<void> {
    const { input: { wanted, now }, ports, signal, random, clock } = this;
    if (!await this.#isConfirmed()) return;
    const removal = await removeKey(this.#record, intent, ports, {
      wanted,
      now,
      random,
      clock,
      signal,
      lists: this.#lists,
    });
    if (removal.end === "awaited") return this.#await(intent.name, now.getTime() + removal.ms);
    if (removal.end === "closed") {
      const message = `Coder of control plane ${homeText(intent.home)} cannot be asked`;
      const reason = "ControlPlaneUnavailable";
      this.#unreachable.set(intent.name, { do: "wait", reason, message, ms: UNREACHABLE_MS });
      return;
    }
    this.#record = removal.record;
    if (removal.end === "failed") return;
    this.#events.push(removal.event);
    // While a key is being made, only its making shows that Coder is well.
    if (this.#settled.need === undefined) this.#record = released(this.#record, intent.home);
  }

  outcome(): KeyOutcome {
    const { input, secret } = this;
    const settled = this.#settled;
    const { record, need, holder } = settled;
    const around = { wanted: input.wanted, secret };
    const usable = input.wanted.existingSecret ? secret.state === "held" : holds(holder, record.present);
    const unseen = record.present !== undefined &&
      (record.present.id === undefined || record.present.createdAt === undefined);
    return {
      record: tidy(record, input.record),
      again: this.#again,
      lookAgainMs: this.#lookAgainMs(),
      key: keyState(settled, around, this.#wait),
      secret: secretState(settled, around),
      checksum: usable && secret.state === "held"
        ? { valueHash: secret.valueHash, legacy: secret.legacyChecksum }
        : undefined,
      wantsListing: !input.wanted.existingSecret && input.entitled &&
        ((unseen && need === undefined && currentListing({ listing: input.listing, record }) === undefined) ||
          settled.asksForListing),
      awaited: this.#awaited,
      events: this.#events,
    };
  }

  #lookAgainMs(): number | undefined {
    const { input: { wanted, now } } = this;
    const { present } = this.#record;
    const due = present === undefined ? undefined : rotationDue(present, wanted);
    const times = [this.#wait?.ms, due === undefined ? undefined : due - now.getTime()]
      .filter((ms): ms is number => ms !== undefined && ms > 0);
    return times.length === 0 ? undefined : Math.ceil(Math.min(...times));
  }
}

/** How often a deployment that is away is tried for the sake of an old key, in milliseconds. */
const UNREACHABLE_MS = 300_000;

/** Why nothing can be made there; undefined where it can. */
function closedBecause(way: CoderWay, { home }: KeyIntent): string | undefined {
  if (way.way !== "open") return way.message;
  return isOtherDeployment(home, way.deploymentId)
    ? "another Coder deployment than expected answers there"
    : undefined;
}

function secretHash(secret: SecretView): string {
  return secret.state === "held" ? secret.valueHash : "";
}

/** Unchanged where only the form differs, so that nothing is written for it. */
function tidy(record: KeyRecord, stored: KeyRecord): KeyRecord {
  return canonicalJson(record) === canonicalJson(stored) ? stored : record;
}
