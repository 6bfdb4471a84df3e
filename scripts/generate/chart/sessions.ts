/** What values say of the objects of sandbox sessions: the coordinator and its workers. */
import type { ChartObject } from "./assemble.ts";
import { and, expression, listAt, mapAt, type MapNode, partAt, scalar, setKey, values } from "./tree.ts";
import { added, annotationValues, before, commonMetadata, podValues } from "./workload.ts";

/** Names in the manifests that are values in the chart. */
export const SESSION_NAMES: ReadonlyMap<string, string> = new Map([
  ["coder-sessions", "$.Values.coordinator.namespace"],
  ["coder-sandboxes", "$.Values.workers.namespace"],
]);

/** The coordinator's objects as the chart has them. */
export function coordinatorObjects(objects: readonly ChartObject[]): ChartObject[] {
  return edited(objects, COORDINATOR_EDITS);
}

/** The workers' objects as the chart has them. */
export function workerObjects(objects: readonly ChartObject[]): ChartObject[] {
  return edited(objects, WORKER_EDITS);
}

type Edits = Readonly<Record<string, (object: ChartObject) => void>>;

function edited(objects: readonly ChartObject[], edits: Edits): ChartObject[] {
  for (const object of objects) {
    commonMetadata(object.tree);
    edits[object.kind]?.(object);
  }
  return [...objects];
}

/** With the release would go the Secrets that people put there. */
function namespaceOf(section: string): (object: ChartObject) => void {
  return (object) => {
    object.when = and(object.when, `${section}.createNamespace`);
    keep(mapAt(object.tree, ["metadata"]));
  };
}

function keep(metadata: MapNode): void {
  const entries = [{ key: "helm.sh/resource-policy", value: scalar("keep") }];
  setKey(metadata, "annotations", { kind: "map", entries });
}

function moreEgress(tree: MapNode, section: string): void {
  const when = `${section}.extraEgress`;
  listAt(tree, ["spec", "egress"]).entries.push({ value: values(`toYaml ${when}`), when });
}

const COORDINATOR = "$.Values.coordinator";
const WORKERS = "$.Values.workers";
const MONITORING = "$.Values.monitoring";

const monitored = (object: ChartObject, more?: string) => {
  const when = `and ${COORDINATOR}.enabled ${MONITORING}.enabled`;
  object.when = more === undefined ? when : `${when} ${more}`;
  added(mapAt(object.tree, ["metadata", "labels"]), `${MONITORING}.labels`);
};

const COORDINATOR_EDITS: Edits = {
  ConfigMap: ({ tree, name }) => {
    if (name !== "coordinator-config") return;
    const config = partAt(tree, ["data", "config.yaml"]);
    const given = `${COORDINATOR}.config`;
    if (config.value.kind !== "scalar") throw new Error("the coordinator's file depends on values");
    const own = String(config.value.value);
    if (own.includes("`")) throw new Error("the coordinator's file has a back quote");
    before(config, [{
      when: given,
      value: expression(`mustMergeOverwrite (fromYaml \`${own}\`) (deepCopy ${given}) | toYaml | quote`),
    }]);
  },
  Deployment: ({ tree }) => {
    podValues(tree, { pods: COORDINATOR, image: "$.Values.image", pullSecrets: "$.Values.imagePullSecrets" });
    mapAt(tree, ["spec", "template", "metadata", "annotations"]).entries.push({
      key: "checksum/config",
      value: expression(`toYaml ${COORDINATOR}.config | sha256sum`),
      when: `${COORDINATOR}.config`,
    });
  },
  Namespace: namespaceOf(COORDINATOR),
  NetworkPolicy: ({ tree, name }) => {
    if (name === "coordinator") moreEgress(tree, COORDINATOR);
  },
  PersistentVolumeClaim: ({ tree }) => {
    keep(mapAt(tree, ["metadata"]));
    const spec = mapAt(tree, ["spec"]);
    setKey(
      mapAt(spec, ["resources", "requests"]),
      "storage",
      expression(`${COORDINATOR}.audit.size | quote`),
    );
    const className = `${COORDINATOR}.audit.storageClassName`;
    setKey(spec, "storageClassName", expression(`${className} | quote`), className);
  },
  PrometheusRule: (object) => monitored(object, `${MONITORING}.rules`),
  ServiceMonitor: (object) => {
    monitored(object);
    setKey(mapAt(object.tree, ["spec", "endpoints", 0]), "interval", expression(`${MONITORING}.interval`));
  },
  ServiceAccount: ({ tree }) => annotationValues(tree, "$.Values.serviceAccount.annotations"),
  StatefulSet: ({ tree }) => {
    const redis = mapAt(tree, ["spec", "template", "spec", "containers", 0]);
    setKey(redis, "image", expression(`${COORDINATOR}.redis.image | quote`));
    const claim = mapAt(tree, ["spec", "volumeClaimTemplates", 0, "spec"]);
    setKey(
      mapAt(claim, ["resources", "requests"]),
      "storage",
      expression(`${COORDINATOR}.redis.size | quote`),
    );
    const className = `${COORDINATOR}.redis.storageClassName`;
    setKey(claim, "storageClassName", expression(`${className} | quote`), className);
  },
};

const WORKER_EDITS: Edits = {
  Namespace: namespaceOf(WORKERS),
  NetworkPolicy: ({ tree }) => moreEgress(tree, WORKERS),
  ServiceAccount: ({ tree }) => annotationValues(tree, "$.Values.serviceAccount.annotations"),
  StatefulSet: ({ tree }) =>
    podValues(tree, { pods: WORKERS, image: `${WORKERS}.image`, pullSecrets: "$.Values.imagePullSecrets" }),
};
