/** A workbench for each Coder that is served, with what is kept for it, as they come and go. */
import { createWorkbench, type Workbench, type WorkbenchOptions } from "../../actions/workbench.ts";
import type { OnRefused } from "../../actions/mod.ts";
import { NO_OVERLAY, type Overlay } from "../../aggregated/convert/overlay.ts";
import type { Backend, BackendsListener, CopyListener } from "../../inventory/mod.ts";
import type { Keeping, Keepings, ShadowKind } from "../../shadow/mod.ts";
import { whenAborted } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { isNotFound } from "../../coder/mod.ts";
import { HeardElsewhere } from "./heard_elsewhere.ts";
import { LeavingChanges } from "./leaving_changes.ts";

export interface WorkbenchesOptions extends Pick<WorkbenchOptions, "audit" | "wait" | "answerMs"> {
  readonly keepings: Keepings;
  /** Hears of backends first. */
  readonly listener: BackendsListener;
  readonly log: Logger;
  /** Hears of wishes that were refused after their callers had been answered. */
  readonly onRefused?: (backend: Backend, keeping: Keeping) => OnRefused;
  /** Shows an object anew. */
  readonly retell?: (owner: string, kind: ShadowKind, id: string) => void;
  /** What runs beside each workbench as long as it does. */
  readonly beside?: (bench: Bench, signal: AbortSignal) => Promise<void>;
  /** @default {createWorkbench} */
  readonly create?: (options: WorkbenchOptions) => Workbench;
}

/** One Coder, what can be done to it, and what is kept for it. */
export interface Bench {
  readonly backend: Backend;
  readonly workbench: Workbench;
  readonly keeping: Keeping;
}

interface Running extends Bench {
  /** Ends what goes on in the background. */
  readonly end: AbortController;
  run: Promise<void> | undefined;
}

/** Give it to the backends as their listener. */
export class Workbenches implements BackendsListener {
  readonly #options: WorkbenchesOptions;
  readonly #benches = new Map<Backend, Running>();
  /** By the backend's id. */
  readonly #keepings = new Map<string, Keeping>();
  readonly #leaving: LeavingChanges;
  readonly #elsewhere: HeardElsewhere;
  #list: () => readonly Backend[] = () => [];
  #signal: AbortSignal | undefined;

