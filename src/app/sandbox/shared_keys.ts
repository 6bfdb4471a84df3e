/** Keys and claims that all coordinators on one store share. */
import { isOld, type KeyRecord, type Keys, keysAt, processKeys, rotated } from "../../mcp/keys/key_ring.ts";
import type { SharedKeys } from "../../mcp/keys/mod.ts";
import type { PlanClaimStore } from "../../mcp/confirm/mod.ts";
import type { RedisClaims, RedisText } from "../../sessions/store/redis/shared_text.ts";
import { type Clock, sleep, systemClock, whenAborted } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { z } from "zod";

export interface StoredKeysOptions {
  /** Where they are kept, as one text. */
  readonly text: Pick<RedisText, "read" | "replace">;
  /** Called for every key, so that no log has it. */
  readonly keepSecret: (text: string) => void;
  readonly log: Logger;
  /** Between two looks, in milliseconds. @default {20_000} */
  readonly lookMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** Others may write them at the same time, so often at most. */
const MOST_TRIES = 5;
/** Between two looks while nothing is known yet. */
const FIRST_MS = 500;
const MINUTE_MS = 60_000;

const key = z.base64().transform((text) => Uint8Array.fromBase64(text)).refine(({ length }) => length >= 32);
const keptSchema = z.object({ current: key, previous: key.optional(), since: z.number() });

/** Signing keys that the first coordinator makes, and any of them renews; nothing is asked before `run`. */
export class StoredKeys implements SharedKeys {
  trouble = "they have not been read yet";
  readonly #options: StoredKeysOptions;
  readonly #now: () => number;
  readonly #own = processKeys();
  readonly #ready = Promise.withResolvers<void>();
  #record: KeyRecord | undefined;

  constructor(options: StoredKeysOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  keys(): Keys {
    return this.#record === undefined ? this.#own() : keysAt(this.#record, this.#now());
  }

  async whenReady(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#ready.promise, whenAborted(signal)]);
    signal.throwIfAborted();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock = systemClock, lookMs = 20_000, log } = this.#options;
    while (!signal.aborted) {
      try {
        this.#take(await this.#read(signal));
        this.trouble = "";
        this.#ready.resolve();
      } catch (error) {
        if (signal.aborted) return;
        // What is known stays good for days.
        if (this.#record === undefined) {
          this.trouble = `they cannot be read: ${error instanceof Error ? error.message : String(error)}`;
        } else log.debug("the signing keys cannot be read now", { error });
      }
      await sleep(this.#record === undefined ? Math.min(FIRST_MS, lookMs) : lookMs, signal, clock);
    }
  }

  #take(record: KeyRecord): void {
    if (this.#record?.since === record.since) return;
    for (const one of [record.current, record.previous]) {
      if (one !== undefined) this.#options.keepSecret(one.toBase64());
    }
    this.#record = record;
  }

  /** The keys as they are, made or renewed where that is due. */
  async #read(signal: AbortSignal): Promise<KeyRecord> {
    const { text, log } = this.#options;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const kept = await text.read(signal);
      const record = recordOf(kept);
      if (kept !== undefined && record === undefined) {
        log.warn(
          "the signing keys in the store cannot be read: new ones are made, and sessions of clients begin anew",
        );
      }
      if (record !== undefined && !isOld(record, this.#now())) return record;
      const next = rotated(record, this.#now());
      if (await text.replace(kept, textOf(next), signal)) {
        log.info(record === undefined ? "signing keys were made" : "signing keys were renewed");
        return next;
      }
    }
    throw new Error("others write the signing keys again and again");
  }
}

/** Plans that were carried out, each once at whichever coordinator. */
export function storedClaims(
  claims: Pick<RedisClaims, "claim">,
  now: () => number = Date.now,
): PlanClaimStore {
  return {
    // Clocks differ: a little longer than its token is good.
    claim: (nonce, until, signal) => claims.claim(nonce, Math.max(0, until - now()) + MINUTE_MS, signal),
    run: (signal) => whenAborted(signal),
  };
}

function textOf({ current, previous, since }: KeyRecord): string {
  return JSON.stringify({ current: current.toBase64(), previous: previous?.toBase64(), since });
}

function recordOf(text: string | undefined): KeyRecord | undefined {
  try {
    return text === undefined ? undefined : keptSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
