/** What values say of the objects of controllers, aggregated API server and MCP server. */
import type { ChartObject } from "./assemble.ts";
import { and, entryOf, expression, listAt, mapAt, not, partAt, scalar, setKey, values } from "./tree.ts";
import { added, annotationValues, before, commonMetadata, podValues, valueOr } from "./workload.ts";

/** The namespace that `components/namespaced` has in the place of those of the values. */
const WATCHED = "coder";

/** Names in the manifests that are values in the chart. */
export const PRODUCT_NAMES: ReadonlyMap<string, string> = new Map([["coder-system", "$.Release.Namespace"]]);

/** The objects as the chart has them; the namespace is left to who installs. */
export function productObjects(objects: readonly ChartObject[]): ChartObject[] {
  const kept = objects.filter(({ kind }) => kind !== "Namespace");
  for (const object of kept) {
    commonMetadata(object.tree);
    edits[object.kind]?.(object);
  }
  return kept;
}

/** The loop that an object is repeated in. */
export function loopOf({ namespace }: ChartObject): string | undefined {
  return namespace === WATCHED ? "range $namespace := $.Values.namespaces" : undefined;
}

const edits: Readonly<Record<string, (object: ChartObject) => void>> = {
  // Helm takes over what others made without taking away what the chart does not name.
  APIService: ({ tree }) => setKey(mapAt(tree, ["spec"]), "insecureSkipTLSVerify", scalar(false)),
  Certificate: certificate,
  ConfigMap: (object) => {
    if (object.name === "coder-k8s-dashboard") {
      object.when = and(object.when, "$.Values.monitoring.dashboard");
    }
    if (object.name === "coder-k8s-fluent-bit") {
      const config = partAt(object.tree, ["data", "fluent-bit.yaml"]);
      const value = "$.Values.audit.fluentBit.config";
      before(config, [{ when: value, value: expression(`${value} | quote`) }]);
    }
  },
  Deployment: deployment,
  HTTPRoute: ({ tree }) => {
    const gateway = "$.Values.mcp.gateway";
    annotationValues(tree, `${gateway}.annotations`);
    const spec = mapAt(tree, ["spec"]);
    setKey(spec, "parentRefs", values(`toYaml ${gateway}.parentRefs`));
    setKey(spec, "hostnames", values(`toYaml ${gateway}.hostnames`));
  },
  Issuer: (object) => ownAuthority(object),
  NetworkPolicy: networkPolicy,
  PersistentVolumeClaim: (object) => {
    const { tree } = object;
    object.when = `and (${object.when}) (not $.Values.audit.existingClaim)`;
    const metadata = mapAt(tree, ["metadata"]);
    setKey(metadata, "annotations", {
      kind: "map",
      entries: [{ key: "helm.sh/resource-policy", value: scalar("keep") }],
    });
    const spec = mapAt(tree, ["spec"]);
    setKey(spec, "accessModes", values("toYaml $.Values.audit.accessModes"));
    const requests = mapAt(spec, ["resources", "requests"]);
    setKey(requests, "storage", expression("$.Values.audit.size | quote"));
    const className = "$.Values.audit.storageClassName";
    setKey(spec, "storageClassName", expression(`${className} | quote`), className);
  },
  PriorityClass: (object) => {
    object.when = `and ${object.when} (not $.Values.priorityClassName)`;
  },
  PrometheusRule: (object) => {
    object.when = `and ${object.when} $.Values.monitoring.rules`;
    added(mapAt(object.tree, ["metadata", "labels"]), "$.Values.monitoring.labels");
  },
  RoleBinding: ({ tree, namespace }) => {
    if (namespace === WATCHED) {
      setKey(mapAt(tree, ["metadata"]), "namespace", expression("$namespace | quote"));
    }
  },
  ServiceAccount: ({ tree }) => annotationValues(tree, "$.Values.serviceAccount.annotations"),
  ServiceMonitor: ({ tree }) => {
    added(mapAt(tree, ["metadata", "labels"]), "$.Values.monitoring.labels");
    setKey(mapAt(tree, ["spec", "endpoints", 0]), "interval", expression("$.Values.monitoring.interval"));
  },
  Service: ({ tree, name }) => {
    if (name !== "coder-k8s") return;
    annotationValues(tree, "$.Values.mcp.service.annotations");
    setKey(mapAt(tree, ["spec"]), "type", expression("$.Values.mcp.service.type"));
  },
  ClusterRole: ({ tree }) => {
    const labels = mapAt(tree, ["metadata", "labels"]);
    for (const role of ["View", "Edit", "Admin"]) {
      const label = entryOf(labels, `rbac.authorization.k8s.io/aggregate-to-${role.toLowerCase()}`);
      const isOptional = partAt(tree, ["metadata", "name"]).value;
      if (label === undefined || isOptional.kind !== "scalar") continue;
      if (String(isOptional.value).startsWith("coder-k8s-workspaces")) {
        label.when = `$.Values.userRoles.aggregateTo${role}`;
      }
    }
  },
};

