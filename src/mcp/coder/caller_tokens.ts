/**
 * Short-lived tokens for the Coder users that callers are: made with the operator's access, kept in memory alone, shared by
 * a caller's calls, and deleted when nobody has needed them for a while.
 */
import { ActionError } from "../../actions/mod.ts";
import { unlessAborted } from "../../caller/unless_aborted.ts";
import { type CoderClient, CoderError, isInvalid, tokenId } from "../../coder/mod.ts";
import { type CoderUserRule, type KubeUser, mapCoderUser } from "../../identity/mod.ts";
import type { Backend } from "../../inventory/mod.ts";
import { type Clock, settlesWithin, sleep, systemClock } from "../../telemetry/clock.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { type CoderUserFound, findCoderUser } from "./coder_user.ts";
import { deleteLeftovers, newTokenName } from "./leftovers.ts";

/** What is needed of a Coder. */
export type TokenBackend = Pick<Backend, "id" | "uid" | "open">;

/** A caller in one Coder. */
export type CallerClient =
  | { readonly is: "user"; readonly client: CoderClient; readonly username: string }
  | { readonly is: "nobody"; readonly why: string };

export interface CallerTokensOptions {
  /** Whom callers are in Coder. */
  readonly rule: CoderUserRule;
  /** Called for every token, so that no log has it. The function that is returned is called when it is deleted. */
  readonly keepSecret: (token: string) => () => void;
  /** How long tokens live, in milliseconds. @default {900_000} */
  readonly lifetimeMs?: number;
  /** With less than that left a new one is made, in milliseconds. @default {300_000} */
  readonly renewMs?: number;
  /** Without a call for so long they are deleted, in milliseconds. @default {300_000} */
  readonly idleMs?: number;
  /** How many there are at most. @default {500} */
  readonly mostTokens?: number;
  /** How long making one may take, whoever waits, in milliseconds. @default {10_000} */
  readonly mintMs?: number;
  /** How long deleting all of them may take at the end, in milliseconds. @default {3_000} */
  readonly closeMs?: number;
  readonly clock?: Clock;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: () => number;
  readonly log?: Logger;
  readonly metrics?: Metrics;
}

/** One token. */
interface Token {
  readonly backend: TokenBackend;
  readonly user: { readonly id: string; readonly username: string };
  readonly token: string;
  /** By the clock. */
  readonly until: number;
  readonly forget: () => void;
  /** The client that it was made with, and the one with it. */
  base: CoderClient;
  client: CoderClient;
  /** By the clock. */
  usedAt: number;
}

interface Entry {
  token: Token | undefined;
  /** Why there is none, and until when that is believed. */
  nobody: { readonly found: Exclude<CoderUserFound, { is: "user" }>; readonly until: number } | undefined;
  making: Promise<void> | undefined;
}

/** That somebody has no user is believed so long, in milliseconds. */
const NOBODY_MS = 30_000;
/** A token that was replaced may be in use for so long, in milliseconds. */
const RETIRE_MS = 120_000;
/** One that was used so lately is not deleted for another caller, in milliseconds. */
const BUSY_MS = 60_000;
/** Between two looks at what is idle, in milliseconds. */
const LOOK_MS = 15_000;
const MOST_KNOWN = 4_096;
const DELETE_TIMEOUT_MS = 5_000;

export class CallerTokens {
  readonly #options: CallerTokensOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #entries = new Map<string, Entry>();
  /** No longer given out, and deleted at `due`. */
  readonly #retired = new Map<Token, number>();
  readonly #count: (result: string) => void;
  #isClosed = false;

  constructor(options: CallerTokensOptions) {
    const { metrics = noMetrics, clock = systemClock, log = silentLogger } = options;
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    const tokens = metrics.counter(
      "coder_k8s_mcp_coder_tokens_total",
      "Short-lived tokens of callers in Coder: minted, deleted, left to expire, leftovers of others that were deleted, and failures to mint one.",
      ["result"],
    );
    this.#count = (result) => tokens.inc({ result });
    metrics.gauge(
      "coder_k8s_mcp_coder_tokens",
      "Short-lived tokens of callers in Coder that are kept now.",
      [],
      (gauge) => gauge.set({}, this.size),
    );
  }

