/**
 * A link to the daemon of a session: two streams (0 for what is small, 1 for what may be large) over whatever carriers come
 * and go. Nothing is lost or done twice as long as one comes back in time; else the link fails, for good.
 */
import { type Clock, sleep } from "../../../telemetry/clock.ts";
import type { Logger } from "../../../telemetry/logger.ts";
import { SessionError } from "../../types.ts";
import type { Duplex } from "../../sandbox/calls.ts";
import { TerminalPace } from "../terminal_pace.ts";
import { BytesQueue } from "./bytes_queue.ts";
import type { Carrier } from "./carrier.ts";
import { encodePacket, KIND, type Packet, saying } from "./packets.ts";
import { LinkStream, WINDOW } from "./stream.ts";

export interface LinkOptions {
  /** Opens a carrier to the daemon that the link began with. Rejects with `SessionError`: `session_ended` where there is none. */
  readonly open: (signal: AbortSignal) => Promise<Carrier>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds without any carrier after which it fails. @default 20_000 */
  readonly patienceMs?: number | undefined;
  /** In [0, 1), for pauses. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** Milliseconds: between looks, of quiet before a carrier is asked for a sign (less where it should say something), until it is broken. */
const LOOK_MS = 1_000;
const QUIET_MS = 3_000;
const WAITING_MS = 1_000;
const SIGN_MS = 2_000;
const WELCOME_MS = 10_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 2_000;
/** Bytes of the second stream after which it gets a carrier of its own, and how long that stays when nothing more comes. */
const MUCH = 2 ** 18;
const BULK_MS = 60_000;

interface Held {
  readonly carrier: Carrier;
  readonly welcome: PromiseWithResolvers<void>;
  readonly control: Uint8Array[];
  readonly since: number;
  heardAt: number;
  askedAt: number | undefined;
  isPumping: boolean;
  isLost: boolean;
  /** Another one is being opened in its place. */
  isSuspect: boolean;
  /** Something new has come by it, or was said to have arrived. */
  wasUseful: boolean;
}

interface Lane {
  readonly stream: LinkStream;
  readonly queue: BytesQueue;
  at: Held | undefined;
  /** The other side has said that the stream is at `at`. */
  isBound: boolean;
  readonly writers: Set<() => void>;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #client = crypto.randomUUID();
  readonly #lanes: readonly [Lane, Lane] = [lane(0), lane(1)];
  readonly #carriers = new Set<Held>();
  readonly #stop = new AbortController();
  readonly #pace: TerminalPace;
  #failure: SessionError | undefined;
  #hasBegun = false;
  /** The other side knows this client. */
  #isWelcome = false;
  #isClosed = false;
  #isReconnecting = false;
  /** Bytes of the second stream since it was last quiet, and when some were seen. */
  #bulk = 0;
  #bulkAt = 0;
  #isWidening = false;
  #cancelLook = () => {};

  private constructor(options: LinkOptions) {
    this.#options = options;
    this.#pace = new TerminalPace(options.random);
  }

