/** One session in a workspace, by the daemon that it has there. */
import type { Clock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { Calls } from "../sandbox/calls.ts";
import type { Frame } from "../sandbox/frames.ts";
import { answerOf, fileSchema, type Usage, usageSchema } from "../sandbox/messages.ts";
import { exitOf } from "../sandbox/running.ts";
import type { FoundProcess, SandboxProcess, SharedProcesses, SpawnSpec } from "../sandbox/types.ts";
import { unlessAborted } from "../sandbox/unless_aborted.ts";
import { SessionError, type WorkspaceFiles } from "../types.ts";
import type { EngineSandbox } from "./engine.ts";
import type { Link } from "./link/link.ts";
import {
  agentEventSchema,
  attachedSchema,
  type ProcessEvent,
  refreshedSchema,
  spawnedSchema,
} from "./messages.ts";
import { FoundRemoteProcess, RemoteProcess } from "./remote_process.ts";
import { z } from "zod";

export interface AgentSessionOptions {
  readonly id: string;
  readonly files: WorkspaceFiles;
  /** Opens a link to the session's daemon, which is begun where there is none. Rejects with `SessionError`. */
  readonly connect: (signal: AbortSignal) => Promise<Link>;
  /** Ends the session in the workspace where no daemon of it is known to be; see `AgentEngine.remove`. */
  readonly remove: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds without a call after which its terminals are closed: they count as use of the workspace. @default 300_000 */
  readonly idleMs?: number | undefined;
}

interface Connected {
  readonly link: Link;
  /** For what is small, and for what may be large. */
  readonly calls: readonly [Calls, Calls];
  attached?: Promise<void>;
}

/** What is longer goes where nobody waits behind it. In bytes. */
const LARGE = 65_536;
const CONNECT_MS = 60_000;
const USAGE_MS = 30_000;
/** Milliseconds between attempts to hear of processes again, at first and at most, and after which that is given up. */
const AGAIN_MS = 2_000;
const MOST_AGAIN_MS = 30_000;
const GIVE_UP_MS = 300_000;
/** Processes that are followed: a workspace may say that there are any number. */
const MOST_PROCESSES = 1_024;
/** What replaces files as a whole, or prepares that. */
const REPLACES: ReadonlySet<string> = new Set(["unpack", "archive_write"]);
const done = z.object({});

export class AgentSession implements EngineSandbox {
  readonly isolation = "workspace";
  readonly shared: SharedProcesses;
  readonly #options: AgentSessionOptions;
  #connecting: Promise<Connected> | undefined;
  #current: Connected | undefined;
  readonly #known = { daemon: "", last: 0, before: 0 };
  readonly #running = new Map<number, RemoteProcess>();
  readonly #starting = new Map<number, RemoteProcess>();
  #marks = 0;
  #found: ((process: FoundProcess) => Pick<SpawnSpec, "onOutput" | "onLost">) | undefined;
  readonly #waiting = new Set<() => void>();
  #usage: Usage = { cpuMs: 0, memoryBytes: 0, diskBytes: 0, processes: 0 };
  #busy = 0;
  #usedAt = 0;
  #cancelIdle = () => {};
  #isClosed = false;

  constructor(options: AgentSessionOptions) {
    this.#options = options;
    const known = this.#known;
    const isCurrent = () => this.#current?.attached !== undefined;
    this.shared = {
      get isCurrent() {
        return isCurrent();
      },
      get last() {
        return known.last;
      },
      get before() {
        return known.before;
      },
      follow: (found) => void (this.#found = found),
      refresh: (signal) => this.#refresh(signal),
    };
  }

  get id(): string {
    return this.#options.id;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Makes the session in the workspace, or finds it. Rejects with `SessionError`, and with the reason of `signal`. */
  async begin(signal: AbortSignal): Promise<void> {
    await this.#with(signal, () => Promise.resolve());
  }

  async spawn(spec: SpawnSpec, signal: AbortSignal): Promise<SandboxProcess> {
    return await this.#with(signal, async ({ calls: [calls] }) => {
      const mark = ++this.#marks;
      const { shared } = spec;
      const process = new RemoteProcess(spec, this.#calls, this.#options.log, shared !== undefined);
      this.#starting.set(mark, process);
      const header = {
        op: "spawn",
        mark,
        argv: spec.argv,
        cwd: spec.cwd,
        env: spec.env,
        ...(shared === undefined ? {} : { shared }),
      };
      try {
        const answer = await calls.call(header, undefined, signal, (_, late) => {
          // It may have begun, and nobody wants it.
          void late.then((frame) => {
            if (frame !== undefined && frame.header["error"] === undefined) process.kill("SIGKILL");
            this.#starting.delete(mark);
          });
        });
        const { process: number } = answerOf(spawnedSchema, answer.header, spec.argv[0] ?? "spawn");
        if (process.number !== number) {
          throw new SessionError(
            "internal",
            `the daemon of session ${this.id} started another process than it was asked for`,
          );
        }
        return process;
      } finally {
        if (!signal.aborted) this.#starting.delete(mark);
      }
    }, true);
  }

  async file(
    op: string,
    input: Readonly<Record<string, unknown>>,
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly output: Record<string, unknown>; readonly body?: Uint8Array | undefined }> {
    if (this.#options.files === "workspace" && REPLACES.has(op)) {
      throw new SessionError(
        "invalid",
        "the files of this session are a person's own, in their workspace: they are never replaced as a whole. Restore into a " +
          "session with files of its own (files: scratch), or in a sandbox",
      );
    }
    const isLarge = (body?.length ?? 0) > LARGE || Number(input["length"] ?? 0) > LARGE;
    return await this.#with(signal, async ({ calls }) => {
      const lane = calls[isLarge ? 1 : 0];
      const frame = await lane.call({ op: "file", name: op, input }, body, signal, (id) => {
        lane.send({ op: "abort", call: id });
      });
      const { output } = answerOf(fileSchema, frame.header, `file operation ${op}`);
      return frame.body.length > 0 ? { output, body: frame.body } : { output };
    });
  }

  /** By the last look, where nobody uses the session now: whoever asks from time to time is to keep no workspace awake. */
  async usage(): Promise<Usage> {
    const connected = this.#current;
    if (connected === undefined) return this.#usage;
    const answer = await connected.calls[0].call({ op: "usage" }, undefined, AbortSignal.timeout(USAGE_MS));
    this.#usage = answerOf(usageSchema, answer.header, "usage");
    return this.#usage;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelIdle();
    const connected = await this.#connecting?.catch(() => undefined);
    connected?.link.close();
    for (const process of this.#running.values()) process.end({ signal: "SIGKILL" });
    this.#running.clear();
    this.#wake();
  }

  async remove(signal: AbortSignal): Promise<void> {
    const connected = this.#isClosed ? undefined : this.#current;
    this.#isClosed = true;
    try {
      if (connected === undefined) await this.#options.remove(signal);
      else await endSession(connected.calls[0], this.id, signal);
    } finally {
      await this.close();
    }
  }

  // ---- processes

  /** What processes ask for goes over the link there is then. */
  readonly #calls: Pick<Calls, "call" | "send"> = {
    call: (header, body, signal, onLate) =>
      this.#with(signal, ({ calls: [calls] }) => calls.call(header, body, signal, onLate), true),
    send: (header) => {
      const signal = AbortSignal.timeout(CONNECT_MS);
      this.#with(signal, ({ calls: [calls] }) => Promise.resolve(calls.send(header)), true).catch(
        (error: unknown) => {
          this.#options.log.warn("a process in a workspace could not be told something", {
            session_id: this.id,
            error,
          });
        },
      );
    },
  };

  async #refresh(signal: AbortSignal): Promise<void> {
    await this.#with(signal, async ({ calls: [calls] }) => {
      const { header } = await calls.call({ op: "refresh" }, undefined, signal);
      const { ends } = answerOf(refreshedSchema, header, "refresh");
      const isKnown = () =>
        Object.entries(ends).every(([number, [stdout, stderr, isOver]]) => {
          const process = this.#running.get(Number(number));
          if (process === undefined) return true;
          return process.at.stdout >= stdout && process.at.stderr >= stderr && (process.isOver || !isOver);
        });
      while (!isKnown() && !this.#isClosed && this.#current?.calls[0] === calls) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#waiting.add(resolve);
        try {
          await unlessAborted(promise, signal);
        } finally {
          this.#waiting.delete(resolve);
        }
      }
    }, true);
  }

  #wake(): void {
    for (const waiting of [...this.#waiting]) waiting();
  }

  #event({ header, body }: Frame): void {
    const parsed = agentEventSchema.safeParse(header);
    if (!parsed.success) return;
    const event = parsed.data;
    if (event.event === "process") return this.#began(event);
    const process = this.#running.get(event.process);
    if (process === undefined) return;
    if (event.event === "output") process.take(event.stream, event.lost ?? 0, body);
    else {
      this.#running.delete(event.process);
      process.end(exitOf(event));
    }
    this.#wake();
  }

  #began(event: ProcessEvent): void {
    const { process: number, mark } = event;
    const mine = mark === undefined ? undefined : this.#starting.get(mark);
    if (mine !== undefined) {
      mine.number = number;
      this.#running.set(number, mine);
    } else if (this.#found !== undefined && this.#running.size < MOST_PROCESSES) {
      this.#running.set(
        number,
        new FoundRemoteProcess(event, this.#found, this.#calls, this.#options.log),
      );
    }
    this.#known.last = Math.max(this.#known.last, mine?.isShared === false ? 0 : number);
  }

  /** Asks to hear of processes; of those that are known, what comes after what has come. */
  async #attach({ calls: [calls] }: Connected): Promise<void> {
    const known: Record<string, readonly [number, number]> = {};
    for (const [number, { at }] of this.#running) known[number] = [at.stdout, at.stderr];
    const signal = AbortSignal.timeout(CONNECT_MS);
    const { header } = await calls.call({ op: "attach", known }, undefined, signal);
    const { daemon, last, before, processes } = answerOf(attachedSchema, header, "attach");
    const isAnother = this.#known.daemon !== "" && this.#known.daemon !== daemon;
    Object.assign(this.#known, { daemon, last: Math.max(last, this.#known.last), before });
    const there = new Set(processes);
    for (const [number, process] of this.#running) {
      if (there.has(number) || !(number in known)) continue;
      this.#running.delete(number);
      // With the daemon they have ended; of others it is not known how they did.
      process.end(isAnother ? { signal: "SIGKILL" } : {});
    }
    this.#wake();
  }

  // ---- the link

  async #with<T>(
    signal: AbortSignal,
    work: (connected: Connected) => Promise<T>,
    withProcesses = false,
  ): Promise<T> {
    this.#busy++;
    try {
      const connected = await this.#connect(signal);
      // What is asked next comes after it, without waiting.
      const attached = withProcesses ? connected.attached ??= this.#attach(connected) : undefined;
      attached?.catch(() => {});
      return await work(connected);
    } finally {
      this.#busy--;
      this.#used();
    }
  }

  async #connect(signal: AbortSignal): Promise<Connected> {
    signal.throwIfAborted();
    if (this.#isClosed) throw new SessionError("session_ended", `session ${this.id} was closed`);
    if (this.#connecting === undefined) {
      // Shared by all who call meanwhile: it does not end with the first of them.
      const connecting = this.#start();
      this.#connecting = connecting;
      connecting.catch(() => {
        if (this.#connecting === connecting) this.#connecting = undefined;
      });
    }
    return await unlessAborted(this.#connecting, signal);
  }

  async #start(): Promise<Connected> {
    const link = await this.#options.connect(AbortSignal.timeout(CONNECT_MS));
    const end = () => this.#ended(connected);
    const on = (number: 0 | 1) =>
      new Calls({
        connection: link.duplex(number),
        onEvent: (frame) => this.#event(frame),
        onEnd: (error) => {
          if (error !== undefined) {
            this.#options.log.warn("what came from a workspace is no frame", {
              session_id: this.id,
              error: error.message,
            });
          }
          end();
        },
        ended: (isSent) => this.#refusal(link, isSent),
      });
    const connected: Connected = { link, calls: [on(0), on(1)] };
    this.#current = connected;
    if (this.#running.size > 0) {
      connected.attached = this.#attach(connected);
      connected.attached.catch(() => {});
    }
    return connected;
  }

  #refusal({ failure }: Link, isSent: boolean): SessionError {
    if (this.#isClosed) return new SessionError("session_ended", `session ${this.id} was closed`);
    const why = failure?.message ?? "its terminals were closed";
    if (isSent) {
      return new SessionError(
        "unknown_outcome",
        `the way to the workspace of session ${this.id} was lost in the middle of this, so it is not known whether it was done: ${why}`,
      );
    }
    const code = failure?.code === "forbidden" || failure?.code === "not_found"
      ? failure.code
      : "unavailable";
    return new SessionError(
      code,
      `the workspace of session ${this.id} was not reached, and nothing was done: ${why}`,
    );
  }

  #ended(connected: Connected): void {
    connected.link.close();
    if (this.#current !== connected) return;
    this.#current = undefined;
    this.#connecting = undefined;
    this.#wake();
    for (const [number, process] of this.#running) {
      // It ends with who has started it.
      if (process.isShared) continue;
      this.#running.delete(number);
      process.end({ signal: "SIGKILL" });
    }
    if (connected.link.failure !== undefined && this.#running.size > 0) void this.#again();
  }

  /** Somebody may wait for a process: hears of those again as soon as that can be. */
  async #again(): Promise<void> {
    const { clock } = this.#options;
    const since = clock.now();
    for (let delay = AGAIN_MS; clock.now() - since < GIVE_UP_MS; delay = Math.min(MOST_AGAIN_MS, 2 * delay)) {
      await new Promise<void>((resolve) => clock.setTimer(resolve, delay));
      if (this.#isClosed || this.#connecting !== undefined || this.#running.size === 0) return;
      try {
        await this.#connect(AbortSignal.timeout(CONNECT_MS));
        return;
      } catch {
        // Then later.
      }
    }
  }

  #used(): void {
    const { clock, idleMs = 300_000 } = this.#options;
    this.#usedAt = clock.now();
    this.#cancelIdle();
    if (this.#isClosed) return;
    this.#cancelIdle = clock.setTimer(() => {
      if (this.#busy === 0 && clock.now() - this.#usedAt >= idleMs) this.#current?.link.close();
    }, idleMs);
  }
}

/** Kills all processes of a session, removes what is its own in the workspace, and ends its daemon. */
export async function endSession(calls: Calls, id: string, signal: AbortSignal): Promise<void> {
  const { header } = await calls.call({ op: "end_session" }, undefined, signal);
  answerOf(done, header, `ending session ${id}`);
}
