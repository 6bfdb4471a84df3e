/** A sandbox and a host whose processes do what a test says. For tests alone. */
import type {
  IsolationReport,
  Sandbox,
  SandboxExit,
  SandboxHost,
  SandboxProcess,
  SpawnSpec,
} from "../../sandbox/types.ts";
import { type Limits, SessionError } from "../../types.ts";

/** One process that a test leads. */
export class FakeProcess implements SandboxProcess {
  readonly #end = Promise.withResolvers<SandboxExit>();
  readonly exited: Promise<SandboxExit> = this.#end.promise;
  /** All that was written to it. */
  input = "";
  inputIsClosed = false;
  /** In order. */
  readonly signals: string[] = [];
  /** Signals that end it. */
  diesOf: readonly string[] = ["SIGTERM", "SIGKILL", "SIGINT"];

  constructor(readonly spec: SpawnSpec) {}

  say(stream: "stdout" | "stderr", text: string | Uint8Array): void {
    this.spec.onOutput(stream, typeof text === "string" ? new TextEncoder().encode(text) : text);
  }

  exit(exit: SandboxExit = { exitCode: 0 }): void {
    this.#end.resolve(exit);
  }

  write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.input += new TextDecoder().decode(bytes);
    return Promise.resolve();
  }

  closeInput(): void {
    this.inputIsClosed = true;
  }

  kill(signal: string): void {
    this.signals.push(signal);
    if (this.diesOf.includes(signal)) this.exit({ signal });
  }
}

type FileWork = (op: string, input: Readonly<Record<string, unknown>>) => Record<string, unknown>;

export class FakeSandbox implements Sandbox {
  readonly isolation = "namespaces";
  readonly processes: FakeProcess[] = [];
  isClosed = false;
  /** What becomes of the next `spawn`. */
  beforeSpawn: (spec: SpawnSpec) => void | Promise<void> = () => {};
  /** Leads each process as soon as it is there. */
  onSpawn: (process: FakeProcess) => void = () => {};
  onFile: FileWork = () => ({});
  memoryBytes = 1_000;

  constructor(readonly id: string = "sess-a") {}

  async spawn(spec: SpawnSpec, signal: AbortSignal): Promise<SandboxProcess> {
    await this.beforeSpawn(spec);
    signal.throwIfAborted();
    const process = new FakeProcess(spec);
    this.processes.push(process);
    queueMicrotask(() => this.onSpawn(process));
    return process;
  }

  async file(
    op: string,
    input: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly output: Record<string, unknown> }> {
    return await Promise.resolve({ output: this.onFile(op, input) });
  }

  usage() {
    return Promise.resolve({
      cpuMs: 1,
      memoryBytes: this.memoryBytes,
      diskBytes: 3,
      processes: this.processes.length,
    });
  }

  close(): Promise<void> {
    this.isClosed = true;
    for (const process of this.processes) process.exit({ signal: "SIGKILL" });
    return Promise.resolve();
  }
}

export class FakeHost implements SandboxHost {
  readonly report: IsolationReport = {
    isolation: "namespaces",
    cgroups: [],
    network: true,
    proc: true,
    notes: [],
  };
  readonly sandboxes = new Map<string, FakeSandbox>();
  readonly removed: string[] = [];
  left: string[] = [];
  /** Of the last session that was opened. */
  limits: Limits | undefined;
  /** What becomes of the next calls. */
  beforeOpen: (id: string, existing: boolean) => void | Promise<void> = () => {};
  beforeRemove: (id: string) => void | Promise<void> = () => {};

  leftovers(): Promise<readonly string[]> {
    return Promise.resolve(this.left);
  }

  async open(
    id: string,
    { existing, limits }: { readonly existing: boolean; readonly limits: Limits },
  ): Promise<Sandbox> {
    this.limits = limits;
    await this.beforeOpen(id, existing);
    const sandbox = new FakeSandbox(id);
    this.sandboxes.set(id, sandbox);
    return sandbox;
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    await this.beforeRemove(id);
    signal.throwIfAborted();
    this.removed.push(id);
    this.sandboxes.delete(id);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get(id: string): FakeSandbox {
    const sandbox = this.sandboxes.get(id);
    if (sandbox === undefined) throw new SessionError("not_found", `the test has opened no ${id}`);
    return sandbox;
  }
}
