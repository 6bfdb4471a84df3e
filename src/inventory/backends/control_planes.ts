/** The deployments of all control planes of the cluster, as they come and go. */
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { namingOf } from "../../api/control_plane_naming.ts";
import { keyOf, keyText, type ObjectKey } from "../../api/object.ts";
import type { Informer } from "../../kube/informer.ts";
import { systemClock, whenAborted } from "../../telemetry/clock.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type CopyOptions, createDeploymentCopy } from "../live/deployment_copy.ts";
import type { CoderClient } from "../../coder/mod.ts";
import type { CopySource, DeploymentCopy } from "../live/types.ts";
import { type Eligibility, eligibilityOf, type TokenReference } from "./eligibility.ts";
import type { Backend, Backends, BackendsListener } from "./types.ts";

export interface ControlPlaneBackendsOptions {
  readonly controlPlanes: Pick<Informer<CoderControlPlane>, "subscribe">;
  readonly listener: BackendsListener;
  /** Reads a token now. Rejects where there is none; the message holds nothing of it. */
  readToken(reference: TokenReference, signal: AbortSignal): Promise<string>;
  /** A client of the control plane's Coder. `url` is what its status says. Throws where it cannot be used. */
  connect(controlPlane: CoderControlPlane, url: string, token: string): CoderClient;
  /** Called for every token, so that no log has it. */
  readonly keepSecret?: (token: string) => void;
  /** Called for a control plane that is gone or disabled: what belongs to its connections can go. */
  readonly forget?: (controlPlane: ObjectKey) => void;
  /** How copies are made. */
  readonly copies?: Omit<CopyOptions, "source" | "listener" | "log">;
  readonly log?: Logger;
}

/** Makes it; nothing is watched or asked before `run`. */
export function controlPlaneBackends(options: ControlPlaneBackendsOptions): Backends {
  return new ControlPlaneBackends(options);
}

class ControlPlaneBackends implements Backends {
  readonly skipped = new Map<string, string>();
  readonly #options: ControlPlaneBackendsOptions;
  readonly #log: Logger;
  readonly #backends = new Map<string, ControlPlaneBackend>();
  #signal = AbortSignal.abort();

  constructor(options: ControlPlaneBackendsOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLogger;
  }

  list(): readonly Backend[] {
    return [...this.#backends.values()].sort((a, b) => a.id < b.id ? -1 : 1);
  }

  inNamespace(namespace: string): readonly Backend[] {
    return this.list().filter((backend) => backend.namespace === namespace);
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    const unsubscribe = this.#options.controlPlanes.subscribe({
      added: (object) => this.#seen(object),
      updated: (_, object) => this.#seen(object),
      deleted: (object) => this.#gone(keyOf(object)),
    });
    await whenAborted(signal);
    unsubscribe();
    await Promise.all([...this.#backends.values()].map((backend) => backend.stop()));
  }

  #seen(object: CoderControlPlane): void {
    const key = keyOf(object);
    const id = keyText(key);
    const eligibility = eligibilityOf(object);
    this.#skip(id, eligibility);
    if (eligibility.state === "disabled" || eligibility.state === "skipped") return this.#gone(key);
    const there = this.#backends.get(id);
    // Another control plane of the same name is another Coder.
    if (there !== undefined && there.uid !== (object.metadata.uid ?? "")) {
      this.#gone(key);
      return this.#seen(object);
    }
    const backend = there ??
      new ControlPlaneBackend(key, this.#options, this.#log.child({ controlPlane: id }));
    const isOther = backend.update(object, eligibility, this.#signal);
    if (there === undefined) this.#backends.set(id, backend);
    if (there === undefined || isOther) this.#options.listener.changed();
  }

  #gone(key: ObjectKey): void {
    const id = keyText(key);
    const backend = this.#backends.get(id);
    if (backend === undefined) return;
    this.#backends.delete(id);
    backend.stop().catch(() => {});
    this.#options.forget?.(key);
    this.#options.listener.changed();
  }

  #skip(id: string, eligibility: Eligibility): void {
    if (eligibility.state !== "skipped") {
      this.skipped.delete(id);
      return;
    }
    if (!this.skipped.has(id)) this.#log.warn(eligibility.message, { controlPlane: id });
    this.skipped.set(id, eligibility.message);
  }
}

interface Opened {
  /** Of address, reference and token. */
  readonly identity: string;
  readonly client: CoderClient;
  /** By the clock. */
  readonly readAt: number;
}

/** Between two reads of a token that Coder refuses, in milliseconds. */
const REREAD_MS = 10_000;

class ControlPlaneBackend implements Backend, CopySource {
  readonly id: string;
  readonly namespace: string;
  readonly copy: DeploymentCopy;
  #object: CoderControlPlane | undefined;
  #eligibility: Eligibility | undefined;
  #opened: Opened | undefined;
  #isRefused = false;
  #end: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(
    readonly controlPlane: ObjectKey,
    private readonly options: ControlPlaneBackendsOptions,
    log: Logger,
  ) {
    this.id = keyText(controlPlane);
    this.namespace = controlPlane.namespace;
    const listener = options.listener.listen(this);
    this.copy = createDeploymentCopy({ ...options.copies, source: this, listener, log });
  }

  get uid(): string {
    return this.#object?.metadata.uid ?? "";
  }

  get naming() {
    return this.#object === undefined ? "Auto" : namingOf(this.#object);
  }

  get createdAt(): string {
    return this.#object?.metadata.creationTimestamp ?? "";
  }

  get waiting(): string | undefined {
    return this.#eligibility?.state === "waiting" ? this.#eligibility.message : undefined;
  }

  /** Returns whether it is to be named otherwise. */
  update(object: CoderControlPlane, eligibility: Eligibility, signal: AbortSignal): boolean {
    const before = this.naming;
    this.#object = object;
    this.#eligibility = eligibility;
    if (eligibility.state === "eligible") this.#start(signal);
    else this.stop().catch(() => {});
    return this.naming !== before;
  }

  /** Nothing is asked from now on; what is known stays. */
  async stop(): Promise<void> {
    this.#end?.abort();
    this.#end = undefined;
    this.#opened = undefined;
    await this.#running;
  }

  async open(signal: AbortSignal): Promise<CoderClient> {
    const [object, eligibility] = [this.#object, this.#eligibility];
    if (object === undefined || eligibility?.state !== "eligible") {
      throw new Error(this.waiting ?? `${this.id} is not served`);
    }
    const { url, token: reference } = eligibility;
    // A renewed token comes with another end; the Secret may have been replaced with its reference staying as it was.
    const { operatorTokenName, operatorTokenExpires } = object.status ?? {};
    const identity = JSON.stringify([url, reference, operatorTokenName, operatorTokenExpires]);
    const now = (this.options.copies?.clock ?? systemClock).now();
    if (this.#opened?.identity === identity) {
      // Whoever is refused again and again does not read the Secret each time.
      if (!this.#isRefused || now - this.#opened.readAt < REREAD_MS) return this.#opened.client;
    }
    const token = await this.options.readToken(reference, signal);
    this.options.keepSecret?.(token);
    const client = this.options.connect(object, url, token);
    this.#opened = { identity, client, readAt: now };
    this.#isRefused = false;
    return client;
  }

  refused(): void {
    this.#isRefused = true;
  }

  #start(signal: AbortSignal): void {
    if (this.#end !== undefined || signal.aborted) return;
    const end = this.#end = new AbortController();
    const before = this.#running;
    this.#running = (async () => {
      await before;
      await this.copy.run(AbortSignal.any([signal, end.signal]));
    })();
  }
}
