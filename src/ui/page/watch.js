/**
 * Following the server's events for as long as the page is open, over every break.
 *
 * @typedef {{ kind: "connecting" }
 *   | { kind: "live" }
 *   | { kind: "waiting", until: number, message: string }
 *   | { kind: "refused", message: string }
 *   | { kind: "signedOut", message: string }} Link how the page hangs on the server
 */
import { Refused, SignedOut, wordsOfError } from "./api.js";
import { backoff, pause, retryAfter } from "./backoff.js";
import { sseEvents } from "./sse.js";
import { oneLine } from "./text.js";

/** The server says something every 15 s; one that is silent for so long is gone. */
const SILENCE_MS = 45_000;

/** A stream that lasted so long was a good one. */
const GOOD_MS = 10_000;

/** Refusals that do not end by waiting. */
const FINAL = [400, 403, 404];

/**
 * @typedef {object} Watching
 * @property {import("./api.js").Api} api
 * @property {(kind: string, data: unknown) => void} apply
 * @property {(link: Link) => void} told
 * @property {AbortSignal} signal ends it
 * @property {EventTarget} early `wake` on it ends a wait
 * @property {() => number} [now]
 * @property {() => number} [chance]
 * @property {number} [silenceMs]
 */

/** Ends when it is aborted, or somebody has to do something first. @param {Watching} how */
export async function watch({
  api,
  apply,
  told,
  signal,
  early,
  now = Date.now,
  chance = Math.random,
  silenceMs = SILENCE_MS,
}) {
  let failures = 0;
  while (!signal.aborted) {
    const since = now();
    told({ kind: "connecting" });
    let message = "The server ended the connection.";
    let asked = 0;
    try {
      message = await follow(api, apply, () => told({ kind: "live" }), signal, silenceMs) || message;
    } catch (error) {
      if (signal.aborted) return;
      message = wordsOfError(error);
      if (error instanceof SignedOut) return told({ kind: "signedOut", message });
      if (error instanceof Refused && FINAL.includes(error.status)) return told({ kind: "refused", message });
      if (error instanceof Refused) asked = retryAfter(error.retryAfter, now());
    }
    if (signal.aborted) return;
    failures = now() - since > GOOD_MS ? 1 : failures + 1;
    const wait = Math.max(asked, backoff(failures, chance()));
    told({ kind: "waiting", until: now() + wait, message });
    await pause(wait, signal, early);
  }
}

/**
 * One stream, to its end; gives the server's last word.
 *
 * @param {import("./api.js").Api} api
 * @param {(kind: string, data: unknown) => void} apply
 * @param {() => void} live
 * @param {AbortSignal} signal
 * @param {number} silenceMs
 * @returns {Promise<string>}
 */
async function follow(api, apply, live, signal, silenceMs) {
  const silence = new AbortController();
  const gone = () => silence.abort(new Error("The server has said nothing for a while."));
  let timer = setTimeout(gone, silenceMs);
  try {
    const either = AbortSignal.any([signal, silence.signal]);
    const { body } = await api.get("api/events", { accept: "text/event-stream", signal: either });
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(gone, silenceMs);
    };
    for await (const { event, data } of sseEvents(body, heard)) {
      const told = JSON.parse(data);
      if (event === "end") return oneLine(told?.message, 300);
      apply(event, told);
      if (event === "hello") live();
    }
    return "";
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}
