/** An image waits a moment for the number of the database's migration; never longer, whatever the database does. */

/** How long at most, in milliseconds. */
export const SCHEMA_PATIENCE_MS = 10_000;

/** Entries of control planes that went in the middle of it. */
const FORGET_MS = 600_000;

/** Since when control planes wait, in memory: an operator that starts anew waits anew. */
export class SchemaWaits {
  readonly #waits = new Map<string, { readonly image: string; readonly since: number }>();

  /** How long `image` has to wait still, in milliseconds. `due`: a visit that may read the number is still to come. */
  left(uid: string, image: string, due: boolean, now: number): number {
    for (const [other, { since }] of this.#waits) {
      if (now - since > FORGET_MS || since > now) this.#waits.delete(other);
    }
    if (!due) {
      this.#waits.delete(uid);
      return 0;
    }
    const known = this.#waits.get(uid);
    const wait = known?.image === image ? known : { image, since: now };
    this.#waits.set(uid, wait);
    return Math.max(0, wait.since + SCHEMA_PATIENCE_MS - now);
  }
}
