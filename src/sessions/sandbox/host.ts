/** The sandbox host: sessions on this machine, by one launcher, which is started anew where it was ended by force. */
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type Limits, SessionError } from "../types.ts";
import type { Frame } from "./frames.ts";
import { type Launcher, startLauncher, type Without } from "./launcher.ts";
import { answerOf, goneSchema, leftoversSchema, openedSchema, startedSchema } from "./messages.ts";
import { type Known, Session, type StartedInit } from "./session.ts";
import { unlessAborted } from "./unless_aborted.ts";
import type { IsolationReport, Sandbox, SandboxHost, SandboxHostOptions } from "./types.ts";
import { z } from "zod";

const STANDARD_IDLE_MS = 30_000;
const STOP_MS = 30_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const done = z.object({});

export interface SandboxHostContext {
  readonly log?: Logger | undefined;
  /** Ends the start. */
  readonly signal?: AbortSignal | undefined;
  /** Where the directory of the launcher's socket is made. @default the system's for temporary files */
  readonly socketDirectory?: string | undefined;
  /** What is not tried even where the kernel has it: so tests see the next best. */
  readonly without?: readonly Without[] | undefined;
}

/**
 * Starts the launcher and finds out what the kernel allows. Rejects with `SessionError` where there is no Python. Where
 * nothing isolates sessions and that is not allowed, the host is there, and refuses them.
 */
export async function openSandboxHost(
  options: SandboxHostOptions,
  context: SandboxHostContext = {},
): Promise<SandboxHost> {
  const host = new Host(options, context);
  await host.begin(context.signal ?? new AbortController().signal);
  return host;
}

interface Opened {
  readonly session: Session;
  readonly limits: Limits;
  /** The launcher that knows it. */
  launcher: Launcher | undefined;
}

class Host implements SandboxHost {
  readonly #options: SandboxHostOptions;
  readonly #log: Logger;
  readonly #sessions = new Map<string, Opened>();
  /** By pid of an init: called once it is gone. */
  readonly #gone = new Map<number, () => void>();
  /** Gone before who has started them got the word that they had come. */
  readonly #early = new Set<number>();
  #launcher: Promise<Launcher> | undefined;
  #report: IsolationReport | undefined;
  readonly #closing = new AbortController();
  #isUsable = false;
  #isClosed = false;

  constructor(options: SandboxHostOptions, readonly context: SandboxHostContext) {
    this.#options = options;
    this.#log = context.log ?? silentLogger;
  }

  get report(): IsolationReport {
    return this.#report!;
  }

  async begin(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#launcher = this.#startLauncher(signal);
    const { ready } = await this.#launcher;
    const { isolation, cgroups, network, proc, notes, usable } = ready;
    this.#report = { isolation, cgroups, network, proc, notes };
    this.#isUsable = usable;
    const fields = { isolation, cgroups, network, proc, notes };
    if (isolation !== "none") this.#log.info("sandboxes are ready", fields);
    else if (usable) {
      this.#log.warn("sessions are NOT isolated from this machine and from each other", fields);
    } else this.#log.error("nothing isolates sessions here: they are refused", fields);
  }

  async leftovers(): Promise<readonly string[]> {
    const launcher = await this.#launch(AbortSignal.timeout(STOP_MS));
    const { header } = await launcher.calls.call(
      { op: "leftovers" },
      undefined,
      AbortSignal.timeout(STOP_MS),
    );
    return answerOf(leftoversSchema, header, "leftovers").sessions;
  }

  async open(
    id: string,
    { limits, existing }: { readonly limits: Limits; readonly existing: boolean },
    signal: AbortSignal,
  ): Promise<Sandbox> {
    if (!NAME.test(id)) throw new SessionError("invalid", `${JSON.stringify(id)} is no id for a session`);
    if (!this.#isUsable) {
      throw new SessionError(
        "no_capacity",
        `this worker cannot isolate sessions, so it takes none: ${
          this.report.notes.join("; ")
        }. Let it make namespaces, or start it with --allow-unisolated`,
      );
    }
    const known = this.#sessions.get(id);
    if (known !== undefined && !known.session.isClosed) return known.session;
    const launcher = await this.#launch(signal);
    const { header } = await launcher.calls.call({ op: "open", session: id, existing }, undefined, signal);
    const { found } = answerOf(openedSchema, header, `session ${id}`);
    const session = new Session(
      id,
      this.report.isolation,
      {
        start: (_, usage, startSignal) => this.#start(id, usage, startSignal),
        stop: () => this.#stop(id),
      },
      this.#log,
      found,
    );
    this.#sessions.set(id, { session, limits, launcher });
    return session;
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    if (!NAME.test(id)) throw new SessionError("invalid", `${JSON.stringify(id)} is no id for a session`);
    const known = this.#sessions.get(id);
    if (known !== undefined) {
      await known.session.close();
      this.#sessions.delete(id);
    }
    const launcher = await this.#launch(signal);
    const { header } = await launcher.calls.call({ op: "remove", session: id }, undefined, signal);
    answerOf(done, header, `removing the files of session ${id}`);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing.abort(new SessionError("unavailable", "this worker's sandboxes are closed"));
    const launcher = await this.#launcher?.catch(() => undefined);
    await launcher?.close();
  }

