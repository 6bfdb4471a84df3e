/** How many requests are left, where two sides are asked side by side. */
import type { Looker } from "../look.ts";

/** No diagnosis takes more requests. */
export const MOST_REQUESTS = 15;
/** Coder is asked that often at most. */
const OF_CODER = 3;

/** What is left while `coder` may still ask. */
export class Budget {
  #isCoderDone = false;

  constructor(readonly looker: Looker, coder: Promise<void>) {
    const done = () => void (this.#isCoderDone = true);
    coder.then(done, done);
  }

  /** Requests that nobody else needs. */
  get left(): number {
    const { kubernetes, coder } = this.looker.calls;
    return Math.max(0, MOST_REQUESTS - kubernetes - (this.#isCoderDone ? coder : OF_CODER));
  }

  /** Runs those for which there is a request left, side by side, the most important first. */
  async spend(looks: readonly (() => Promise<void>)[]): Promise<void> {
    await Promise.all(looks.slice(0, this.left).map((look) => look()));
  }
}
