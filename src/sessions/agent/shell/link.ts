/** The way to one session in its workspace: channels that are opened when they are needed, and requests done once. */
import type { Terminal } from "../../../coder/terminal.ts";
import { type Clock, systemClock } from "../../../telemetry/clock.ts";
import type { Logger } from "../../../telemetry/logger.ts";
import { SessionError } from "../../types.ts";
import { TerminalPace } from "../terminal_pace.ts";
import { type Ask, Channel, ChannelBroken, encodedLength } from "./channel.ts";
import { oneLine } from "./errors.ts";
import { call } from "./quote.ts";

export interface LinkOptions {
  readonly session: string;
  /** Opens a terminal as whoever called last. Rejects with `SessionError`. */
  readonly open: (command: string, signal: AbortSignal) => Promise<Terminal>;
  readonly log: Logger;
  /** Channels at once. @default {8} */
  readonly most?: number | undefined;
  /** Milliseconds after which a channel that nobody needs is closed; one stays. @default {60_000} */
  readonly idleMs?: number | undefined;
  /** For pauses between terminals. @default {systemClock} */
  readonly clock?: Clock | undefined;
  /** In [0, 1), for the same. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** How often a request that changes nothing is asked anew, where its terminal broke. */
const ATTEMPTS = 8;
/** For what has to be done in any case, such as ending what was asked. */
const CLEANUP_MS = 30_000;
/** The longest that a call waits until a terminal may be opened, where they are dropped at once. */
const TURN_MS = 10_000;
/** Bodies up to this size travel in the request. */
const EMBEDDED = 4_096;

export class Link {
  readonly #options: LinkOptions;
  readonly #idle: { readonly channel: Channel; readonly since: number }[] = [];
  readonly #waiting = new Set<() => void>();
  /** Since when. */
  readonly #live = new Map<Channel, number>();
  readonly #acknowledged: string[] = [];
  readonly #clock: Clock;
  readonly #pace: TerminalPace;
  readonly #timer: ReturnType<typeof setInterval>;
  #opening = 0;
  #isClosed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#pace = new TerminalPace(options.random);
    this.#timer = setInterval(() => this.#tidy(), 10_000);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /**
   * What the code printed. It is run again where its terminal breaks: it must change nothing.
   * Rejects with `SessionError` and with the reason of `signal`.
   */
  async ask(code: string, signal: AbortSignal, options: Omit<Ask, "body"> = {}): Promise<Uint8Array> {
    for (let attempt = 1;; attempt++) {
      const channel = await this.#acquire(signal).catch(this.#refused(attempt, signal));
      if (channel === undefined) continue;
      try {
        return await channel.ask(code, options, signal);
      } catch (error) {
        this.#forget(channel, signal.aborted);
        if (!(error instanceof ChannelBroken)) throw error;
        if (attempt >= ATTEMPTS || this.#isClosed) throw unavailable(error, this.#options.session, signal);
      } finally {
        this.#release(channel);
      }
    }
  }

  /**
   * As {@linkcode ask}, for what changes something: it is done once, whatever becomes of its terminal; the workspace knows
   * what was begun. `body` is in the file `$W` then. Where it is not known whether it was done: `unknown_outcome`.
   */
  async once(
    code: string,
    signal: AbortSignal,
    options: Ask = {},
  ): Promise<Uint8Array> {
    const request = crypto.randomUUID().replaceAll("-", "");
    const { body } = options;
    let prefix = `Q=${request}\n`;
    let suffix = "";
    if (body !== undefined) {
      prefix += `W=$S/u/$Q\n`;
      suffix = `; rm -f "$S/u/${request}"`;
      if (body.length > EMBEDDED) await this.#upload(request, body, signal);
      else {
        const text = btoa(String.fromCharCode(...body));
        prefix += `( umask 077; printf %s '${text}' | base64 -d > "$W" ) || sys\n`;
      }
    }
    const acknowledged = this.#acknowledged.splice(0, 20);
    const clear = acknowledged.length === 0
      ? ""
      : `rm -rf ${acknowledged.map((one) => `"$S/r/${one}"`).join(" ")}\n`;
    const script = `${prefix}${code}`;
    let sent = false;
    for (let attempt = 1;; attempt++) {
      // Begun before or never: it is only asked what became of it, once the workspace may know of it.
      const line = sent
        ? `[ -d "$S/r" ] || no lost\n${call("once", request, script)}${suffix}`
        : `${clear}${call("once", request, script)}${suffix}`;
      let channel: Channel;
      try {
        channel = await this.#acquire(signal);
      } catch (error) {
        if (error instanceof ChannelBroken && attempt < ATTEMPTS && !this.#isClosed) continue;
        if (sent) throw this.#unknown(error, signal);
        throw unavailable(error, this.#options.session, signal);
      }
      try {
        sent = true;
        const { body: _, ...rest } = options;
        const answer = await channel.ask(line, rest, signal);
        this.#acknowledged.push(request);
        this.#outcome(answer);
        return answer;
      } catch (error) {
        if (error instanceof SessionError) throw error;
        this.#forget(channel, signal.aborted);
        if (!(error instanceof ChannelBroken)) throw error;
        if (attempt >= ATTEMPTS || this.#isClosed) throw this.#unknown(error, signal);
      } finally {
        this.#release(channel);
      }
    }
  }

  /** Closes all channels; what runs in the workspace goes on. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const channel of this.#live.keys()) channel.close();
    this.#idle.length = 0;
    for (const wake of this.#waiting) wake();
  }

  async #upload(request: string, body: Uint8Array, signal: AbortSignal): Promise<void> {
    const size = encodedLength(body.length);
    for (let attempt = 1;; attempt++) {
      const channel = await this.#acquire(signal).catch(this.#refused(attempt, signal));
      if (channel === undefined) continue;
      try {
        const code = `take "$S/u/${request}" ${size} ${body.length}`;
        const answer = await channel.ask(code, { body }, signal);
        const said = new TextDecoder().decode(answer);
        if (said.startsWith("ok")) return;
        throw new SessionError(
          "failed",
          `the workspace did not take the bytes: ${oneLine(said.slice(0, 2_000))}`,
        );
      } catch (error) {
        this.#forget(channel, signal.aborted);
        if (!(error instanceof ChannelBroken)) throw error;
        if (attempt >= ATTEMPTS || this.#isClosed) throw unavailable(error, this.#options.session, signal);
      } finally {
        this.#release(channel);
      }
    }
  }

  /** A terminal that broke before it could be used is opened once more. */
  #refused(attempt: number, signal: AbortSignal): (error: unknown) => undefined {
    return (error) => {
      if (error instanceof ChannelBroken && attempt < ATTEMPTS && !this.#isClosed) return undefined;
      throw unavailable(error, this.#options.session, signal);
    };
  }

  /** @throws {SessionError} where the workspace says that it cannot tell */
  #outcome(answer: Uint8Array): void {
    const said = new TextDecoder().decode(answer.subarray(0, 16));
    if (!/^no (gone|lost)\n/.test(said)) return;
    throw new SessionError(
      "unknown_outcome",
      `the workspace of session ${this.#options.session} was started anew in the middle of this: look whether it was done`,
    );
  }

  #unknown(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    const why = error instanceof Error ? error.message : String(error);
    return new SessionError(
      "unknown_outcome",
      `the workspace of session ${this.#options.session} went away in the middle of this: look whether it was done (${why})`,
    );
  }

  async #acquire(signal: AbortSignal): Promise<Channel> {
    const { most = 8, session } = this.#options;
    let turnSince: number | undefined;
    while (true) {
      if (signal.aborted) {
        // It may be the one who was woken.
        this.#wake();
        throw signal.reason;
      }
      if (this.#isClosed) throw new SessionError("session_ended", `session ${session} was closed`);
      for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
        if (idle.channel.isOpen) return idle.channel;
        this.#ended(idle.channel);
      }
      if (this.#live.size + this.#opening >= most) {
        await this.#woken(signal);
        continue;
      }
      const now = this.#clock.now();
      const pause = this.#pace.enter(now);
      if (pause === 0) return await this.#open(signal);
      turnSince ??= now;
      if (now - turnSince >= TURN_MS) {
        throw new SessionError(
          "unavailable",
          `the terminals of the workspace of session ${session} end as soon as they are opened, one after the other: ` +
            "look whether a shell can be used in it, and try again later",
        );
      }
      await this.#woken(signal, Math.min(pause, turnSince + TURN_MS - now));
    }
  }

  async #open(signal: AbortSignal): Promise<Channel> {
    const { session, open } = this.#options;
    const since = this.#clock.now();
    this.#opening++;
    try {
      const channel = await Channel.open(open, session, signal);
      this.#live.set(channel, since);
      if (this.#isClosed) channel.close();
      return channel;
    } catch (error) {
      if (error instanceof ChannelBroken) this.#judge(since, false);
      throw error;
    } finally {
      this.#opening--;
      this.#wake();
    }
  }

  /** Until there may be a channel, `signal` aborts, or so many milliseconds are over. */
  async #woken(signal: AbortSignal, ms?: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    const cancel = ms === undefined ? undefined : this.#clock.setTimer(wake, ms);
    try {
      await promise;
    } finally {
      cancel?.();
      signal.removeEventListener("abort", wake);
      this.#waiting.delete(wake);
    }
  }

  /** One of those who wait. */
  #wake(): void {
    for (const wake of this.#waiting) {
      this.#waiting.delete(wake);
      return wake();
    }
  }

