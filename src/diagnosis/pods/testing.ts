/** Pods, events and facts about them, for tests. */
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  PodSpec,
  PodStatus,
} from "../../api/kubernetes/types.ts";
import type { CoreEvent } from "../core_events.ts";
import type { Facts, FactTypes } from "../facts.ts";
import type { Seen } from "../seen.ts";
import type { Subject } from "../subject.ts";
import { NOW } from "../testing.ts";
import type { Finding, Rule } from "../types.ts";

/** Whose pods these are where a test does not say. */
export const WORKSPACE: Subject = { kind: "workspace", namespace: "lab", name: "default.ann.dev" };

/** So many seconds before now, RFC 3339. */
export function ago(seconds: number): string {
  return new Date(NOW - seconds * 1_000).toISOString().replace(".000", "");
}

export interface PodParts {
  readonly name?: string;
  readonly metadata?: Partial<Pod["metadata"]>;
  readonly spec?: Partial<PodSpec>;
  /** Of container `dev`. */
  readonly container?: Partial<Container>;
  readonly status?: Partial<PodStatus>;
  /** Of container `dev`: its state, and what else differs from one that runs and is ready. */
  readonly state?: ContainerState;
  readonly dev?: Partial<ContainerStatus>;
}

/** A pod `lab/dev-0` that runs and is ready since ten minutes, with the given differences. */
export function pod({ name = "dev-0", metadata, spec, container, status, state, dev }: PodParts = {}): Pod {
  const ready = dev?.ready ?? (state === undefined || state.running !== undefined);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "lab", uid: `uid-${name}`, creationTimestamp: ago(600), ...metadata },
    spec: {
      nodeName: "node-1",
      containers: [{ name: "dev", image: "ghcr.io/acme/dev:1", ...container }],
      ...spec,
    },
    status: {
      phase: ready ? "Running" : "Pending",
      conditions: [
        { type: "PodScheduled", status: "True", lastTransitionTime: ago(600) },
        { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: ago(590) },
      ],
      containerStatuses: [{
        name: "dev",
        image: "ghcr.io/acme/dev:1",
        imageID: "",
        ready,
        started: ready,
        restartCount: 0,
        state: state ?? { running: { startedAt: ago(595) } },
        ...dev,
      }],
      ...status,
    },
  };
}

/** A pod that no node takes, with the scheduler's words. */
export function unplaced(message: string, { spec, ...parts }: PodParts = {}): Pod {
  const made = pod({
    ...parts,
    status: {
      phase: "Pending",
      conditions: [
        {
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message,
          lastTransitionTime: ago(300),
        },
      ],
      containerStatuses: [],
    },
  });
  const { nodeName: _, ...rest } = made.spec!;
  return { ...made, spec: { ...rest, ...spec } };
}

/** A container that waits. */
export function waiting(reason: string, message: string, parts: PodParts = {}): Pod {
  return pod({ state: { waiting: { reason, message } }, ...parts });
}

/** A container that has ended a minute ago, seven restarts on. */
export function looping(
  end: { readonly exitCode: number; readonly reason?: string; readonly message?: string },
  parts: PodParts = {},
): Pod {
  return waiting(
    "CrashLoopBackOff",
    "back-off 5m0s restarting failed container=dev pod=dev-0_lab(uid-dev-0)",
    {
      ...parts,
      dev: {
        restartCount: 7,
        lastState: { terminated: { reason: "Error", startedAt: ago(70), finishedAt: ago(60), ...end } },
        ...parts.dev,
      },
    },
  );
}

/** A warning about a pod, half a minute ago, four times. */
export function event(
  reason: string,
  message: string,
  { kind = "Pod", name = "dev-0", ...more }: Partial<CoreEvent> & { readonly name?: string } & {
    readonly kind?: string;
  } = {},
): CoreEvent {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.${reason}`, namespace: "lab" },
    involvedObject: { kind, namespace: "lab", name, ...(kind === "Pod" ? { uid: `uid-${name}` } : {}) },
    type: "Warning",
    reason,
    message,
    count: 4,
    lastTimestamp: ago(30),
    ...more,
  };
}

type Values = { readonly [Name in keyof FactTypes]?: FactTypes[Name] };

/** Facts with these values. */
export function factsOf(values: Values, subject: Subject = WORKSPACE): Facts {
  const seen = Object.entries(values).map(([name, value]) => [name, { state: "seen", value }]);
  return { ...Object.fromEntries(seen), subject, now: NOW } as Facts;
}

/** Facts that could not be read. */
export function unreadFacts(rule: Rule): Facts {
  const unread: Seen<never> = { state: "unread", what: "list pods", kind: "forbidden", why: "forbidden" };
  return {
    ...Object.fromEntries(rule.needs.map((name) => [name, unread])),
    subject: WORKSPACE,
    now: NOW,
  } as Facts;
}

/** The only finding of a rule. */
export function only(rule: Rule, values: Values, subject?: Subject): Finding {
  const found = rule.find(factsOf(values, subject));
  if (found.length !== 1) {
    throw new Error(`${rule.id} has ${found.length} findings: ${JSON.stringify(found)}`);
  }
  return found[0]!;
}

/** The commands of the next steps. */
export function commands({ next }: Finding): string[] {
  return next.flatMap(({ command }) => command === undefined ? [] : [command]);
}

/** What is quoted, with its source and its time. */
export function quotes({ evidence }: Finding): string[] {
  return evidence.map(({ source, at, quote }) => `${source}${at === undefined ? "" : ` at ${at}`}: ${quote}`);
}
