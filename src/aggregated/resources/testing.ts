/** Resources of several Coders in memory, on a clock that tests move. For tests alone. */
import type { Naming } from "../../api/control_plane_aggregation.ts";
import { ANONYMOUS } from "../../identity/mod.ts";
import { type Backend, createDeploymentCopy } from "../../inventory/mod.ts";
import { ModelCoder } from "../../inventory/testing/model_coder.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import type { RequestContext } from "../serving/storage.ts";
import { Resources, type ResourcesOptions } from "./resources.ts";

export const START = Date.parse("2026-01-01T00:00:00Z");

export type Editable = { -readonly [K in keyof Backend]: Backend[K] };

export interface ResourcesRig extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly resources: Resources;
  /** A Coder of `namespace/name`, which is asked as soon as `start` is called. */
  add(id: string, options?: { naming?: Naming; createdAt?: string; isStatic?: boolean }): {
    readonly coder: ModelCoder;
    readonly backend: Editable;
  };
  /** Takes one away, as when its control plane is deleted. */
  drop(id: string): void;
  /** Lets all copies run, and their first lists come. */
  start(): Promise<void>;
  /** Names of what is shown, of workspaces, then of templates. */
  shown(namespace?: string): string[];
  context(): RequestContext & { readonly warnings: string[] };
}

export function resourcesRig(
  { log, ...options }: { log?: Logger } & Pick<ResourcesOptions, "overlay" | "isEnding"> = {},
): ResourcesRig {
  const clock = new FakeClock();
  const wallTime = () => START + Math.floor(clock.now());
  const resources = new Resources({ wallTime, ...options, ...(log === undefined ? {} : { log }) });
  const backends = new Map<string, Editable>();
  const ends = new Map<string, AbortController>();
  const running: Promise<void>[] = [];
  resources.of({ list: () => [...backends.values()] });
  const run = (id: string) => {
    const end = new AbortController();
    ends.set(id, end);
    running.push(backends.get(id)!.copy.run(end.signal));
  };
  let isRunning = false;
  return {
    clock,
    resources,
    add(id, { naming = "Auto", createdAt = "", isStatic = false } = {}) {
      const [namespace = "", name = ""] = id.split("/");
      const coder = new ModelCoder(clock);
      const backend = {
        id,
        namespace,
        ...(isStatic ? {} : { controlPlane: { namespace, name } }),
        naming,
        createdAt,
        waiting: undefined,
        uid: isStatic ? "" : `uid-of-${name}`,
        open: () => coder.open(),
      } as unknown as Editable;
      const told = resources.listen(backend);
      backend.copy = createDeploymentCopy({
        source: coder,
        clock,
        wallTime,
        jitter: 0,
        listener: told,
      });
      backends.set(id, backend);
      resources.changed();
      if (isRunning) run(id);
      return { coder, backend };
    },
    drop(id) {
      ends.get(id)?.abort();
      backends.delete(id);
      resources.changed();
    },
    async start() {
      isRunning = true;
      for (const id of backends.keys()) run(id);
      await clock.advance(1_000);
    },
    shown: (namespace) =>
      [resources.workspaces, resources.templates].flatMap(({ collection }) =>
        collection.list(namespace).items.map(({ metadata }) => metadata.name ?? "")
      ),
    context() {
      const warnings: string[] = [];
      return {
        user: ANONYMOUS,
        signal: new AbortController().signal,
        warn: (text) => void warnings.push(text),
        warnings,
      };
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends.values()) end.abort();
      await settle();
      await Promise.all(running);
    },
  };
}