  /** Tokens that are kept. */
  get size(): number {
    let size = this.#retired.size;
    for (const { token } of this.#entries.values()) if (token !== undefined) size++;
    return size;
  }

  /**
   * A client with a user's own rights. Rejects with `ActionError` where Coder does not want them, with Coder's errors where
   * it cannot be asked, and with the reason of `signal`, which ends this wait alone.
   */
  async open(
    backend: TokenBackend,
    user: Pick<KubeUser, "name">,
    signal: AbortSignal,
  ): Promise<CallerClient> {
    if (this.#isClosed) throw new ActionError("conflict", "this server is being ended: try again");
    const mapped = mapCoderUser(user, this.#options.rule);
    if (mapped.by === "nobody") return { is: "nobody", why: mapped.why };
    const key = JSON.stringify([backend.id, backend.uid, mapped.by, mapped.value]);
    for (let tries = 0;; tries++) {
      const base = await unlessAborted(promptOf(backend, signal), signal);
      const entry = this.#entry(key);
      const given = this.#given(entry, base);
      const isLate = given?.is === "user" &&
        entry.token!.until - this.#clock.now() < (this.#options.renewMs ?? 300_000);
      const making = given === undefined || isLate ? this.#making(key, entry, backend, user) : undefined;
      if (given !== undefined) {
        // Whoever waits for the next one is told what goes wrong; here there is one that is good yet.
        making?.catch(() => {});
        return given;
      }
      if (tries >= 2) {
        throw new ActionError("conflict", "the access to Coder is taken away all the time: try again");
      }
      await unlessAborted(making!, signal);
    }
  }

  /** Deletes what nobody needs, until `signal` aborts; then `close` is to be called. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(LOOK_MS, signal, this.#clock);
      if (!signal.aborted) await this.sweep();
    }
  }

  /** Deletes what nobody needs now. */
  async sweep(): Promise<void> {
    const now = this.#clock.now();
    const { idleMs = 300_000 } = this.#options;
    for (const [key, entry] of this.#entries) {
      const { token, nobody, making } = entry;
      if (token !== undefined && (now - token.usedAt >= idleMs || now >= token.until)) {
        entry.token = undefined;
        this.#retired.set(token, now);
      }
      const isKnown = entry.token !== undefined || making !== undefined ||
        nobody !== undefined && now < nobody.until;
      if (!isKnown) this.#entries.delete(key);
    }
    const due = [...this.#retired].filter(([, at]) => at <= now).map(([token]) => token);
    await Promise.all(due.map((token) => this.#delete(token)));
  }

  /** Deletes all of them, as far as that is possible in time; nobody gets one any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const entry of this.#entries.values()) {
      if (entry.token !== undefined) this.#retired.set(entry.token, 0);
      entry.token = undefined;
    }
    const left = [...this.#retired.keys()];
    const making = [...this.#entries.values()].map((entry) => entry.making?.catch(() => {}));
    const all = Promise.all([...left.map((token) => this.#delete(token)), ...making]);
    if (!await settlesWithin(all, this.#options.closeMs ?? 3_000, this.#clock)) {
      this.#log.warn("tokens of callers in Coder are left to expire", { tokens: this.#retired.size });
    }
    for (const token of this.#retired.keys()) {
      this.#count("expiring");
      token.forget();
    }
    this.#retired.clear();
    this.#entries.clear();
  }

  #entry(key: string): Entry {
    const entry = this.#entries.get(key) ?? { token: undefined, nobody: undefined, making: undefined };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > MOST_KNOWN) {
      for (const [other, { token, making }] of this.#entries) {
        if (token === undefined && making === undefined && other !== key) {
          this.#entries.delete(other);
          break;
        }
      }
    }
    return entry;
  }

  /** What is known; undefined where it has to be found out. */
  #given({ token, nobody }: Entry, base: CoderClient): CallerClient | undefined {
    const now = this.#clock.now();
    if (token !== undefined && now < token.until) {
      // Its address, or the operator's own token, may be another one now.
      if (token.base !== base) Object.assign(token, { base, client: this.#with(base, token) });
      token.usedAt = now;
      return { is: "user", client: token.client, username: token.user.username };
    }
    if (nobody === undefined || now >= nobody.until) return undefined;
    if (nobody.found.is === "refused") throw new ActionError("forbidden", nobody.found.why);
    return nobody.found;
  }

  #with(base: CoderClient, { token }: Pick<Token, "token">): CoderClient {
    return base.as!(token, () => this.#refused(token));
  }

  /** Somebody has deleted it, or suspended its user: the next call finds out. */
  #refused(refused: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.token?.token !== refused) continue;
      entry.token.forget();
      entry.token = undefined;
      this.#count("refused");
    }
  }

  #making(key: string, entry: Entry, backend: TokenBackend, user: Pick<KubeUser, "name">): Promise<void> {
    return entry.making ??= this.#make(entry, backend, user).finally(() => {
      entry.making = undefined;
      this.#entries.set(key, entry);
    });
  }

  async #make(entry: Entry, backend: TokenBackend, user: Pick<KubeUser, "name">): Promise<void> {
    const { rule, mintMs = 10_000, lifetimeMs = 900_000, keepSecret, now = Date.now } = this.#options;
    const signal = AbortSignal.timeout(mintMs);
    const base = await promptOf(backend, signal);
    if (base.as === undefined) throw new TypeError("This client of Coder takes no other token.");
    const found = await findCoderUser(base, mapCoderUser(user, rule), { signal });
    if (found.is !== "user") {
      entry.nobody = { found, until: this.#clock.now() + NOBODY_MS };
      if (entry.token !== undefined) this.#retired.set(entry.token, this.#clock.now());
      entry.token = undefined;
      return;
    }
    this.#makeRoom();
    const from = this.#clock.now();
    const minted = await this.#mint(base, found.id, lifetimeMs, signal);
    const token: Token = {
      backend,
      user: found,
      token: minted.token,
      until: from + minted.lifetimeMs,
      forget: keepSecret(minted.token),
      base,
      client: base,
      usedAt: this.#clock.now(),
    };
    token.client = this.#with(base, token);
    if (this.#isClosed) return void await this.#delete(token);
    if (entry.token !== undefined) this.#retired.set(entry.token, this.#clock.now() + RETIRE_MS);
    entry.token = token;
    entry.nobody = undefined;
    this.#log.debug("a token was made for a Coder user", { coder: backend.id, user: found.username });
    deleteLeftovers(base, found.id, now()).then((count) => {
      for (let one = 0; one < count; one++) this.#count("leftover");
    }, (error) => this.#log.debug("leftover tokens cannot be looked for", { coder: backend.id, error }));
  }

  async #mint(
    base: CoderClient,
    user: string,
    lifetimeMs: number,
    signal: AbortSignal,
  ): Promise<{ readonly token: string; readonly lifetimeMs: number }> {
    const make = async (lifetimeMs: number) => {
      const { sessionToken } = await base.tokens.create(user, { name: newTokenName(), lifetimeMs }, {
        signal,
      });
      this.#count("minted");
      return { token: sessionToken, lifetimeMs };
    };
    try {
      return await make(lifetimeMs);
    } catch (error) {
      try {
        if (!isInvalid(error)) throw error;
        // Some deployments take none that live so long.
        const { maxLifetimeMs } = await base.tokens.config(user, { signal });
        if (!(maxLifetimeMs > 1_000 && maxLifetimeMs <= lifetimeMs)) throw error;
        return await make(maxLifetimeMs - 1_000);
      } catch (error) {
        this.#count("failed");
        throw error;
      }
    }
  }

  /** The one that was not used for longest goes, unless all are in use. */
  #makeRoom(): void {
    const { mostTokens = 500 } = this.#options;
    if (this.size < mostTokens) return;
    let oldest: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.token !== undefined && entry.token.usedAt < (oldest?.token?.usedAt ?? Infinity)) {
        oldest = entry;
      }
    }
    const now = this.#clock.now();
    if (oldest?.token === undefined || now - oldest.token.usedAt < BUSY_MS) {
      throw new ActionError(
        "conflict",
        `${mostTokens} users work in Coder by this server just now: try again later`,
      );
    }
    const { token } = oldest;
    oldest.token = undefined;
    this.#retired.set(token, now);
    this.#delete(token).catch(() => {});
  }

  /** Where Coder cannot be asked, it is tried again until it has expired by itself. Never rejects. */
  async #delete(token: Token): Promise<void> {
    const { backend, user, until, base, token: secret } = token;
    const signal = AbortSignal.timeout(DELETE_TIMEOUT_MS);
    try {
      // At the end, nobody opens anything any more.
      const client = this.#isClosed ? base : await promptOf(backend, signal);
      await client.tokens.delete(user.id, tokenId(secret) ?? "", { signal });
      this.#count("deleted");
    } catch (error) {
      if (this.#clock.now() < until && this.#retired.has(token)) return;
      if (!(error instanceof CoderError)) this.#log.debug("a token of a caller is left to expire", { error });
      this.#count("expiring");
    }
    this.#retired.delete(token);
    token.forget();
  }
}

/** Somebody waits for what is done by it. */
async function promptOf(backend: TokenBackend, signal: AbortSignal): Promise<CoderClient> {
  const client = await backend.open(signal);
  return client.prompt ?? client;
}
