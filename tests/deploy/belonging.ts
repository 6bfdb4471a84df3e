/** What must be true of objects that are installed together: everything that one names is there, and fits. */
import { chooses, containersOf, type Manifest, nameOf, templateOf } from "./variants.ts";

/** What the manifests name and do not bring: by whom it is made. */
const FROM_ELSEWHERE: Readonly<Record<string, string>> = {
  "Secret/coder-sessions/coordinator-callers": "whoever installs, docs/sessions.md",
  "Secret/coder-sessions/coordinator-worker-key": "whoever installs, docs/sessions.md",
  "Secret/coder-sessions/coordinator-tls": "whoever installs, docs/sessions.md",
  "Secret/coder-sessions/coordinator-redis": "whoever installs, docs/sessions.md",
  "Secret/coder-sandboxes/worker-tokens": "whoever installs, docs/sessions.md",
  "Role/kube-system/extension-apiserver-authentication-reader": "Kubernetes",
  "ClusterRole/system:auth-delegator": "Kubernetes",
  "ServiceAccount/kube-system/generic-garbage-collector": "Kubernetes",
};

/** Whatever does not fit, in words; nothing where all is well. */
export function misfits(objects: readonly Manifest[]): string[] {
  const there = new Set([...objects.map(nameOf), ...secretsOfCertificates(objects)]);
  const problems: string[] = [];
  const names = objects.map((object) => `${object.apiVersion} ${nameOf(object)}`);
  for (const name of names) {
    if (names.indexOf(name) !== names.lastIndexOf(name)) problems.push(`${name} is there twice`);
  }
  const check = (object: Manifest, fits: boolean, what: string) => {
    if (!fits) problems.push(`${nameOf(object)}: ${what}`);
  };
  const isThere = (name: string) => there.has(name) || FROM_ELSEWHERE[name] !== undefined;
  const podsIn = (namespace: string) =>
    objects.filter((object) => object.metadata.namespace === namespace && templateOf(object) !== undefined);
  const chosen = (namespace: string, selector: Readonly<Record<string, string>>) =>
    podsIn(namespace).filter((object) => chooses(selector, templateOf(object).metadata.labels));

  for (const object of objects) {
    const { kind, metadata: { namespace }, spec } = object;
    const template = templateOf(object);
    if (template !== undefined) problems.push(...podMisfits(object, isThere));
    if (kind === "Service") {
      const pods = chosen(namespace, spec.selector);
      check(object, pods.length > 0, "its selector chooses nothing");
      for (const pod of pods) {
        for (const { port, targetPort = port } of spec.ports) {
          const ports = containersOf(templateOf(pod).spec).flatMap(({ ports = [] }) => ports);
          const isPort = (one: Manifest) => one.containerPort === targetPort || one.name === targetPort;
          check(object, ports.some(isPort), `${nameOf(pod)} has no port ${targetPort}`);
        }
      }
    }
    if (kind === "PodDisruptionBudget") {
      const pods = chosen(namespace, spec.selector.matchLabels);
      check(object, pods.length === 1, `it is for ${pods.length} objects`);
    }
    if (kind === "NetworkPolicy") {
      const pods = chosen(namespace, spec.podSelector.matchLabels ?? {});
      check(object, pods.length > 0, "its selector chooses nothing");
    }
    if (kind === "ServiceMonitor") {
      const services = objects.filter((one) =>
        one.kind === "Service" && one.metadata.namespace === namespace &&
        chooses(spec.selector.matchLabels, one.metadata.labels ?? {})
      );
      for (const { port } of spec.endpoints) {
        const found = services.filter((service) =>
          service.spec.ports.some(({ name }: Manifest) => name === port)
        );
        check(object, found.length === 1, `${found.length} Services have the port ${port}`);
      }
    }
    if (kind === "HTTPRoute") {
      for (const { name, port } of spec.rules.flatMap(({ backendRefs }: Manifest) => backendRefs)) {
        const service = objects.find((one) => nameOf(one) === `Service/${namespace}/${name}`);
        const hasPort = service?.spec.ports.some((one: Manifest) => one.port === port) === true;
        check(object, hasPort, `there is no Service ${name} with the port ${port}`);
      }
    }
    if (kind === "APIService") {
      const { name, namespace: where, port } = spec.service;
      const service = objects.find((one) => nameOf(one) === `Service/${where}/${name}`);
      const hasPort = service?.spec.ports.some((one: Manifest) => one.port === port) === true;
      check(object, hasPort, `there is no Service ${name} with the port ${port}`);
    }
    if (kind === "RoleBinding" || kind === "ClusterRoleBinding") {
      const { roleRef, subjects = [] } = object;
      const role = roleRef.kind === "Role"
        ? `Role/${namespace}/${roleRef.name}`
        : `ClusterRole/${roleRef.name}`;
      check(object, isThere(role), `there is no ${role}`);
      for (const subject of subjects) {
        if (subject.kind !== "ServiceAccount") continue;
        const account = `ServiceAccount/${subject.namespace}/${subject.name}`;
        check(object, isThere(account), `there is no ${account}`);
      }
    }
    if (kind === "Certificate") {
      const issuer = `Issuer/${namespace}/${spec.issuerRef.name}`;
      check(object, isThere(issuer), `there is no ${issuer}`);
    }
  }
  return problems;
}

