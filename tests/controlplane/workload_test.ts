/** What the spec says of pods and Services beyond what the Go operator knew takes effect on the cluster. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { goInstallation } from "./go_operator.ts";
import { comesToRest, type Rig, startRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/coder";
const SERVICE = "v1/services/coder";
const BUDGET = "policy/v1/poddisruptionbudgets/coder";
const database = { name: "CODER_PG_CONNECTION_URL", value: "postgres://x" };

// deno-lint-ignore no-explicit-any -- objects as sent
const template = async (rig: Rig): Promise<any> => (await rig.get(DEPLOYMENT)).spec.template;

/**
 * A port that no Service has. It is in the part of the range from which the API server picks none by itself, so that none
 * gets it meanwhile.
 */
async function freeNodePort(rig: Rig): Promise<number> {
  const { items } = await rig.cluster.request("GET", "/api/v1/services");
  // deno-lint-ignore no-explicit-any -- objects as sent
  const taken = new Set(items.flatMap(({ spec }: any) => spec.ports?.map((port: any) => port.nodePort)));
  const free = Array.from({ length: 86 }, (_, i) => 30_000 + i).find((port) => !taken.has(port));
  assert.ok(free !== undefined, "every node port of the static part is taken");
  return free;
}

async function value(rig: Rig, name: string): Promise<string | undefined> {
  const { env } = (await template(rig)).spec.containers[0];
  // deno-lint-ignore no-explicit-any -- objects as sent
  return env.find((each: any) => each.name === name)?.value;
}

Deno.test("every further field of pods, Deployment, Service and budget lands where it should, and comes to rest", async () => {
  const rig = await startRig("workload");
  const initContainers = [{
    name: "wait",
    image: "busybox",
    command: ["true"],
    env: [{ name: "A", value: "2" }],
  }];
  const lifecycle = { preStop: { exec: { command: ["sleep", "5"] } } };
  const httpNodePort = await freeNodePort(rig);
  {
    await using operator = await rig.operator();
    await rig.create("coder", {
      replicas: 2,
      extraEnv: [database],
      command: ["/opt/coder"],
      args: ["server", "--http-address=0.0.0.0:8080"],
      extraArgs: ["--verbose"],
      initContainers,
      lifecycle,
      podLabels: { team: "x" },
      podAnnotations: { "prometheus.io/scrape": "true" },
      priorityClassName: "system-cluster-critical",
      hostAliases: [{ ip: "10.0.0.1", hostnames: ["db"] }],
      terminationGracePeriodSeconds: 90,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "50%", maxUnavailable: 1 } },
      podDisruptionBudget: { minAvailable: "50%" },
      service: {
        type: "LoadBalancer",
        sessionAffinity: "ClientIP",
        externalTrafficPolicy: "Local",
        internalTrafficPolicy: "Local",
        loadBalancerClass: "example.com/lb",
        loadBalancerIP: "10.1.2.3",
        loadBalancerSourceRanges: ["10.0.0.0/8"],
        ipFamilyPolicy: "PreferDualStack",
        ipFamilies: ["IPv4"],
        httpNodePort,
        extraPorts: [{ name: "metrics", port: 2112, appProtocol: "http" }],
      },
      signIn: { disablePassword: false },
    });
    await rig.condition("coder", "Ready", "True");
    await operator.again("coder");

    const { spec } = await rig.get(DEPLOYMENT);
    assert.deepEqual(spec.strategy, {
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: "50%", maxUnavailable: 1 },
    });
    const { metadata, spec: pod } = spec.template;
    assert.equal(metadata.labels.team, "x");
    assert.deepEqual(metadata.annotations, { "prometheus.io/scrape": "true" });
    const [coder] = pod.containers;
    assert.deepEqual(coder.command, ["/opt/coder"]);
    assert.deepEqual(coder.args, ["server", "--http-address=0.0.0.0:8080", "--verbose"]);
    assert.deepEqual(coder.lifecycle, lifecycle);
    assert.deepEqual(coder.securityContext, {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    });
    assert.deepEqual(pod.initContainers[0].env, [{ name: "A", value: "2" }]);
    assert.equal(pod.priorityClassName, "system-cluster-critical");
    assert.deepEqual(pod.hostAliases, [{ ip: "10.0.0.1", hostnames: ["db"] }]);
    assert.equal(pod.terminationGracePeriodSeconds, 90);
    assert.deepEqual(
      // deno-lint-ignore no-explicit-any -- objects as sent
      pod.topologySpreadConstraints.map((each: any) => [each.topologyKey, each.whenUnsatisfiable]),
      [["topology.kubernetes.io/zone", "ScheduleAnyway"], ["kubernetes.io/hostname", "ScheduleAnyway"]],
    );
    assert.equal(await value(rig, "CODER_DISABLE_PASSWORD_AUTH"), "false");

    const { spec: service } = await rig.get(SERVICE);
    assert.equal(service.sessionAffinity, "ClientIP");
    assert.equal(service.externalTrafficPolicy, "Local");
    assert.equal(service.internalTrafficPolicy, "Local");
    assert.equal(service.loadBalancerClass, "example.com/lb");
    assert.equal(service.loadBalancerIP, "10.1.2.3");
    assert.deepEqual(service.loadBalancerSourceRanges, ["10.0.0.0/8"]);
    assert.equal(service.ipFamilyPolicy, "PreferDualStack");
    const [http, metrics] = service.ports;
    assert.equal(http.nodePort, httpNodePort);
    assert.deepEqual([metrics.name, metrics.port, metrics.targetPort, metrics.appProtocol], [
      "metrics",
      2112,
      2112,
      "http",
    ]);

    const budget = await rig.get(BUDGET);
    assert.equal(budget.spec.minAvailable, "50%");
    assert.deepEqual(budget.spec.selector.matchLabels, spec.selector.matchLabels);
    await comesToRest(rig, operator);
  }
  const mark = await rig.cluster.audit.mark();
  await using second = await rig.operator();
  await second.again("coder");
  const writes = (await rig.cluster.audit.since(mark)).requests({
    user: OPERATOR_USER,
    namespace: rig.namespace,
  }).filter(({ verb, resource }) =>
    ["create", "update", "patch", "delete"].includes(verb) && resource !== "events"
  );
  assert.deepEqual(
    writes.map(({ verb, uri }) => `${verb} ${uri}`),
    [],
    "a restarted operator writes nothing",
  );
});