  constructor(options: WorkbenchesOptions) {
    this.#options = options;
    const backendOf = (id: string) => [...this.#benches.keys()].find((one) => one.id === id);
    this.#leaving = new LeavingChanges({
      activeOf: (owner, template) => backendOf(owner)?.copy.template(template)?.active_version_id,
      retell: (owner, template) => options.retell?.(owner, "templates", template),
      async look(owner, template, signal) {
        const backend = backendOf(owner);
        if (backend !== undefined) await lookAt(backend, "templates", template, signal);
      },
    });
    this.#elsewhere = new HeardElsewhere({
      async look(owner, kind, id, signal) {
        const backend = backendOf(owner);
        if (backend === undefined) return;
        try {
          await lookAt(backend, kind, id, signal);
        } catch (error) {
          if (!isNotFound(error)) throw error;
          backend.copy.observeGone(kind, id);
        }
      },
    });
    // Before anybody is told what is shown now.
    options.keepings.subscribe((owner, { kind, id }) => {
      const copy = backendOf(owner)?.copy;
      const shadow = this.#keepings.get(owner)?.shadows.get(kind, id)?.record;
      const isKnown = copy?.state(kind).completeAt === undefined
        ? undefined
        : (kind === "workspaces" ? copy.workspace(id) : copy.template(id)) !== undefined;
      // What is kept has a generation from the first on.
      const generation = shadow === undefined ? undefined : shadow.metadata.generation ?? 0;
      this.#elsewhere.heard(owner, kind, id, { generation, isKnown }, this.#signal);
      if (kind !== "templates") return;
      this.#leaving.heard(owner, id, this.#keepings.get(owner)?.changeOf(id), this.#signal);
    });
  }

  /** Says where the backends are. */
  of(backends: { list(): readonly Backend[] }): void {
    this.#list = () => backends.list();
    this.changed();
  }

  /** That of a backend that is served, or was until a moment ago. */
  bench(backend: Backend): Bench {
    return this.#benches.get(backend) ?? this.#add(backend);
  }

  all(): Iterable<Bench> {
    return this.#benches.values();
  }

  /** What is shown of an object beside what its Coder says. */
  overlay({ id: owner }: Pick<Backend, "id">, kind: ShadowKind, id: string): Overlay {
    const keeping = this.#keepings.get(owner);
    if (keeping === undefined) return NO_OVERLAY;
    const shadow = keeping.shadows.get(kind, id)?.record;
    return kind === "workspaces"
      ? { shadow, wish: keeping.wishFor(id) }
      : { shadow, change: keeping.changeOf(id) ?? this.#leaving.of(owner, id) };
  }

  changed(): void {
    const now = new Set(this.#list());
    for (const [backend, { end }] of this.#benches) {
      if (now.has(backend)) continue;
      end.abort();
      this.#benches.delete(backend);
      this.#keepings.delete(backend.id);
      this.#elsewhere.forget(backend.id);
    }
    for (const backend of now) this.bench(backend);
    // What is shown has what is kept in it.
    this.#options.listener.changed();
  }

  listen(backend: Backend): CopyListener {
    const listener = this.#options.listener.listen(backend);
    return {
      ...listener,
      workspace: (change, origin) => {
        listener.workspace(change, origin);
        const { id } = change.record;
        this.#elsewhere.known(backend.id, "workspaces", id);
        const bench = this.#benches.get(backend);
        if (bench === undefined) return;
        // Whoever waits for a build goes on as soon as it is over.
        if (bench.keeping.wishFor(id) !== undefined) bench.workbench.wake();
        if (change.type === "gone") bench.keeping.gone("workspaces", id);
      },
      template: (change, origin) => {
        listener.template(change, origin);
        this.#elsewhere.known(backend.id, "templates", change.record.id);
        if (change.type === "gone") this.#benches.get(backend)?.keeping.gone("templates", change.record.id);
      },
      complete: (kind, isFirst) => {
        listener.complete(kind, isFirst);
        const bench = this.#benches.get(backend);
        if (bench !== undefined) this.#sweep(bench, kind);
      },
    };
  }

  /** Goes on with what is kept, of all that are served, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const bench of this.#benches.values()) this.#start(bench);
    const unsubscribe = this.#options.keepings.subscribe((owner, { kind, id }) => {
      // Most of what is kept is metadata, with which there is nothing to go on.
      if (kind !== "workspaces" || this.#keepings.get(owner)?.wishFor(id) === undefined) return;
      for (const { backend, workbench } of this.#benches.values()) if (backend.id === owner) workbench.wake();
    });
    await whenAborted(signal);
    unsubscribe();
    await Promise.all([...this.#benches.values()].map(({ run }) => run));
  }

  #add(backend: Backend): Running {
    const { keepings, audit, wait, answerMs, onRefused, create = createWorkbench } = this.#options;
    const { id, namespace, controlPlane, uid } = backend;
    const keeping = keepings.of({ id, namespace, controlPlane, uid });
    const workbench = create({
      backend,
      wishes: keeping.wishes,
      changes: keeping.changes,
      audit,
      log: this.#options.log.child({ coder: id }),
      ...(onRefused === undefined ? {} : { onRefused: onRefused(backend, keeping) }),
      ...(wait === undefined ? {} : { wait }),
      ...(answerMs === undefined ? {} : { answerMs }),
    });
    const bench: Running = { backend, workbench, keeping, end: new AbortController(), run: undefined };
    // Requests in hand may ask for one that is gone: it is made for them, and nothing goes on in it.
    if (!this.#list().includes(backend)) return bench;
    this.#benches.set(backend, bench);
    this.#keepings.set(id, keeping);
    this.#start(bench);
    return bench;
  }

  #start(bench: Running): void {
    const signal = this.#signal;
    if (signal === undefined || signal.aborted || bench.run !== undefined) return;
    const { backend, workbench, end } = bench;
    const both = AbortSignal.any([signal, end.signal]);
    const work = [workbench.run(both), this.#options.beside?.(bench, both)];
    bench.run = Promise.all(work).then(() => {}, (error) => {
      this.#options.log.error("what goes on with a Coder in the background has ended", {
        coder: backend.id,
        error,
      });
    });
  }

  /** What is kept of objects that are gone goes, too. */
  #sweep({ backend: { copy }, keeping }: Bench, kind: ShadowKind): void {
    const signal = this.#signal;
    if (signal === undefined || signal.aborted) return;
    const isThere = (id: string) =>
      kind === "workspaces" ? copy.workspace(id) !== undefined : copy.template(id) !== undefined;
    keeping.sweep(kind, isThere, signal).catch((error) => {
      if (!signal.aborted) this.#options.log.debug("what is kept could not be swept", { error });
    });
  }
}

/** Asks Coder for an object, and enters it into the copy. */
async function lookAt(backend: Backend, kind: ShadowKind, id: string, signal: AbortSignal): Promise<void> {
  const client = await backend.open(signal);
  const { workspaces, templateChanges } = client.prompt ?? client;
  const askedAt = backend.copy.moment();
  if (kind === "workspaces") backend.copy.observeWorkspace(await workspaces.get(id, {}, { signal }));
  else backend.copy.observeTemplate(await templateChanges.get(id, { signal }), askedAt);
}
