/** An object that the operator runs pods for, as collectors, rules and states see it: read once, whatever its shape is. */
import type { Facts } from "./facts.ts";
import { list, number, record, text, texts, time } from "./foreign.ts";
import { type ConditionView, conditionView } from "./pods/pod_view.ts";
import { type Seen, valueOf } from "./seen.ts";

export interface OwnerView {
  /** `CoderControlPlane`, `CoderWorkspaceProxy` or `CoderProvisioner`. */
  readonly kind: string;
  /** As kubectl knows it: `codercontrolplane`. */
  readonly resource: string;
  /** For sentences: `control plane`. */
  readonly noun: string;
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name` */
  readonly ref: string;
  /** `control plane lab/coder` */
  readonly about: string;
  /** Milliseconds since 1970; 0 where it is not told. */
  readonly createdAt: number;
  /** 0: it is not being deleted. */
  readonly deletingSince: number;
  readonly finalizers: readonly string[];
  readonly generation: number;
  /** 0: the operator has never looked. */
  readonly observedGeneration: number;
  /** When its spec was written last, as far as that is told; never 0 where `createdAt` is not. */
  readonly changedAt: number;
  readonly conditions: readonly ConditionView[];
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>>;
}

const KINDS = {
  controlplane: { kind: "CoderControlPlane", resource: "codercontrolplane", noun: "control plane" },
  proxy: { kind: "CoderWorkspaceProxy", resource: "coderworkspaceproxy", noun: "workspace proxy" },
  provisioner: { kind: "CoderProvisioner", resource: "coderprovisioner", noun: "provisioner" },
} as const;
type OwnerKind = keyof typeof KINDS;

/** Reads one. */
export function ownerView(kind: OwnerKind, object: unknown): OwnerView {
  const { metadata, spec, status } = record(object);
  const meta = record(metadata);
  const seen = record(status);
  const namespace = text(meta["namespace"]);
  const name = text(meta["name"]);
  const createdAt = time(meta["creationTimestamp"]);
  return {
    ...KINDS[kind],
    namespace,
    name,
    ref: `${namespace}/${name}`,
    about: `${KINDS[kind].noun} ${namespace}/${name}`,
    createdAt,
    deletingSince: time(meta["deletionTimestamp"]),
    finalizers: texts(meta["finalizers"]),
    generation: number(meta["generation"]),
    observedGeneration: number(seen["observedGeneration"]),
    changedAt: Math.max(createdAt, ...specWrites(meta["managedFields"])),
    conditions: list(seen["conditions"]).map(conditionView),
    spec: record(spec),
    status: seen,
  };
}

/** The subject itself; undefined where it was not read, and for workspaces. */
export function subjectOwner(facts: Facts): OwnerView | undefined {
  const { kind } = facts.subject;
  if (kind === "workspace") return undefined;
  const objects: Readonly<Record<OwnerKind, Seen<unknown> | undefined>> = {
    controlplane: facts.controlPlane,
    proxy: facts.proxy,
    provisioner: facts.provisioner,
  };
  const object = valueOf(objects[kind]);
  return object === undefined ? undefined : ownerView(kind, object);
}

/** The control plane that the subject is, or belongs to. */
export function controlPlaneOf(facts: Facts): OwnerView | undefined {
  const object = valueOf(facts.controlPlane);
  return object === undefined ? undefined : ownerView("controlplane", object);
}

/** A condition by its type. */
export function conditionIn(
  { conditions }: Pick<OwnerView, "conditions">,
  type: string,
): ConditionView | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** Times of writes that were none of a subresource. */
function specWrites(managedFields: unknown): number[] {
  return list(managedFields).map(record)
    .filter(({ subresource }) => text(subresource) === "")
    .map((entry) => time(entry["time"]));
}
