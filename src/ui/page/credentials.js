/**
 * Who is signed in, in memory. In `sessionStorage` only if the person asked for that: until the tab is closed. Never in
 * `localStorage`, never in an address.
 *
 * @typedef {object} SignIn
 * @property {readonly string[]} tokens the one that is used first; the next where the server does not take that
 * @property {string | undefined} [refresh] gets new ones
 * @property {number | undefined} [until] when the first is of no more use, milliseconds since 1970
 *
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store
 * @typedef {(refresh: string, signal: AbortSignal) => Promise<SignIn>} Renew throws where there will be no new ones
 */

const KEY = "coder-k8s.sign-in";

/** A token is renewed so long before its end. */
const EARLY_MS = 30_000;

/** Longer ones are nobody's. */
export const MAX_TOKEN = 16 * 1024;

export class Credentials {
  /** @type {SignIn | undefined} */
  #signIn = undefined;
  /** @type {Promise<void> | undefined} */
  #renewing = undefined;
  #isKept = false;
  #store;
  #renew;
  #now;

  /**
   * @param {Store} store
   * @param {Renew} renew
   * @param {() => number} [now]
   */
  constructor(store, renew, now = Date.now) {
    this.#store = store;
    this.#renew = renew;
    this.#now = now;
  }

  get isThere() {
    return this.#signIn !== undefined;
  }

  /**
   * @param {SignIn} signIn
   * @param {boolean} keep until this tab is closed
   */
  use(signIn, keep) {
    this.#signIn = signIn;
    this.#isKept = keep;
    this.#write();
  }

  /** What was kept in this tab, if anything was. @returns {boolean} */
  restore() {
    const text = quietly(() => this.#store.getItem(KEY)) ?? null;
    const found = text === null ? undefined : parse(text);
    if (found === undefined) return false;
    this.#signIn = found;
    this.#isKept = true;
    return true;
  }

  /** Forgets all of it. @returns {SignIn | undefined} what there was */
  forget() {
    const old = this.#signIn;
    this.#signIn = undefined;
    this.#renewing = undefined;
    quietly(() => this.#store.removeItem(KEY));
    return old;
  }

  /** The token to ask with, renewed where its end is near; undefined: nobody is signed in. @param {AbortSignal} signal */
  async current(signal) {
    const { until = Infinity, refresh } = this.#signIn ?? {};
    if (refresh !== undefined && this.#now() > until - EARLY_MS) {
      // One that cannot be renewed may still be good for some seconds; the server says when it is not.
      await this.#renewed(signal).catch(() => {});
    }
    return this.#signIn?.tokens[0];
  }

  /**
   * The server does not take a token.
   *
   * @param {string | undefined} token
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} whether there is another one now
   */
  async refused(token, signal) {
    const signIn = this.#signIn;
    if (signIn === undefined || token === undefined) return false;
    if (signIn.tokens[0] !== token) return true;
    if (signIn.tokens.length > 1) {
      this.#signIn = { ...signIn, tokens: signIn.tokens.slice(1) };
      this.#write();
      return true;
    }
    if (signIn.refresh === undefined) return false;
    try {
      await this.#renewed(signal);
    } catch {
      return false;
    }
    return this.#signIn !== undefined && this.#signIn.tokens[0] !== token;
  }

  /** Whoever needs it waits for the one renewal: a refresh token is often good for one. @param {AbortSignal} signal */
  #renewed(signal) {
    const old = this.#signIn;
    const refresh = old?.refresh;
    if (old === undefined || refresh === undefined) {
      return Promise.reject(new Error("there is nothing to renew with"));
    }
    return this.#renewing ??= this.#renew(refresh, signal).then((next) => {
      // Somebody signed out, or in anew, meanwhile.
      if (this.#signIn !== old) return;
      this.use({ ...next, refresh: next.refresh ?? refresh }, this.#isKept);
    }, (error) => {
      // Without it nobody asks again and again for what is refused.
      if (this.#signIn === old && error instanceof NoRenewal) {
        this.#signIn = { ...old, refresh: undefined };
        this.#write();
      }
      throw error;
    }).finally(() => {
      this.#renewing = undefined;
    });
  }

  #write() {
    if (!this.#isKept || this.#signIn === undefined) quietly(() => this.#store.removeItem(KEY));
    else quietly(() => this.#store.setItem(KEY, JSON.stringify(this.#signIn)));
  }
}

/** The issuer gives no new tokens, now or later. */
export class NoRenewal extends Error {
  /** @override */
  name = "NoRenewal";
}

/**
 * A token as people paste it: blanks and line breaks around and `Bearer` before it are not of it.
 *
 * @param {string} text
 * @returns {{ token: string } | { problem: string }}
 */
export function pastedToken(text) {
  const token = text.trim().replace(/^(authorization:\s*)?bearer(\s+|$)/i, "");
  if (token === "") return { problem: "Paste a token first." };
  if (token.length > MAX_TOKEN) return { problem: "This is too long to be a token." };
  if (!/^[\x21-\x7e]+$/.test(token)) {
    return { problem: "This is no token: it has blanks or characters in it that no token has." };
  }
  return { token };
}

/** @param {string} text @returns {SignIn | undefined} */
function parse(text) {
  try {
    const { tokens, refresh, until } = JSON.parse(text);
    if (
      !Array.isArray(tokens) || tokens.length === 0 || !tokens.every((token) => typeof token === "string")
    ) {
      return undefined;
    }
    return {
      tokens,
      ...(typeof refresh === "string" ? { refresh } : {}),
      ...(typeof until === "number" ? { until } : {}),
    };
  } catch {
    return undefined;
  }
}

/** Storage may be turned off in a browser, and then throws. @template T @param {() => T} run @returns {T | undefined} */
function quietly(run) {
  try {
    return run();
  } catch {
    return undefined;
  }
}
