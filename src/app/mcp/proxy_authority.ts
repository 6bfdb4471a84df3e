/** Trusted proxies whose authority is in a file: it is read again, as such files are replaced before they expire. */
import type { RequestHeaderConfig } from "../../identity/mod.ts";
import { trustedProxy } from "../../identity/trusted_proxy.ts";
import type { Logger } from "../../telemetry/logger.ts";

export interface ProxyAuthorityOptions {
  /** What was read at the start. */
  readonly first: RequestHeaderConfig;
  readonly file: string;
  readonly log: Logger;
  /** It is looked at no more often, in milliseconds. @default {30_000} */
  readonly everyMs?: number;
  /** Milliseconds of any clock that does not go back. @default {performance.now} */
  readonly now?: () => number;
  /** @default {Deno.readTextFile} */
  readonly read?: (file: string) => Promise<string>;
}

/** Looks at the file beside the calls that come, and needs no timer. */
export class ProxyAuthority {
  readonly #options: ProxyAuthorityOptions;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #current: RequestHeaderConfig;
  #lookedAt: number;
  #trouble = "";

  constructor(options: ProxyAuthorityOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#current = options.first;
    this.#lookedAt = this.#now();
  }

  /** The last good one. */
  get current(): RequestHeaderConfig {
    return this.#current;
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Somebody calls: looks at the file if it is time. Resolves once that is done, and never rejects. */
  async look(): Promise<void> {
    const { everyMs = 30_000, file, read = Deno.readTextFile, log } = this.#options;
    if (this.#now() - this.#lookedAt < everyMs) return;
    this.#lookedAt = this.#now();
    try {
      const caPem = await read(file);
      this.#trouble = "";
      if (caPem === this.#current.ca.pem) return;
      this.#current = trustedProxy({ caPem, allowedNames: this.#current.allowedNames });
      log.info("the authority of trusted proxies was read again", { file });
      for (const listener of [...this.#listeners]) listener();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== this.#trouble) {
        log.warn("the authority of trusted proxies cannot be read again", { file, why });
      }
      this.#trouble = why;
    }
  }
}