  /** When the next may be opened depends on what became of one that was opened then. */
  #judge(since: number, wasUseful: boolean): void {
    const now = this.#clock.now();
    this.#pace.ended({ livedMs: now - since, wasUseful }, now);
  }

  #ended(channel: Channel, isOurDoing = false): void {
    channel.close();
    const since = this.#live.get(channel);
    this.#live.delete(channel);
    if (since !== undefined && !isOurDoing) this.#judge(since, channel.hasAnswered);
  }

  #release(channel: Channel): void {
    if (!channel.isOpen || this.#isClosed) this.#ended(channel, this.#isClosed);
    else this.#idle.push({ channel, since: performance.now() });
    this.#wake();
  }

  /** A channel that broke, or whose answer nobody waits for: what it was asked is ended there. */
  #forget(channel: Channel, end: boolean): void {
    this.#ended(channel, end || this.#isClosed);
    if (!end || channel.pid === 0 || this.#isClosed) return;
    const signal = AbortSignal.timeout(CLEANUP_MS);
    void this.ask(`kill -KILL -${channel.pid}`, signal).catch((error: unknown) => {
      this.#options.log.debug("what was asked of a workspace could not be ended", { error: String(error) });
    });
  }

  #tidy(): void {
    const { idleMs = 60_000 } = this.#options;
    while (this.#idle.length > 1) {
      const oldest = this.#idle[0]!;
      if (performance.now() - oldest.since < idleMs) return;
      this.#idle.shift();
      this.#ended(oldest.channel, true);
    }
  }
}

function unavailable(error: unknown, session: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof SessionError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new SessionError(
    "unavailable",
    `the workspace of session ${session} cannot be reached, and nothing was done: ${why.slice(0, 300)}`,
  );
}