  /** Rejects with `SessionError`, and with the reason of `signal`. */
  static async open(options: LinkOptions, signal: AbortSignal): Promise<Link> {
    const link = new Link(options);
    try {
      const carrier = await options.open(AbortSignal.any([signal, link.#stop.signal]));
      link.#hasBegun = true;
      link.#begin(carrier);
      link.#look();
      return link;
    } catch (error) {
      link.close();
      throw error;
    }
  }

  /** Nobody knows this client yet, so what is to be said is: it waits for no answer. */
  #begin(carrier: Carrier): void {
    const held = this.#hold(carrier);
    for (const number of [0, 1] as const) {
      this.#bind(number, held);
      this.#lanes[number].isBound = true;
    }
    const cancel = this.#options.clock.setTimer(() => this.#lost(held), WELCOME_MS);
    held.welcome.promise.finally(cancel).catch(() => {});
  }

  /** Why it is of no use any more. */
  get failure(): SessionError | undefined {
    return this.#failure;
  }

  /** How many carriers it has now. */
  get carriers(): number {
    return this.#carriers.size;
  }

  /** The bytes of one stream. Closing it closes the link. */
  duplex(number: 0 | 1): Duplex {
    const { queue } = this.#lanes[number];
    return {
      read: (into) => queue.read(into),
      write: (bytes) => this.#write(number, bytes),
      close: () => this.close(),
    };
  }

  /** Lets go of the daemon. Twice is no more than once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#end();
    for (const held of this.#carriers) {
      this.#carriers.delete(held);
      held.isLost = true;
      // So that the way to the daemon ends there, too. It does so by itself in a while where this does not come through.
      const bye = held.carrier.send(encodePacket({ kind: KIND.BYE })).catch(() => {});
      void Promise.race([bye, new Promise<void>((done) => this.#options.clock.setTimer(done, 1_000))])
        .then(() => held.carrier.close());
    }
  }

  /** It is of no use any more: whatever waits is told. */
  fail(error: SessionError): void {
    if (this.#failure !== undefined || this.#isClosed) return;
    this.#failure = error;
    this.#options.log.warn("the way to a workspace was lost, and what waited for it was told", { error });
    this.close();
  }

  #end(): void {
    this.#stop.abort(
      this.#failure ?? new SessionError("unavailable", "the link to the workspace was closed"),
    );
    this.#cancelLook();
    for (const { queue, writers } of this.#lanes) {
      queue.end();
      wake(writers);
    }
  }

  async #write(number: 0 | 1, bytes: Uint8Array): Promise<number> {
    const lane = this.#lanes[number];
    // What is taken here may have been done: without a carrier nothing is taken.
    while (!this.#isClosed && (!lane.isBound || lane.stream.outstanding >= WINDOW)) {
      await new Promise<void>((done) => lane.writers.add(done));
    }
    if (this.#isClosed) throw this.#stop.signal.reason;
    const taken = bytes.subarray(0, Math.min(bytes.length, WINDOW));
    lane.stream.queue(taken);
    if (number === 1) this.#sawBulk(taken.length);
    void this.#pump(lane.at!);
    return taken.length;
  }

  // ---- carriers

  #hold(carrier: Carrier): Held {
    const now = this.#options.clock.now();
    const held: Held = {
      carrier,
      welcome: Promise.withResolvers(),
      control: [saying(KIND.HELLO, { client: this.#client, isNew: !this.#isWelcome })],
      since: now,
      heardAt: now,
      askedAt: undefined,
      isPumping: false,
      isLost: false,
      isSuspect: false,
      wasUseful: false,
    };
    held.welcome.promise.catch(() => {});
    this.#carriers.add(held);
    void this.#read(held);
    void this.#pump(held);
    return held;
  }

  /** Another carrier. */
  async #connect(): Promise<Held> {
    const { clock, open } = this.#options;
    const within = this.#stop.signal;
    const held = this.#hold(await open(within));
    const abort = () => held.welcome.reject(within.reason);
    const cancel = clock.setTimer(
      () =>
        held.welcome.reject(new SessionError("unavailable", "the session does not answer in the workspace")),
      WELCOME_MS,
    );
    within.addEventListener("abort", abort, { once: true });
    if (within.aborted) abort();
    try {
      await held.welcome.promise;
      return held;
    } catch (error) {
      this.#lost(held);
      throw error;
    } finally {
      cancel();
      within.removeEventListener("abort", abort);
    }
  }

  async #read(held: Held): Promise<void> {
    let why: unknown;
    try {
      for await (const packets of held.carrier.packets) {
        held.heardAt = this.#options.clock.now();
        held.askedAt = undefined;
        for (const packet of packets) this.#take(held, packet);
        if (held.isLost) return;
        for (const lane of this.#lanes) {
          const tell = lane.at === held && lane.isBound ? lane.stream.tell() : undefined;
          if (tell !== undefined) held.control.push(tell);
        }
        void this.#pump(held);
      }
    } catch (error) {
      why = error;
    }
    this.#lost(held, why);
  }

  #take(held: Held, { kind, stream, received, payload }: Packet): void {
    if (kind === KIND.WELCOME) {
      this.#isWelcome = true;
      return held.welcome.resolve();
    }
    if (kind === KIND.LOST) {
      const error = new SessionError("unavailable", "the session does not know this connection any more");
      held.welcome.reject(error);
      return this.fail(error);
    }
    const lane = this.#lanes[stream];
    if (lane === undefined || lane.at !== held) return;
    const { outstanding } = lane.stream;
    if (kind === KIND.BIND && !lane.isBound) {
      lane.stream.resume(received);
      lane.isBound = true;
    } else if (lane.isBound && (kind === KIND.DATA || kind === KIND.ACK)) {
      lane.stream.acknowledged(received);
      if (kind === KIND.DATA) {
        lane.stream.data(payload);
        lane.queue.push(payload);
        if (stream === 1) this.#sawBulk(payload.length);
      }
    }
    if (lane.stream.outstanding < outstanding || (kind === KIND.DATA && payload.length > 0)) {
      held.wasUseful = true;
    }
    if (lane.stream.outstanding < WINDOW) wake(lane.writers);
  }

