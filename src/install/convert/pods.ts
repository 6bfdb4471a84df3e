/** What shapes the pods and their Deployment. */
import type { ControlPlaneSpecInput } from "../../api/control_plane.ts";
import { NOT_BLANK, OBJECT_NAME } from "../../api/patterns.ts";
import { DEFAULT_RESOURCES } from "./chart_defaults.ts";
import { dropUnusableLabels } from "./labels.ts";
import { probeFields } from "./probes.ts";
import { selectorRemarks } from "./selectors.ts";
import type { ValueReader } from "./value_reader.ts";
import { isFields } from "./values_text.ts";

/** Labels that the operator's pods have, whatever the spec says. */
const OWN_LABELS: readonly string[] = [
  "app.kubernetes.io/name",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/managed-by",
];

/** The fields of one name for values of one Kubernetes structure. */
const STRUCTURES = {
  securityContext: "SecurityContext",
  podSecurityContext: "PodSecurityContext",
  lifecycle: "Lifecycle",
} as const;

const LISTS = {
  volumes: "Volume",
  volumeMounts: "VolumeMount",
  tolerations: "Toleration",
  hostAliases: "HostAlias",
} as const;

/** Everything about pods but image, environment and command. `name`: of the control plane. */
export function podFields(values: ValueReader, name: string): ControlPlaneSpecInput {
  const fields: Record<string, unknown> = {};
  for (const [field, structure] of Object.entries(STRUCTURES)) {
    fields[field] = values.structure(`coder.${field}`, structure);
  }
  for (const [field, structure] of Object.entries(LISTS)) {
    const list = values.structures(`coder.${field}`, structure);
    if (list.length > 0) fields[field] = list;
  }
  deploymentMetadata(values, name);
  return {
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    // Without a word, the operator hardens the container; the chart would leave it to the cluster.
    ...(fields["securityContext"] === undefined && { securityContext: {} }),
    replicas: Math.max(0, values.integer("coder.replicaCount") ?? 1),
    resources: values.structure("coder.resources", "ResourceRequirements") ?? DEFAULT_RESOURCES,
    ...initContainers(values),
    ...strategy(values),
    ...certificates(values),
    ...probeFields(values),
    ...scheduling(values, name),
    ...podMetadata(values),
  };
}

/** Other writers' labels and annotations stay on the Deployment; the operator has none of its own to give. */
function deploymentMetadata(values: ValueReader, name: string): void {
  for (const [path, verb] of [["coder.annotations", "annotate"], ["coder.labels", "label"]] as const) {
    if (Object.keys(values.textMap(path)).length === 0) continue;
    values.warn(
      path,
      `set them yourself, once: kubectl ${verb} deployment ${name} KEY=VALUE. The operator leaves those of others alone`,
    );
  }
}

function initContainers(values: ValueReader): ControlPlaneSpecInput {
  const containers = values.structures("coder.initContainers", "Container").filter(({ name }) => {
    if (name === "coder") {
      values.warn("coder.initContainers", "one was left out: it has the Coder container's name");
    }
    return name !== "coder";
  });
  return containers.length === 0 ? {} : { initContainers: containers };
}

function strategy(values: ValueReader): ControlPlaneSpecInput {
  const wanted = values.structure("coder.strategy", "DeploymentStrategy");
  if (wanted === undefined) return {};
  const { type = "RollingUpdate", rollingUpdate } = wanted;
  if (type === "RollingUpdate" || (type === "Recreate" && rollingUpdate === undefined)) {
    return { strategy: wanted };
  }
  values.warn("coder.strategy", "was left out, as Kubernetes would refuse it");
  return {};
}

function podMetadata(values: ValueReader): ControlPlaneSpecInput {
  const annotations = values.textMap("coder.podAnnotations");
  const labels = values.textMap("coder.podLabels");
  for (const label of OWN_LABELS.filter((each) => Object.hasOwn(labels, each))) {
    delete labels[label];
    values.warn(`coder.podLabels.${label}`, "was left out: the operator sets this label");
  }
  dropUnusableLabels(values, "coder.podLabels", labels);
  return {
    ...(Object.keys(annotations).length > 0 && { podAnnotations: annotations }),
    ...(Object.keys(labels).length > 0 && { podLabels: labels }),
  };
}

function scheduling(values: ValueReader, name: string): ControlPlaneSpecInput {
  const nodeSelector = values.textMap("coder.nodeSelector");
  const priorityClassName = values.text("coder.priorityClassName")?.trim();
  const named = priorityClassName !== undefined && new RegExp(OBJECT_NAME).test(priorityClassName);
  if (priorityClassName !== undefined && !named) {
    values.warn("coder.priorityClassName", "is not a name and was left out");
  }
  const affinity = values.structure("coder.affinity", "Affinity");
  const spread = values.structures("coder.topologySpreadConstraints", "TopologySpreadConstraint");
  const own = values.isGiven("coder.affinity");
  const chosen = own ? affinity : withInstance(affinity, name);
  if (own) selectorRemarks(values, "coder.affinity", "spec.affinity", affinity, name);
  const constraints = "topologySpreadConstraints";
  selectorRemarks(values, `coder.${constraints}`, `spec.${constraints}`, spread, name);
  return {
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
    ...(named && { priorityClassName }),
    ...(chosen !== undefined && { affinity: chosen }),
    ...(spread.length > 0 && { topologySpreadConstraints: spread }),
  };
}

/** The chart's default keeps pods of the instance `coder` apart; here it has the control plane's name. */
function withInstance<T>(affinity: T, name: string): T {
  return affinity === undefined ? affinity : JSON.parse(
    JSON.stringify(affinity).replaceAll('"values":["coder"]', `"values":[${JSON.stringify(name)}]`),
  );
}

function certificates(values: ValueReader): ControlPlaneSpecInput {
  const filled = new RegExp(NOT_BLANK);
  const deprecated = values.text("coder.tls.secretName");
  const secretNames = values.texts("coder.tls.secretNames").filter((name) => filled.test(name));
  if (deprecated !== undefined) {
    values.warn(
      "coder.tls.secretName",
      "is refused by the chart today; it was taken as one of coder.tls.secretNames",
    );
    secretNames.push(deprecated);
  }
  const secrets = values.list("coder.certs.secrets").flatMap((item, index) => {
    const { name, key } = isFields(item) ? item : {};
    if (typeof name === "string" && typeof key === "string" && filled.test(name) && filled.test(key)) {
      return [{ name, key }];
    }
    values.warn(`coder.certs.secrets[${index}]`, "does not have the texts name and key and was left out");
    return [];
  });
  return {
    ...(secretNames.length > 0 && { tls: { secretNames } }),
    ...(secrets.length > 0 && { certs: { secrets } }),
  };
}