function deployment({ tree, name }: ChartObject): void {
  const role = roleOf(tree);
  podValues(tree, {
    pods: "$.Values",
    ...(role === "all" ? {} : { own: `$.Values.split.${role}` }),
    image: "$.Values.image",
    pullSecrets: "$.Values.imagePullSecrets",
  });
  const template = ["spec", "template"];
  const container = [...template, "spec", "containers", 0];
  const config = "$.Values.config";
  mapAt(tree, [...template, "metadata", "annotations"]).entries.push({
    key: "checksum/config",
    value: expression('include "coder-k8s.config" $ | sha256sum'),
    when: config,
  });
  listAt(tree, [...container, "args"]).entries.splice(1, 0, {
    value: scalar("--config=/etc/coder-k8s/config/config.yaml"),
    when: config,
  });
  listAt(tree, [...container, "volumeMounts"]).entries.push({
    value: {
      kind: "map",
      entries: [
        { key: "name", value: scalar("config") },
        { key: "mountPath", value: scalar("/etc/coder-k8s/config") },
        { key: "readOnly", value: scalar(true) },
      ],
    },
    when: config,
  });
  listAt(tree, [...template, "spec", "volumes"]).entries.push({
    value: {
      kind: "map",
      entries: [
        { key: "name", value: scalar("config") },
        {
          key: "configMap",
          value: { kind: "map", entries: [{ key: "name", value: scalar("coder-k8s-config") }] },
        },
      ],
    },
    when: config,
  });
  for (const { value } of listAt(tree, [...container, "env"]).entries) {
    if (value.kind !== "map" || nameIn(value) !== "CODER_K8S_NAMESPACE") continue;
    setKey(value, "value", expression('join "," $.Values.namespaces | quote'));
  }
  for (const { value } of listAt(tree, [...template, "spec", "volumes"]).entries) {
    if (value.kind !== "map" || nameIn(value) !== "audit") continue;
    const claim = mapAt(value, ["persistentVolumeClaim"]);
    const made = partAt(claim, ["claimName"]);
    const existing = "$.Values.audit.existingClaim";
    before(made, [{ when: existing, value: expression(`${existing} | quote`) }]);
  }
  const sidecars = entryOf(mapAt(tree, [...template, "spec"]), "initContainers")?.value;
  if (sidecars?.kind === "list") {
    for (const { value } of sidecars.entries) {
      if (value.kind !== "map" || nameIn(value) !== "fluent-bit") continue;
      setKey(value, "image", expression("$.Values.audit.fluentBit.image | quote"));
    }
  }
  if (name === "") throw new Error("a Deployment has no name");
}

function nameIn(map: Parameters<typeof entryOf>[0]): string | undefined {
  const name = entryOf(map, "name")?.value;
  return name?.kind === "scalar" ? String(name.value) : undefined;
}

function roleOf(tree: ChartObject["tree"]): string {
  const role = partAt(tree, ["metadata", "labels", "app.kubernetes.io/component"]).value;
  if (role.kind !== "scalar") throw new Error("a Deployment's component depends on values");
  return String(role.value);
}

const ISSUER = "$.Values.certManager.issuerRef";

/** The authority that the chart makes where there is none. */
function ownAuthority(object: ChartObject): void {
  object.when = and(object.when, not(ISSUER));
}

function certificate(object: ChartObject): void {
  if (object.name === "coder-k8s-ca") return ownAuthority(object);
  const spec = mapAt(object.tree, ["spec"]);
  valueOr(spec, "issuerRef", ISSUER);
  if (object.name !== "coder-k8s-mcp") return;
  const names = "$.Values.certManager.mcpDnsNames";
  listAt(spec, ["dnsNames"]).entries.push({ value: values(`toYaml ${names}`), when: names });
}

/** The slot of the API server's addresses; more clients, and more ways out. */
function networkPolicy({ tree, name }: ChartObject): void {
  if (name === "coder-k8s-apiserver") {
    const from = listAt(tree, ["spec", "ingress", 0, "from"]);
    const slot = from.entries.findIndex(({ value }) =>
      value.kind === "map" && entryOf(value, "ipBlock") !== undefined
    );
    if (slot < 0) throw new Error(`NetworkPolicy ${name} has no slot for the API server's addresses`);
    from.entries.splice(slot, 1, { value: values('include "coder-k8s.apiServerPeers" $ | trim') });
    return;
  }
  if (name !== "coder-k8s") return;
  const clients = "$.Values.networkPolicy.mcpClients";
  const egress = "$.Values.networkPolicy.extraEgress";
  listAt(tree, ["spec", "ingress", 0, "from"]).entries.push({
    value: values(`toYaml ${clients}`),
    when: clients,
  });
  listAt(tree, ["spec", "egress"]).entries.push({ value: values(`toYaml ${egress}`), when: egress });
}
