/** Asking the server, as whoever is signed in. Refusals become words. */
import { oneLine } from "./text.js";

/** The sign-in is not, or no longer, taken. */
export class SignedOut extends Error {
  /** @override */
  name = "SignedOut";
}

/** The server answered, and not with what was asked for. */
export class Refused extends Error {
  /** @override */
  name = "Refused";

  /** @param {string} message @param {number} status @param {string | null} retryAfter its header */
  constructor(message, status, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Of an answer that is no success, at most so much is read. */
const MAX_WORDS = 64 * 1024;

/** @type {Readonly<Record<number, string>>} */
const WORDS = {
  400: "The server did not understand the question.",
  403: "You are signed in, and may not see this.",
  404: "The server has nothing here; it may be of another version, or without this page's data.",
  429: "There are too many requests or open pages of yours just now.",
  500: "The server failed.",
  502: "What is between this page and the server cannot reach it.",
  503: "The server cannot answer just now.",
  504: "The server took too long.",
};

export class Api {
  #credentials;
  #fetch;
  #base;

  /**
   * @param {import("./credentials.js").Credentials} credentials
   * @param {string} base of `api/…`, such as `https://host/ui/`
   * @param {typeof fetch} [request]
   */
  constructor(credentials, base, request = (...args) => fetch(...args)) {
    this.#credentials = credentials;
    this.#base = base;
    this.#fetch = request;
  }

  /**
   * A successful answer. Where a token is refused, and there is another one, that is tried.
   *
   * @param {string} path such as `api/events`
   * @param {{ query?: Record<string, string>, accept?: string, signal: AbortSignal }} how
   * @returns {Promise<Response & { body: ReadableStream<Uint8Array> }>}
   * @throws {SignedOut | Refused | TypeError} a TypeError: the server was not reached
   */
  async get(path, { query = {}, accept = "application/json", signal }) {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    while (true) {
      const token = await this.#credentials.current(signal);
      const response = await this.#fetch(url, {
        headers: { accept, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
        cache: "no-store",
        credentials: "same-origin",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal,
      });
      if (response.status === 401) {
        const words = await wordsOf(response);
        if (await this.#credentials.refused(token, signal)) continue;
        throw new SignedOut(words || "The server does not take this token.");
      }
      if (response.ok && response.body !== null) {
        return /** @type {Response & { body: ReadableStream<Uint8Array> }} */ (response);
      }
      const words = await wordsOf(response);
      const general = WORDS[response.status] ?? `The server answered with status ${response.status}.`;
      const after = response.headers.get("retry-after");
      throw new Refused(words === "" ? general : `${general} It says: ${words}`, response.status, after);
    }
  }
}

/** What an answer says of itself: `message` or `error` of JSON, or plain text; HTML of gateways says nothing. @param {Response} response */
async function wordsOf(response) {
  const type = response.headers.get("content-type") ?? "";
  const text = await firstOf(response).catch(() => "");
  if (type.includes("json")) {
    try {
      const { message, error } = JSON.parse(text);
      return oneLine(message, 500) || oneLine(error, 500) || oneLine(error?.message, 500);
    } catch {
      return "";
    }
  }
  return type.startsWith("text/plain") ? oneLine(text, 500) : "";
}

/** @param {Response} response */
async function firstOf(response) {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < MAX_WORDS) {
    const { value, done } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

/** Of anything that was thrown, in words for people. @param {unknown} error @returns {string} */
export function wordsOfError(error) {
  if (error instanceof SignedOut || error instanceof Refused) return error.message;
  if (error instanceof TypeError) return "The server was not reached.";
  if (error instanceof SyntaxError) return "The server's answer was not understood.";
  return error instanceof Error ? oneLine(error.message, 500) : "Something failed.";
}
