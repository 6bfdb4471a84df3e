/** The keys of an issuer: read when they are needed, kept, and read anew when a token names one that is not known. */
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import type { Clock } from "../kube/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import { discoverKeysUrl, type FetchJson, readKeys } from "./oidc_documents.ts";

export interface OidcKeysOptions {
  readonly issuer: string;
  /** @default {as the issuer's discovery document says} */
  readonly jwksUrl?: string | undefined;
  readonly fetchJson: FetchJson;
  /** Keys that were read so long ago are read anew, in milliseconds; until then, and while they cannot be, they count. */
  readonly maxAgeMs: number;
  /** They are never asked for more often, in milliseconds, however many tokens name unknown keys. */
  readonly minAgeMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The keys cannot be had, and there are none from before. */
export class NoKeysError extends Error {
  override readonly name = "NoKeysError";
}

/** See the file's head. */
export class OidcKeys {
  readonly #options: OidcKeysOptions;
  #known: JWTVerifyGetKey | undefined;
  #readAt = -Infinity;
  #triedAt = -Infinity;
  #reading: Promise<void> | undefined;
  /** Why the last attempt failed. */
  #trouble = "";

  constructor(options: OidcKeysOptions) {
    this.#options = options;
  }

  /**
   * The key of a token.
   *
   * @throws {NoKeysError} where no keys are known; jose's `JWKSNoMatchingKey` where none fits
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const { maxAgeMs, clock } = this.#options;
    if (this.#known === undefined) await this.#read();
    // The answer need not wait for keys that are only old.
    else if (clock.now() - this.#readAt > maxAgeMs) void this.#read();
    if (this.#known === undefined) throw new NoKeysError(this.#trouble);
    try {
      return await this.#known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#read();
      return await this.#known(header, token);
    }
  };

  /** Reads them, unless that was tried just now. Never rejects. */
  #read(): Promise<void> {
    if (this.#reading !== undefined) return this.#reading;
    const { clock, minAgeMs } = this.#options;
    if (clock.now() - this.#triedAt < minAgeMs) return Promise.resolve();
    this.#triedAt = clock.now();
    this.#reading = this.#readNow().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  async #readNow(): Promise<void> {
    const { issuer, jwksUrl, fetchJson, log, clock } = this.#options;
    try {
      // Where they are may change with them.
      const keys = await readKeys(jwksUrl ?? await discoverKeysUrl(issuer, fetchJson), fetchJson);
      this.#known = createLocalJWKSet(keys);
      this.#readAt = clock.now();
      this.#trouble = "";
      log.debug("the issuer's keys were read", { issuer, keys: keys.keys.length });
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
      const isKept = this.#known !== undefined;
      log.warn("the issuer's keys cannot be read", { issuer, why: this.#trouble, isKept });
    }
  }
}
