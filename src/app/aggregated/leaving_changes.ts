/**
 * Changes of templates that another replica has brought to an end: until this one has looked at the template again, it
 * knows the end and not what came of it, and shows the change as it was.
 */
import type { ChangeRecord } from "../../actions/templates/mod.ts";
import { type Clock, sleep, systemClock } from "../../telemetry/clock.ts";

export interface LeavingChangesOptions {
  /** Looks at a template, and enters it into the copy. Rejects where Coder does not answer. */
  readonly look: (owner: string, template: string, signal: AbortSignal) => Promise<void>;
  /** The active version that is known of a template; undefined where nothing is. */
  readonly activeOf: (owner: string, template: string) => string | undefined;
  /** What is shown of a template is another thing now. */
  readonly retell: (owner: string, template: string) => void;
  readonly clock?: Clock;
}

/** So often a template is looked at before its change is let go of all the same. */
const TRIES = 5;
const RETRY_MS = 2_000;

export class LeavingChanges {
  readonly #options: LeavingChangesOptions;
  readonly #last = new Map<string, ChangeRecord>();
  readonly #leaving = new Map<string, ChangeRecord>();

  constructor(options: LeavingChangesOptions) {
    this.#options = options;
  }

  /** The change that is still shown, where there is none on record any more. */
  of(owner: string, template: string): ChangeRecord | undefined {
    return this.#leaving.get(keyOf(owner, template));
  }

  /** What is on record now. Without `signal` nothing is looked at: nothing runs yet, or any more. */
  heard(
    owner: string,
    template: string,
    now: ChangeRecord | undefined,
    signal: AbortSignal | undefined,
  ): void {
    const key = keyOf(owner, template);
    const before = this.#last.get(key);
    if (now === undefined) this.#last.delete(key);
    else {
      this.#last.set(key, now);
      this.#leaving.delete(key);
    }
    const wasUnderWay = before !== undefined && before.failure === undefined;
    if (!wasUnderWay || now !== undefined || signal === undefined || signal.aborted) return;
    // Whoever has promoted it here has looked at it, too.
    if (before.version !== undefined && this.#options.activeOf(owner, template) === before.version) return;
    this.#leaving.set(key, before);
    void this.#settle(owner, template, before, signal);
  }

  async #settle(owner: string, template: string, before: ChangeRecord, signal: AbortSignal): Promise<void> {
    const { look, retell, clock = systemClock } = this.#options;
    const key = keyOf(owner, template);
    for (let tries = 1; tries <= TRIES && this.#leaving.get(key) === before && !signal.aborted; tries++) {
      try {
        await look(owner, template, signal);
        break;
      } catch {
        await sleep(RETRY_MS, signal, clock);
      }
    }
    if (this.#leaving.get(key) !== before) return;
    this.#leaving.delete(key);
    retell(owner, template);
  }
}

function keyOf(owner: string, template: string): string {
  return `${owner} ${template}`;
}
