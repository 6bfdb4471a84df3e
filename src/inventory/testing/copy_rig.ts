/** A live copy of a Coder in memory, on a clock that tests move. For tests alone. */
import type { Template, Workspace } from "../../coder/mod.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { type CopyOptions, createDeploymentCopy } from "../live/deployment_copy.ts";
import type { CopyListener, DeploymentCopy } from "../live/types.ts";
import { ModelCoder } from "./model_coder.ts";

/** What the wall clock shows when the other one shows nought. */
export const START = Date.parse("2026-01-01T00:00:00Z");

export interface CopyRig extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly coder: ModelCoder;
  readonly copy: DeploymentCopy;
  /** What was told, as `told dev running list`, `gone dev`, `complete workspaces first`, `addresses …`. */
  readonly heard: string[];
  /** Never aborts. */
  readonly signal: AbortSignal;
  /** Starts the copy, and lets the first lists come. */
  start(): Promise<void>;
  /** `dev running`, sorted. */
  shown(): string[];
}

/** Makes both; nothing is asked yet. */
export function copyRig(
  options: Partial<Omit<CopyOptions, "listener">> & { listener?: Partial<CopyListener> } = {},
): CopyRig {
  const clock = new FakeClock();
  const coder = new ModelCoder(clock);
  const heard: string[] = [];
  const end = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const { listener: more, ...given } = options;
  const listener: CopyListener = {
    workspace(change, origin) {
      const { record } = change;
      heard.push(`${change.type} ${record.name} ${record.latest_build.status} ${origin}`);
      more?.workspace?.(change, origin);
    },
    template(change, origin) {
      heard.push(`${change.type} ${change.record.name} ${origin}`);
      more?.template?.(change, origin);
    },
    complete(kind, isFirst) {
      heard.push(`complete ${kind}${isFirst ? " first" : ""}`);
      more?.complete?.(kind, isFirst);
    },
    addresses(addresses) {
      heard.push(`addresses ${addresses.access} ${addresses.apps}`);
      more?.addresses?.(addresses);
    },
  };
  const copy = createDeploymentCopy({
    source: coder,
    clock,
    wallTime: () => START + Math.floor(clock.now()),
    random: () => 0.5,
    jitter: 0,
    ...given,
    listener,
  });
  return {
    clock,
    coder,
    copy,
    heard,
    signal: new AbortController().signal,
    async start() {
      running = copy.run(end.signal);
      await clock.advance(1_000);
    },
    shown: () =>
      [...copy.workspaces()].map(({ name, latest_build }) => `${name} ${latest_build.status}`).sort(),
    async [Symbol.asyncDispose]() {
      end.abort();
      await settle();
      await running;
    },
  };
}

/** Whether a copy holds exactly what a Coder has. */
export function differences(copy: DeploymentCopy, coder: ModelCoder): string[] {
  const compare = <R extends { id: string }>(held: Iterable<R>, had: ReadonlyMap<string, R>) => {
    const known = new Map([...held].map((record) => [record.id, JSON.stringify(record)]));
    return [...new Set([...known.keys(), ...had.keys()])].filter((id) =>
      known.get(id) !== (had.has(id) ? JSON.stringify(had.get(id)) : undefined)
    );
  };
  return [
    ...compare<Workspace>(copy.workspaces(), coder.workspaces),
    ...compare<Template>(copy.templates(), coder.templates),
  ];
}