function secretsOfCertificates(objects: readonly Manifest[]): string[] {
  return objects.filter(({ kind }) => kind === "Certificate")
    .map(({ metadata, spec }) => `Secret/${metadata.namespace}/${spec.secretName}`);
}

function podMisfits(object: Manifest, isThere: (name: string) => boolean): string[] {
  const problems: string[] = [];
  const check = (fits: boolean, what: string) => {
    if (!fits) problems.push(`${nameOf(object)}: ${what}`);
  };
  const { namespace } = object.metadata;
  const { metadata, spec } = templateOf(object);
  const { volumes = [], serviceAccountName, automountServiceAccountToken } = spec;
  const claims = (object.spec.volumeClaimTemplates ?? []).map((one: Manifest) => one.metadata.name);
  check(chooses(object.spec.selector.matchLabels, metadata.labels), "it does not choose its own pods");
  if (serviceAccountName !== undefined) {
    const account = `ServiceAccount/${namespace}/${serviceAccountName}`;
    check(isThere(account), `there is no ${account}`);
  }
  check(automountServiceAccountToken !== undefined, "it does not say whether a token is mounted");
  const mounted = new Set<string>();
  for (const container of containersOf(spec)) {
    const { name, ports = [], volumeMounts = [] } = container;
    const paths = volumeMounts.map(({ mountPath }: Manifest) => mountPath);
    check(new Set(paths).size === paths.length, `${name}: two volumes are mounted at one path`);
    for (const mount of volumeMounts) mounted.add(mount.name);
    const env = (container.env ?? []).map((one: Manifest) => one.name);
    check(new Set(env).size === env.length, `${name}: a variable is there twice`);
    for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"]) {
      const asked = container[probe]?.httpGet?.port ?? container[probe]?.tcpSocket?.port;
      const isPort = (one: Manifest) => one.name === asked || one.containerPort === asked;
      check(asked === undefined || ports.some(isPort), `${name}: ${probe} asks a port that is not there`);
    }
  }
  const named = [...volumes.map(({ name }: Manifest) => name), ...claims];
  check(new Set(named).size === named.length, "a volume is there twice");
  for (const name of named) check(mounted.has(name), `the volume ${name} is mounted nowhere`);
  for (const name of mounted) check(named.includes(name), `there is no volume ${name}`);
  for (const { configMap, secret, persistentVolumeClaim: claim } of volumes) {
    const needed = configMap !== undefined
      ? `ConfigMap/${namespace}/${configMap.name}`
      : secret !== undefined
      ? `Secret/${namespace}/${secret.secretName}`
      : claim !== undefined
      ? `PersistentVolumeClaim/${namespace}/${claim.claimName}`
      : undefined;
    check(needed === undefined || isThere(needed), `there is no ${needed}`);
  }
  return problems;
}