Deno.test("fields that are taken out of the spec leave Deployment and Service again", async () => {
  const rig = await startRig("unset");
  await using operator = await rig.operator();
  await rig.create("coder", {
    podLabels: { team: "x" },
    hostAliases: [{ ip: "10.0.0.1", hostnames: ["db"] }],
    priorityClassName: "system-cluster-critical",
    strategy: { type: "Recreate" },
    service: {
      type: "LoadBalancer",
      externalTrafficPolicy: "Local",
      sessionAffinity: "ClientIP",
      loadBalancerClass: "example.com/lb",
      httpNodePort: await freeNodePort(rig),
      extraPorts: [{ name: "metrics", port: 2112 }],
    },
  });
  await rig.ready("coder");
  assert.deepEqual((await rig.get(DEPLOYMENT)).spec.strategy, { type: "Recreate" });
  await rig.change("coder", {
    spec: {
      podLabels: null,
      hostAliases: null,
      priorityClassName: null,
      strategy: null,
      service: {
        type: "ClusterIP",
        externalTrafficPolicy: null,
        sessionAffinity: null,
        loadBalancerClass: null,
        httpNodePort: null,
        extraPorts: null,
      },
    },
  });
  await waitFor(async () => (await rig.get(DEPLOYMENT)).spec.strategy.rollingUpdate?.maxSurge === 1, {
    what: "the default strategy",
  });
  await rig.ready("coder");
  const { metadata, spec: pod } = await template(rig);
  assert.equal(metadata.labels.team, undefined);
  assert.equal(pod.hostAliases, undefined);
  assert.equal(pod.priorityClassName, undefined);
  const { spec: service } = await rig.get(SERVICE);
  assert.equal(service.type, "ClusterIP");
  assert.equal(service.sessionAffinity, "None");
  assert.equal(service.externalTrafficPolicy, undefined);
  assert.equal(service.loadBalancerClass, undefined);
  // deno-lint-ignore no-explicit-any -- objects as sent
  assert.deepEqual(service.ports.map((each: any) => [each.name, each.nodePort]), [["http", undefined]]);
  await operator.again("coder");
  await comesToRest(rig, operator);
});

