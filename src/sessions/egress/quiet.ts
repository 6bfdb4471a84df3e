/** Lines of log that a session can cause at will: so many a minute, and then how many there were. */
import type { LogFields, Logger } from "../../telemetry/logger.ts";
import { type Clock, systemClock } from "../../telemetry/clock.ts";

const WINDOW_MS = 60_000;
const PER_WINDOW = 10;

export class Quiet {
  readonly #windows = new Map<string, { readonly began: number; count: number }>();

  constructor(readonly log: Logger, readonly clock: Clock = systemClock) {}

  /** `key` is who causes it. */
  info(key: string, message: string, fields: LogFields): void {
    const now = this.clock.now();
    let window = this.#windows.get(key);
    if (window === undefined || now - window.began >= WINDOW_MS) {
      if (this.#windows.size > 1_000) this.#forget(now);
      const dropped = Math.max(0, (window?.count ?? 0) - PER_WINDOW);
      if (dropped > 0) {
        this.log.info(`${message}; ${dropped} more lines of it were left out`, { session_id: key });
      }
      this.#windows.set(key, window = { began: now, count: 0 });
    }
    if (++window.count <= PER_WINDOW) this.log.info(message, fields);
  }

  #forget(now: number): void {
    for (const [key, window] of this.#windows) {
      if (now - window.began >= WINDOW_MS) this.#windows.delete(key);
    }
  }
}
