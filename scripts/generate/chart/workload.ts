/** What values say of the pods of a workload, written into its tree. */
import {
  entryOf,
  expression,
  listAt,
  mapAt,
  type MapNode,
  or,
  type Part,
  partAt,
  setKey,
  values,
} from "./tree.ts";

/** Which values are a workload's. */
export interface WorkloadValues {
  /** Prefix of the values of pods, `$.Values` or a section. */
  readonly pods: string;
  /** Where `replicas` and `resources` of this one alone are. */
  readonly own?: string;
  /** Values of the image, a section. */
  readonly image: string;
  /** Where the list of pull secrets is. */
  readonly pullSecrets: string;
}

const TEMPLATE = ["spec", "template"];
const POD = [...TEMPLATE, "spec"];
const CONTAINER = [...POD, "containers", 0];

/** Fields of a pod that are whole values, and whether the manifests have them: then values take their place. */
const POD_FIELDS = ["nodeSelector", "tolerations", "affinity", "topologySpreadConstraints"];

/** Lists of the container and the pod to which values add. */
const LISTS: readonly (readonly [path: readonly (string | number)[], value: string])[] = [
  [[...CONTAINER, "args"], "extraArgs"],
  [[...CONTAINER, "env"], "extraEnv"],
  [[...CONTAINER, "envFrom"], "extraEnvFrom"],
  [[...CONTAINER, "volumeMounts"], "extraVolumeMounts"],
  [[...POD, "volumes"], "extraVolumes"],
];

/** Replicas, resources, image, and everything that may be said of pods. */
export function podValues(tree: MapNode, { pods, own, image, pullSecrets }: WorkloadValues): void {
  const sections = [...(own === undefined ? [] : [own]), pods];
  const replicas = partAt(tree, ["spec", "replicas"]);
  const resources = partAt(tree, [...CONTAINER, "resources"]);
  before(
    replicas,
    sections.map((each) => ({
      // 0 is a number of replicas, too.
      when: `not (kindIs "invalid" ${each}.replicas)`,
      value: expression(`${each}.replicas`),
    })),
  );
  before(
    resources,
    sections.map((each) => ({
      when: `${each}.resources`,
      value: values(`toYaml ${each}.resources`),
    })),
  );
  const container = mapAt(tree, CONTAINER);
  setKey(container, "image", imageOf(image));
  setKey(container, "imagePullPolicy", expression(`${image}.pullPolicy`));

  added(mapIn(mapAt(tree, [...TEMPLATE, "metadata"]), "annotations"), `${pods}.podAnnotations`);
  added(mapAt(tree, [...TEMPLATE, "metadata", "labels"]), `${pods}.podLabels`);
  const pod = mapAt(tree, POD);
  setKey(pod, "imagePullSecrets", values(`toYaml ${pullSecrets}`), pullSecrets);
  for (const field of POD_FIELDS) valueOr(pod, field, `${pods}.${field}`);
  const className = `${pods}.priorityClassName`;
  const there = entryOf(pod, "priorityClassName");
  if (there?.when === undefined) setKey(pod, "priorityClassName", expression(className), className);
  else {
    there.when = or([className, there.when]);
    before(there, [{ when: className, value: expression(className) }]);
  }
  for (const [path, value] of LISTS) {
    const when = `${pods}.${value}`;
    listAt(tree, path).entries.push({ value: values(`toYaml ${when}`), when });
  }
}

/** The map of a key, which is made where there is none. */
function mapIn(map: MapNode, key: string): MapNode {
  const there = entryOf(map, key)?.value;
  if (there?.kind === "map") return there;
  const made: MapNode = { kind: "map", entries: [] };
  setKey(map, key, made);
  return made;
}

/** The image of a section of values. */
export function imageOf(section: string) {
  return expression(
    `include "coder-k8s.image" (merge (dict "version" $.Chart.AppVersion) ${section}) | quote`,
  );
}

/** Metadata that every object has: the chart's labels, in the place of those of the same name. */
export function commonMetadata(tree: MapNode): void {
  const metadata = mapAt(tree, ["metadata"]);
  const labels = entryOf(metadata, "labels")?.value;
  const own: Part[] = labels?.kind === "map" ? labels.entries : [];
  const kept = own.filter(({ key = "" }) => !CHART_LABELS.has(key));
  const chart: Part = { value: values('include "coder-k8s.labels" $') };
  setKey(metadata, "labels", { kind: "map", entries: [...kept, chart] });
}

const CHART_LABELS: ReadonlySet<string> = new Set([
  ...["instance", "managed-by", "part-of", "version"].map((name) => `app.kubernetes.io/${name}`),
  "helm.sh/chart",
]);

/** Annotations of an object that values give. */
export function annotationValues(tree: MapNode, value: string): void {
  const metadata = mapAt(tree, ["metadata"]);
  const annotations = entryOf(metadata, "annotations");
  if (annotations?.value.kind === "map") added(annotations.value, value);
  else setKey(metadata, "annotations", values(`toYaml ${value}`), value);
}

/** A key whose value is there where it is not empty, in the place of what the manifests say. */
export function valueOr(map: MapNode, key: string, value: string): void {
  const there = entryOf(map, key);
  if (there === undefined) setKey(map, key, values(`toYaml ${value}`), value);
  else before(there, [{ when: value, value: values(`toYaml ${value}`) }]);
}

/** What a map of values adds to a map. */
export function added(map: MapNode, value: string): void {
  map.entries.push({ value: values(`toYaml ${value}`), when: value });
}

/** Choices that come before all others. */
export function before(part: Part, choices: NonNullable<Part["instead"]>): void {
  part.instead = [...choices, ...part.instead ?? []];
}