  async #launch(signal: AbortSignal): Promise<Launcher> {
    if (this.#isClosed) throw new SessionError("unavailable", "this worker's sandboxes are closed");
    // Shared by all who call meanwhile: it does not end with the first of them.
    this.#launcher ??= this.#startLauncher(this.#closing.signal);
    return await unlessAborted(this.#launcher, signal);
  }

  #startLauncher(signal: AbortSignal): Promise<Launcher> {
    const starting = startLauncher(this.#options, {
      log: this.#log,
      without: this.context.without ?? [],
      socketDirectory: this.context.socketDirectory,
      onEvent: (frame) => this.#event(frame),
      onEnd: () => this.#ended(starting),
    }, signal);
    starting.catch(() => {
      if (this.#launcher === starting) this.#launcher = undefined;
    });
    return starting;
  }

  #ended(ended: Promise<Launcher>): void {
    if (this.#launcher === ended) this.#launcher = undefined;
    // Whatever it had started has ended with it.
    for (const gone of this.#gone.values()) gone();
    this.#gone.clear();
    this.#early.clear();
    if (this.#isClosed) return;
    this.#log.error(
      "the sandbox launcher ended, and the processes of all sessions with it; it is started anew",
    );
    void ended.then((launcher) => launcher.close(), () => {});
  }

  #event({ header }: Frame): void {
    const event = goneSchema.safeParse(header);
    if (!event.success) return;
    const gone = this.#gone.get(event.data.pid);
    if (gone === undefined) this.#early.add(event.data.pid);
    else gone();
    this.#gone.delete(event.data.pid);
  }

  async #start(id: string, usage: Known, signal: AbortSignal): Promise<StartedInit> {
    const opened = this.#sessions.get(id);
    if (opened === undefined) throw new SessionError("session_ended", `session ${id} was removed`);
    const launcher = await this.#launch(signal);
    if (opened.launcher !== launcher) {
      const { header } = await launcher.calls.call(
        { op: "open", session: id, existing: true },
        undefined,
        signal,
      );
      answerOf(done, header, `session ${id}`);
      opened.launcher = launcher;
    }
    const token = crypto.randomUUID();
    const stop = new AbortController();
    const connecting = launcher.expect(token, AbortSignal.any([signal, stop.signal]));
    connecting.catch(() => {});
    const gone = Promise.withResolvers<void>();
    try {
      const { header } = await launcher.calls.call(
        {
          op: "start",
          session: id,
          token,
          socket: launcher.socket,
          limits: opened.limits,
          cpuBeforeMs: usage.cpuMs,
          diskUsed: usage.diskBytes ?? null,
          idleMs: this.#options.idleMs ?? STANDARD_IDLE_MS,
        },
        undefined,
        signal,
        () => void this.#stop(id).catch(() => {}),
      );
      const { pid } = answerOf(startedSchema, header, `the sandbox of session ${id}`);
      if (this.#early.delete(pid)) gone.resolve();
      else this.#gone.set(pid, gone.resolve);
      const { connection, reader } = await connecting;
      return { connection, reader, gone: gone.promise };
    } finally {
      stop.abort();
    }
  }

  async #stop(id: string): Promise<void> {
    const launcher = await this.#launcher?.catch(() => undefined);
    if (launcher === undefined || launcher.calls.isEnded) return;
    const { header } = await launcher.calls.call(
      { op: "stop", session: id },
      undefined,
      AbortSignal.timeout(STOP_MS),
    );
    answerOf(done, header, `ending session ${id}`);
  }
}
