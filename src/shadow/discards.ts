/** Removing what is kept of objects that are gone, in the background. */
import { keyText } from "../api/object.ts";
import type { Logger } from "../telemetry/logger.ts";
import { keyFor } from "./address.ts";
import type { Kept } from "./config_map.ts";
import type { RecordStore } from "./record_store.ts";
import type { KeepingOwner } from "./types.ts";

/** One removal may take so long, in milliseconds. */
const REMOVAL_MS = 15_000;

/** One after the other; what fails is left for the next sweep. */
export class Discards {
  readonly #waiting = new Map<string, { owner: KeepingOwner; kept: Kept }>();
  #wake = () => {};

  constructor(
    private readonly store: Pick<RecordStore, "remove">,
    private readonly log: Logger,
  ) {}

  add(owner: KeepingOwner, kept: Kept): void {
    this.#waiting.set(keyText(keyFor(owner, kept.address)), { owner, kept });
    this.#wake();
  }

  /** Until `signal` aborts. Does not throw. */
  async run(signal: AbortSignal): Promise<void> {
    const end = () => this.#wake();
    signal.addEventListener("abort", end, { once: true });
    while (!signal.aborted) {
      for (const [key, { owner, kept }] of this.#waiting) {
        if (signal.aborted) break;
        this.#waiting.delete(key);
        await this.#remove(owner, kept, signal);
      }
      if (this.#waiting.size === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    }
    signal.removeEventListener("abort", end);
  }

  async #remove(owner: KeepingOwner, { address, version }: Kept, signal: AbortSignal): Promise<void> {
    try {
      const both = AbortSignal.any([signal, AbortSignal.timeout(REMOVAL_MS)]);
      await this.store.remove(owner, address, version, both);
    } catch (error) {
      if (!signal.aborted) {
        this.log.debug("what is kept of an object that is gone could not be removed", {
          configMap: keyText(keyFor(owner, address)),
          error,
        });
      }
    }
  }
}
