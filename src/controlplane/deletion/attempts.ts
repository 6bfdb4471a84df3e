/** How often something was tried in vain, and when it is tried again. */

/** After the first failure, in milliseconds; doubled with every other one. */
const FIRST_MS = 10_000;
const LONGEST_MS = 300_000;

interface Attempt {
  failures: number;
  /** Milliseconds since 1970. */
  dueAt: number;
  message: string;
}

/** Of one control plane, by the ids of workspaces and templates. */
export class Attempts {
  readonly #begun = new Set<string>();
  readonly #failed = new Map<string, Attempt>();

  /** It is tried now. */
  begin(id: string): void {
    this.#begun.add(id);
  }

  /**
   * A try has failed. False where none was begun here: whoever failed then, it is worth a try of ours, at once.
   *
   * @param message why; no secrets
   */
  fail(id: string, message: string, now: number): boolean {
    if (!this.#begun.delete(id)) return false;
    const failures = (this.#failed.get(id)?.failures ?? 0) + 1;
    const dueAt = now + Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20));
    this.#failed.set(id, { failures, dueAt, message });
    return true;
  }

  /** Whether it may be tried now. */
  isDue(id: string, now: number): boolean {
    return now >= (this.#failed.get(id)?.dueAt ?? -Infinity);
  }

  /** What went wrong last, and how often something did; undefined where nothing has. */
  failure(id: string): { readonly failures: number; readonly message: string } | undefined {
    return this.#failed.get(id);
  }

  /** Forgets all but these: the others are gone. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of [...this.#begun, ...this.#failed.keys()]) {
      if (ids.has(id)) continue;
      this.#begun.delete(id);
      this.#failed.delete(id);
    }
  }
}