  /** Writes what there is, in order of its urgency. */
  async #pump(held: Held): Promise<void> {
    if (held.isPumping) return;
    held.isPumping = true;
    try {
      while (!held.isLost) {
        const packet = held.control.shift() ?? this.#next(held);
        if (packet === undefined) break;
        await held.carrier.send(packet);
      }
    } catch (error) {
      this.#lost(held, error);
    } finally {
      held.isPumping = false;
    }
  }

  #next(held: Held): Uint8Array | undefined {
    for (const lane of this.#lanes) {
      const packet = lane.at === held && lane.isBound ? lane.stream.take() : undefined;
      if (packet !== undefined) return packet;
    }
    return undefined;
  }

  #bind(number: 0 | 1, held: Held): void {
    const lane = this.#lanes[number];
    lane.at = held;
    lane.isBound = false;
    held.control.push(lane.stream.bind());
    void this.#pump(held);
  }

  #lost(held: Held, why?: unknown): void {
    if (held.isLost) return;
    held.isLost = true;
    this.#carriers.delete(held);
    held.carrier.close();
    held.welcome.reject(
      new SessionError("unavailable", "a terminal of the workspace ended before anything was done in it"),
    );
    if (this.#isClosed) return;
    const now = this.#options.clock.now();
    this.#pace.ended({ livedMs: now - held.since, wasUseful: held.wasUseful }, now);
    this.#options.log.debug("a terminal of a workspace has ended", {
      ...(why === undefined ? {} : { error: why }),
    });
    const other = [...this.#carriers].find((one) =>
      this.#lanes.some(({ at, isBound }) => at === one && isBound)
    );
    for (const [number, lane] of this.#lanes.entries()) {
      if (lane.at !== held) continue;
      lane.at = undefined;
      lane.isBound = false;
      if (other !== undefined) this.#bind(number as 0 | 1, other);
    }
    if (this.#lanes.some(({ at }) => at === undefined)) void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    if (this.#isReconnecting || !this.#hasBegun) return;
    this.#isReconnecting = true;
    const { clock, patienceMs = 20_000 } = this.#options;
    const since = clock.now();
    let delay = FIRST_DELAY_MS;
    try {
      while (!this.#isClosed && this.#lanes.some(({ at }) => at === undefined)) {
        const pause = this.#pace.enter(clock.now());
        if (pause > 0) {
          await sleep(pause, this.#stop.signal, clock);
          continue;
        }
        try {
          const held = await this.#connect();
          for (const number of [0, 1] as const) {
            if (this.#lanes[number].at === undefined) this.#bind(number, held);
          }
        } catch (error) {
          const isFinal = error instanceof SessionError && error.code !== "unavailable";
          if (isFinal || clock.now() - since + delay > patienceMs) {
            return this.fail(
              error instanceof SessionError ? error : new SessionError(
                "unavailable",
                `the workspace cannot be reached: ${error instanceof Error ? error.message : String(error)}`,
                { cause: error },
              ),
            );
          }
          await sleep(delay, this.#stop.signal, clock);
          delay = Math.min(LONGEST_DELAY_MS, 2 * delay);
        }
      }
    } finally {
      this.#isReconnecting = false;
    }
  }

  // ---- from time to time

  #look(): void {
    const { clock } = this.#options;
    this.#cancelLook = clock.setTimer(() => {
      if (this.#isClosed) return;
      const now = clock.now();
      for (const held of this.#carriers) this.#ask(held, now);
      if (this.#bulk > 0 && now - this.#bulkAt > BULK_MS) this.#narrow();
      this.#look();
    }, LOOK_MS);
  }

  #ask(held: Held, now: number): void {
    const isWaiting = this.#lanes.some(({ at, stream, isBound }) =>
      at === held && (stream.outstanding > 0 || !isBound)
    );
    if (held.askedAt === undefined) {
      if (now - held.heardAt < (isWaiting ? WAITING_MS : QUIET_MS)) return;
      held.askedAt = now;
      for (const lane of this.#lanes) {
        const tell = lane.at === held && lane.isBound ? lane.stream.tell(true) : undefined;
        if (tell !== undefined) held.control.push(tell);
      }
      held.control.push(encodePacket({ kind: KIND.PING }));
      void this.#pump(held);
    } else if (now - held.askedAt > SIGN_MS && !held.isSuspect) {
      held.isSuspect = true;
      void this.#replace(held);
    }
  }

  /** Another carrier in the place of one that has fallen silent. */
  async #replace(silent: Held): Promise<void> {
    try {
      const held = await this.#connect();
      for (const number of [0, 1] as const) {
        if (this.#lanes[number].at === silent) this.#bind(number, held);
      }
      this.#lost(silent);
    } catch {
      // Where it is silent still, it is broken.
      if (silent.askedAt !== undefined) this.#lost(silent);
      silent.isSuspect = false;
    }
  }

  #sawBulk(bytes: number): void {
    const [small, large] = this.#lanes;
    this.#bulk += bytes;
    const now = this.#options.clock.now();
    this.#bulkAt = now;
    if (this.#bulk < MUCH || this.#isWidening || large.at === undefined || large.at !== small.at) return;
    // What is large may wait on the one there is: it must not make a hostile workspace's terminals more.
    if (this.#pace.enter(now) > 0) return;
    this.#isWidening = true;
    void this.#connect().then(
      (held) => this.#bind(1, held),
      // It goes on with the one there is. The workspace may have had a terminal, and ended it before it was a carrier.
      () => {
        this.#bulk = 0;
        this.#pace.ended({ livedMs: 0, wasUseful: false }, this.#options.clock.now());
      },
    ).finally(() => this.#isWidening = false);
  }

  #narrow(): void {
    const [small, large] = this.#lanes;
    this.#bulk = 0;
    const own = large.at;
    if (own === undefined || own === small.at || small.at === undefined) return;
    this.#bind(1, small.at);
    this.#lost(own);
  }
}

function lane(number: number): Lane {
  return {
    stream: new LinkStream(number),
    queue: new BytesQueue(),
    at: undefined,
    isBound: false,
    writers: new Set(),
  };
}

function wake(writers: Set<() => void>): void {
  for (const writer of [...writers]) {
    writers.delete(writer);
    writer();
  }
}
