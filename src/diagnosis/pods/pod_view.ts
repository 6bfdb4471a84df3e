/** A pod as rules see it: read once, whatever its shape is. */
import { list, number, record, text, textRecord, texts, time } from "../foreign.ts";

/** How a run of a container ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  readonly signal: number;
  readonly reason: string;
  readonly message: string;
  /** Milliseconds since 1970; 0 where it is not told. */
  readonly startedAt: number;
  readonly finishedAt: number;
}

export interface ContainerView {
  readonly name: string;
  readonly kind: "init" | "sidecar" | "main";
  /** `container dev`, `init container clone`, `sidecar mesh` */
  readonly about: string;
  readonly image: string;
  readonly state: "waiting" | "running" | "terminated" | "unknown";
  /** Of `waiting`. */
  readonly reason: string;
  readonly message: string;
  readonly runningSince: number;
  /** Of this run, where it is over. */
  readonly end?: ContainerEnd | undefined;
  /** Of the run before. */
  readonly lastEnd?: ContainerEnd | undefined;
  readonly restarts: number;
  readonly ready: boolean;
  readonly started: boolean;
  readonly probes: { readonly readiness: boolean; readonly liveness: boolean; readonly startup: boolean };
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

export interface ConditionView {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly at: number;
}

export interface PodView {
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name` */
  readonly ref: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: { readonly kind: string; readonly name: string };
  /** Milliseconds since 1970; 0 where it is not told. */
  readonly createdAt: number;
  /** 0: it is not being deleted. */
  readonly deletingSince: number;
  readonly graceSeconds: number;
  readonly finalizers: readonly string[];
  readonly node: string;
  readonly phase: string;
  readonly reason: string;
  readonly message: string;
  readonly conditions: readonly ConditionView[];
  /** Init containers and sidecars first, as they start. */
  readonly containers: readonly ContainerView[];
  readonly overhead: Readonly<Record<string, string>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Readonly<Record<string, unknown>>[];
  /** `spec.affinity` as it is. */
  readonly affinity: Readonly<Record<string, unknown>>;
  /** Claims that it mounts. */
  readonly claims: readonly string[];
  readonly serviceAccount: string;
}

/** Reads a pod. */
export function podView(pod: unknown): PodView {
  const { metadata, spec, status } = record(pod);
  const meta = record(metadata);
  const wanted = record(spec);
  const seen = record(status);
  const name = text(meta["name"]);
  const namespace = text(meta["namespace"]);
  const owner = list(meta["ownerReferences"]).map(record).find(({ controller }) => controller === true);
  return {
    namespace,
    name,
    ref: namespace === "" ? name : `${namespace}/${name}`,
    uid: text(meta["uid"]),
    labels: textRecord(meta["labels"]),
    owner: { kind: text(owner?.["kind"]), name: text(owner?.["name"]) },
    createdAt: time(meta["creationTimestamp"]),
    deletingSince: time(meta["deletionTimestamp"]),
    graceSeconds: number(meta["deletionGracePeriodSeconds"]),
    finalizers: texts(meta["finalizers"]),
    node: text(wanted["nodeName"]),
    phase: text(seen["phase"]),
    reason: text(seen["reason"]),
    message: text(seen["message"]),
    conditions: list(seen["conditions"]).map(conditionView),
    containers: [
      ...containersOf(wanted["initContainers"], seen["initContainerStatuses"], true),
      ...containersOf(wanted["containers"], seen["containerStatuses"], false),
    ],
    overhead: textRecord(wanted["overhead"]),
    nodeSelector: textRecord(wanted["nodeSelector"]),
    tolerations: list(wanted["tolerations"]).map(record),
    affinity: record(wanted["affinity"]),
    claims: claimNames(name, wanted["volumes"]),
    serviceAccount: text(wanted["serviceAccountName"]) || "default",
  };
}

/** Of a pod or a node. */
export function conditionView(condition: unknown): ConditionView {
  const { type, status, reason, message, lastTransitionTime } = record(condition);
  return {
    type: text(type),
    status: text(status),
    reason: text(reason),
    message: text(message),
    at: time(lastTransitionTime),
  };
}

function claimNames(pod: string, volumes: unknown): readonly string[] {
  return list(volumes).map(record).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claim = text(record(persistentVolumeClaim)["claimName"]);
    if (claim !== "") return [claim];
    return ephemeral && typeof name === "string" ? [`${pod}-${name}`] : [];
  });
}

function containersOf(containers: unknown, statuses: unknown, isInit: boolean): ContainerView[] {
  const seen = list(statuses).map(record);
  return list(containers).map(record).map((container) =>
    containerView(container, seen.find(({ name }) => name === container["name"]) ?? {}, isInit)
  );
}

type Raw = Readonly<Record<string, unknown>>;

function containerView(container: Raw, status: Raw, isInit: boolean): ContainerView {
  const name = text(container["name"]);
  const isSidecar = isInit && container["restartPolicy"] === "Always";
  const kind = isSidecar ? "sidecar" : isInit ? "init" : "main";
  const state = record(status["state"]);
  const waiting = record(state["waiting"]);
  const resources = record(container["resources"]);
  return {
    name,
    kind,
    about: `${kind === "main" ? "container" : kind === "init" ? "init container" : "sidecar"} ${name}`,
    image: text(container["image"]) || text(status["image"]),
    state: state["terminated"]
      ? "terminated"
      : state["running"]
      ? "running"
      : state["waiting"]
      ? "waiting"
      : "unknown",
    reason: text(waiting["reason"]),
    message: text(waiting["message"]),
    runningSince: time(record(state["running"])["startedAt"]),
    end: endOf(state["terminated"]),
    lastEnd: endOf(record(status["lastState"])["terminated"]),
    restarts: number(status["restartCount"]),
    ready: status["ready"] === true,
    started: status["started"] === true,
    probes: {
      readiness: Boolean(container["readinessProbe"]),
      liveness: Boolean(container["livenessProbe"]),
      startup: Boolean(container["startupProbe"]),
    },
    requests: textRecord(resources["requests"]),
    limits: textRecord(resources["limits"]),
    command: [...texts(container["command"]), ...texts(container["args"])],
  };
}

function endOf(value: unknown): ContainerEnd | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { exitCode, signal, reason, message, startedAt, finishedAt } = record(value);
  return {
    exitCode: number(exitCode),
    signal: number(signal),
    reason: text(reason),
    message: text(message),
    startedAt: time(startedAt),
    finishedAt: time(finishedAt),
  };
}

/** A condition by its type. */
export function conditionOf(pod: PodView, type: string): ConditionView | undefined {
  return pod.conditions.find((condition) => condition.type === type);
}

/** Its work is done, or given up. */
export function isOver(pod: PodView): boolean {
  return pod.phase === "Succeeded" || pod.phase === "Failed";
}

/** Its containers take part in what it is for. */
export function isReadyPod(pod: PodView): boolean {
  return conditionOf(pod, "Ready")?.status === "True" && pod.deletingSince === 0 && !isOver(pod);
}
