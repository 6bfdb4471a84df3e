/** A CoderProvisioner as collector, rules and state see it: read once, whatever its shape is. */
import { provisionerKeySecretName, provisionerName } from "../workload/names.ts";
import { timeText } from "./core_events.ts";
import { list, number, record, text, textRecord, time } from "./foreign.ts";
import { type ConditionView, conditionView } from "./pods/pod_view.ts";
import type { Evidence } from "./types.ts";

export interface ProvisionerView {
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name` */
  readonly ref: string;
  /** Milliseconds since 1970; 0: it is not being deleted. */
  readonly deletingSince: number;
  readonly createdAt: number;
  readonly controlPlane: { readonly namespace: string; readonly name: string; readonly ref: string };
  readonly organization: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Of the Deployment. */
  readonly deployment: string;
  /** Of the spec; empty where the control plane's is used. */
  readonly image: string;
  /** What its pods run. */
  readonly runs: string;
  readonly key: {
    /** Of the present key in Coder; empty where there is none, or somebody brought one. */
    readonly name: string;
    readonly isBrought: boolean;
    readonly secret: string;
    readonly dataKey: string;
    readonly createdAt: number;
  };
  /** Pods that are wanted; undefined: autoscaling decides. */
  readonly replicas: number | undefined;
  readonly mostReplicas: number;
  readonly ready: number;
  readonly conditions: readonly ConditionView[];
}

/** Reads it. */
export function provisionerView(provisioner: unknown): ProvisionerView {
  const { metadata, spec: wanted, status: seen } = record(provisioner);
  const meta = record(metadata);
  const spec = record(wanted);
  const status = record(seen);
  const key = record(spec["key"]);
  const autoscale = spec["autoscale"] === undefined ? undefined : record(spec["autoscale"]);
  const reference = record(spec["controlPlaneRef"]);
  const namespace = text(meta["namespace"]);
  const name = text(meta["name"]);
  const controlPlane = {
    namespace: text(reference["namespace"]) || namespace,
    name: text(reference["name"]),
  };
  const replicas = typeof spec["replicas"] === "number" ? spec["replicas"] : 1;
  return {
    namespace,
    name,
    ref: `${namespace}/${name}`,
    deletingSince: time(meta["deletionTimestamp"]),
    createdAt: time(meta["creationTimestamp"]),
    controlPlane: { ...controlPlane, ref: `${controlPlane.namespace}/${controlPlane.name}` },
    organization: text(status["organizationName"]) || text(spec["organizationName"]) || "default",
    tags: textRecord(spec["tags"]),
    deployment: provisionerName(name),
    image: text(spec["image"]),
    runs: text(status["image"]) || text(spec["image"]),
    key: {
      name: text(status["provisionerKeyName"]),
      isBrought: text(key["existingSecret"]) !== "",
      secret: text(key["existingSecret"]) || provisionerKeySecretName(name, text(key["secretName"])),
      dataKey: text(key["secretKey"]) || "key",
      createdAt: time(record(status["key"])["createdAt"]),
    },
    replicas: autoscale === undefined ? replicas : undefined,
    mostReplicas: autoscale === undefined ? replicas : number(autoscale["maxReplicas"]),
    ready: number(status["readyReplicas"]),
    conditions: list(status["conditions"]).map(conditionView),
  };
}

/** A condition that is `False`, where one of these reasons (or any) is given. */
export function refusal(
  { conditions }: Pick<ProvisionerView, "conditions">,
  type: string,
  reasons?: readonly string[],
): ConditionView | undefined {
  const found = conditions.find((one) => one.type === type && one.status === "False");
  return found !== undefined && (reasons?.includes(found.reason) ?? true) ? found : undefined;
}

/** Quotes a condition. */
export function conditionEvidence(of: string, { type, reason, message, at }: ConditionView): Evidence {
  return {
    source: `condition ${type} of ${of}`,
    ...(at === 0 ? {} : { at: timeText(at) }),
    quote: `${reason}: ${message}`,
  };
}