Deno.test("a running Deployment turns to Recreate and back, though the API server fills in rolling updates", async () => {
  const rig = await startRig("recreate");
  await goInstallation(rig, { manager: "manager" });
  await using operator = await rig.operator();
  await rig.ready("coder");
  await rig.change("coder", { spec: { strategy: { type: "Recreate", rollingUpdate: null } } });
  await waitFor(async () => (await rig.get(DEPLOYMENT)).spec.strategy.type === "Recreate", {
    what: "Recreate",
  });
  await operator.again("coder");
  await comesToRest(rig, operator);
  await rig.change("coder", { spec: { strategy: { type: "RollingUpdate" } } });
  await waitFor(async () => (await rig.get(DEPLOYMENT)).spec.strategy.type === "RollingUpdate", {
    what: "rolling updates",
  });
  await rig.ready("coder");
  await rig.change("coder", { spec: { strategy: { rollingUpdate: { maxSurge: 2 } } } });
  await waitFor(async () => (await rig.get(DEPLOYMENT)).spec.strategy.rollingUpdate?.maxSurge === 2, {
    what: "the number of the spec",
  });
  await rig.change("coder", { spec: { strategy: { type: "Recreate", rollingUpdate: null } } });
  await waitFor(async () => (await rig.get(DEPLOYMENT)).spec.strategy.type === "Recreate", {
    what: "Recreate",
  });
  await rig.condition("coder", "Degraded", "False");
});

Deno.test("a budget is there while several pods are, and goes when it is switched off", async () => {
  const rig = await startRig("budget");
  await using operator = await rig.operator();
  await rig.create("coder", { replicas: 2, extraEnv: [database] });
  await rig.ready("coder");
  const budget = await waitFor(() => rig.get(BUDGET), { what: "the budget" });
  assert.equal(budget.spec.maxUnavailable, 1);
  assert.equal(budget.spec.unhealthyPodEvictionPolicy, "AlwaysAllow");
  await rig.send("DELETE", BUDGET);
  await waitFor(() => rig.get(BUDGET), { what: "the budget to come back" });
  await rig.change("coder", { spec: { podDisruptionBudget: { disabled: true } } });
  await waitFor(async () => await rig.get(BUDGET) === undefined, { what: "the budget to go" });
  await rig.change("coder", { spec: { podDisruptionBudget: { disabled: null, minAvailable: 2 } } });
  assert.match((await rig.condition("coder", "ConfigurationWarning", "True")).message, /none of 2 pods go/);
  await rig.change("coder", { spec: { podDisruptionBudget: null, replicas: 1 } });
  await waitFor(async () => await rig.get(BUDGET) === undefined, { what: "the budget of one pod to go" });
  await waitFor(async () => (await rig.controlPlane("coder"))?.status?.readyReplicas === 1, {
    what: "one pod",
  });
  await rig.ready("coder");
  await operator.again("coder");
  await comesToRest(rig, operator);
});

Deno.test("pods are told their public addresses, which the user's own settings replace", async () => {
  const rig = await startRig("public");
  await using _operator = await rig.operator();
  const [access, wildcard] = ["CODER_ACCESS_URL", "CODER_WILDCARD_ACCESS_URL"];
  await rig.create("coder", {
    signIn: { oidc: { issuerURL: "https://id.example.com", clientID: "coder" } },
  });
  await rig.ready("coder");
  const inside = `http://coder.${rig.namespace}.svc.cluster.local`;
  assert.equal(await value(rig, access), inside);
  const { message } = await rig.condition("coder", "ConfigurationWarning", "True");
  assert.match(message, /people back to .* inside the cluster alone/);
  const ingress = {
    host: "coder.example.com",
    wildcardHost: "*.coder.example.com",
    tls: { secretName: "c", wildcardSecretName: "w" },
  };
  await rig.change("coder", { spec: { expose: { ingress } } });
  await waitFor(async () => await value(rig, access) === "https://coder.example.com", {
    what: "the public URL",
  });
  assert.equal(await value(rig, wildcard), "*.coder.example.com");
  await rig.condition("coder", "ConfigurationWarning", "Absent");
  await rig.send("POST", "v1/configmaps", { metadata: { name: "env" }, data: { [wildcard]: "*.mine" } });
  await rig.change("coder", {
    spec: {
      envFrom: [{ configMapRef: { name: "env" } }],
      extraEnv: [{ name: access, value: "https://mine" }],
    },
  });
  await waitFor(async () => await value(rig, wildcard) === undefined, { what: "the wildcard of ours to go" });
  assert.equal(await value(rig, access), "https://mine");
});

Deno.test("addresses inside the cluster are in its own domain", async () => {
  const rig = await startRig("domain");
  await using _operator = await rig.operator({ clusterDomain: "k8s.example.com" });
  await rig.create("coder");
  const { status } = await rig.ready("coder");
  assert.equal(status?.url, `http://coder.${rig.namespace}.svc.k8s.example.com:80`);
  assert.equal(await value(rig, "CODER_ACCESS_URL"), `http://coder.${rig.namespace}.svc.k8s.example.com`);
});
