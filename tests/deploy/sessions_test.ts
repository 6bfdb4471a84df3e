/** Manifests of sandbox sessions: the API server takes them, and the program takes what they tell it. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { parse, parseAllDocuments } from "yaml";
import { parseArguments } from "../../src/cli/arguments.ts";
import { readCoordinator } from "../../src/cli/sandbox/coordinator.ts";
import { COORDINATOR } from "../../src/cli/sandbox/coordinator_options.ts";
import { flagSpecs } from "../../src/cli/sandbox/load.ts";
import { readWorker } from "../../src/cli/sandbox/worker.ts";
import { INSTALL_FLAGS } from "../../src/cli/install_flags.ts";
import { OPTIONS } from "../../src/cli/options.ts";
import { COMMAND_OPTIONS } from "../../src/cli/sandbox/sets.ts";
import { WORKER } from "../../src/cli/sandbox/worker_options.ts";
import { type Cluster, sharedCluster, waitFor } from "../cluster/mod.ts";
import { type Manifest, render } from "./variants.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

async function apply(cluster: Cluster, objects: readonly Manifest[]): Promise<void> {
  const input = objects.map((each) => JSON.stringify(each)).join("\n");
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input });
}

/** What the program makes of a command line, an environment and its config file. */
async function understood(
  [command = "", ...args]: readonly string[],
  environment: Record<string, string>,
  files: Record<string, string> = {},
) {
  const set = command === "worker" ? WORKER : COORDINATOR;
  const { flags, mistakes, words } = parseArguments(args, flagSpecs(set as typeof COORDINATOR));
  deepEqual([mistakes, words], [[], []]);
  const sources = {
    flags,
    environment,
    readTextFile: (path: string) =>
      files[path] === undefined ? Promise.reject(new Error(`no ${path}`)) : Promise.resolve(files[path]),
    machine: { hostname: "pod", isRoot: false },
  };
  const read = command === "worker" ? await readWorker(sources) : await readCoordinator(sources);
  deepEqual(read.mistakes, []);
  deepEqual(read.notes.unknownVariables, []);
  return { config: read.config as Manifest, warnings: read.notes.warnings };
}

Deno.test("the coordinator's manifests apply to a real cluster and its pod passes restricted pod security", async () => {
  const cluster = await sharedCluster();
  await apply(cluster, await render({ resources: ["coordinator"], components: [] }));
  const path = "/apis/apps/v1/namespaces/coder-sessions/deployments/coordinator";
  const { spec } = await waitFor(async () => {
    const found = await cluster.find(path);
    return found?.status?.readyReplicas === 1 ? found : undefined;
  }, { what: "the Deployment coordinator to be ready", timeoutMs: 120_000 });
  deepEqual(spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
  const pod = spec.template.spec;
  deepEqual([pod.securityContext.runAsUser, pod.automountServiceAccountToken, pod.enableServiceLinks], [
    1000,
    false,
    false,
  ]);
  const [{ livenessProbe, readinessProbe, securityContext }] = pod.containers;
  deepEqual(
    [livenessProbe.httpGet.path, livenessProbe.initialDelaySeconds, livenessProbe.periodSeconds],
    ["/healthz", 10, 30],
  );
  deepEqual([readinessProbe.httpGet.path, readinessProbe.initialDelaySeconds, readinessProbe.periodSeconds], [
    "/ready",
    5,
    10,
  ]);
  deepEqual(securityContext.capabilities, { drop: ["ALL"] });
  const service = await cluster.request("GET", "/api/v1/namespaces/coder-sessions/services/coordinator");
  equal(service.spec.sessionAffinityConfig.clientIP.timeoutSeconds, 10_800);
});

Deno.test("workers' manifests apply to a real cluster, in a user namespace of their own", async () => {
  const cluster = await sharedCluster();
  await apply(cluster, await render({ resources: ["coordinator/workers"], components: [] }));
  const found = await waitFor(async () => {
    const found = await cluster.find("/apis/apps/v1/namespaces/coder-sandboxes/statefulsets/sandbox-worker");
    return found?.status?.replicas === 2 ? found : undefined;
  }, { what: "two pods of sandbox-worker to be made", timeoutMs: 120_000 });
  equal(found.spec.template.spec.hostUsers, false);
  const pod = await cluster.request("GET", "/api/v1/namespaces/coder-sandboxes/pods/sandbox-worker-0");
  const [{ securityContext }] = pod.spec.containers;
  equal(securityContext.procMount, "Unmasked");
  ok(securityContext.privileged !== true, "no more than it needs");
});

Deno.test("with the component records of calls go to a volume, and Prometheus finds the metrics", async () => {
  const cluster = await sharedCluster();
  const objects = await render({ resources: ["coordinator"], components: ["coordinator/optional"] });
  const deployment = objects.find(({ kind }) => kind === "Deployment");
  const [{ args, volumeMounts }] = deployment.spec.template.spec.containers;
  ok(volumeMounts.some((mount: Manifest) => mount.mountPath === "/var/log/audit"));
  ok(volumeMounts.length > 5, "the other volumes are still there");
  const config = objects.find(({ kind }) => kind === "ConfigMap").data["config.yaml"];
  const read = await understood(args, {}, { "/etc/coder-k8s/config/config.yaml": config });
  equal(read.config.auditLog, "/var/log/audit/$(POD_NAME).jsonl");
  const monitor = objects.find(({ kind }) => kind === "ServiceMonitor");
  deepEqual(monitor.spec.endpoints, [{ port: "metrics", interval: "30s", path: "/metrics" }]);
  await cluster.kubectl(["apply", "--dry-run=client", "-f", "-"], {
    input: JSON.stringify(objects.find(({ kind }) => kind === "PersistentVolumeClaim")),
  });
});

function variablesOf({ env = [] }: Manifest): Record<string, string> {
  // Those that are taken from fields of the pod are for arguments, $(POD_NAME).
  const given = env.filter(({ value }: Manifest) => value !== undefined);
  return Object.fromEntries(given.map(({ name, value }: Manifest) => [name, value]));
}

Deno.test("with the component there are two coordinators on one Redis, whatever other component there is", async () => {
  const cluster = await sharedCluster();
  const objects = await render({
    resources: ["coordinator"],
    components: ["coordinator/optional", "coordinator/replicas"],
  });
  const of = (kind: string, name: string) =>
    objects.find((each) => each.kind === kind && each.metadata.name === name);
  const { replicas, template: { spec } } = of("Deployment", "coordinator").spec;
  equal(replicas, 2);
  const [container] = spec.containers;
  const { config, warnings } = await understood(container.args, variablesOf(container), {
    "/etc/coder-k8s/config/config.yaml": of("ConfigMap", "coordinator-config").data["config.yaml"],
  });
  deepEqual(warnings, []);
  equal(config.auditLog, "/var/log/audit/$(POD_NAME).jsonl");
  equal(config.dataDir, undefined, "a directory would be each pod's own");
  const redis = of("Service", "coordinator-redis");
  const { namespace } = redis.metadata;
  equal(
    config.sessionStore,
    `redis://coordinator@coordinator-redis.${namespace}.svc:${redis.spec.ports[0].port}/0`,
  );
  const mounts = container.volumeMounts as Manifest[];
  ok(mounts.some(({ mountPath }) => config.sessionStorePasswordFile.startsWith(`${mountPath}/`)));
  ok(mounts.some(({ mountPath }) => mountPath === "/var/log/audit"));
  const volumes = spec.volumes.map(({ name }: Manifest) => name).toSorted();
  deepEqual(mounts.map(({ name }) => name).toSorted(), volumes, "nothing else is mounted, and all of it");
  ok(container.readinessProbe.initialDelaySeconds > 30, "workers have found it by then");
  equal(container.readinessProbe.httpGet.path, "/ready");
  const workers = of("Service", "coordinator-workers");
  deepEqual(
    [workers.spec.clusterIP, workers.spec.publishNotReadyAddresses, workers.spec.selector],
    ["None", true, of("Service", "coordinator").spec.selector],
  );
  // The way there is open on both sides.
  const { egress } = of("NetworkPolicy", "coordinator").spec;
  const { podSelector, ingress } = of("NetworkPolicy", "coordinator-redis").spec;
  deepEqual(egress.at(-1).to, [{ podSelector }]);
  deepEqual(egress.at(-1).ports, ingress[0].ports);
  const [server] = of("StatefulSet", "coordinator-redis").spec.template.spec.containers;
  const settings = of("ConfigMap", "coordinator-redis").data["redis.conf"];
  match(settings, /^maxmemory-policy noeviction$/m);
  match(settings, /^appendonly yes$/m);
  ok(server.volumeMounts.some(({ mountPath }: Manifest) => settings.includes(`aclfile ${mountPath}/`)));
  ok(config.checkpointBytes < 2 * 2 ** 30, "there is room for checkpoints and sessions");
  // The API server takes all of it, and Pod Security's "restricted" has nothing against its pods.
  await apply(cluster, objects.filter(({ kind }) => kind === "Namespace"));
  const answer = await cluster.kubectl(["apply", "--dry-run=server", "-f", "-"], {
    input: objects.filter(({ kind }) => !["ServiceMonitor", "PrometheusRule", "Namespace"].includes(kind))
      .map((each) => JSON.stringify(each)).join("\n"),
  });
  ok(!/violate/.test(answer.stderr), answer.stderr);
});

Deno.test("with its counterpart workers dial every coordinator", async () => {
  const objects = await render({
    resources: ["coordinator/workers"],
    components: ["coordinator/replicas/workers"],
  });
  const set = objects.find(({ kind }) => kind === "StatefulSet");
  const args = set.spec.template.spec.containers[0].args.map((one: string) =>
    one.replace("$(POD_NAME)", "sandbox-worker-0")
  );
  const { config, warnings } = await understood(args, {});
  deepEqual([config.coordinator, warnings], [
    "https://coordinator-workers.coder-sessions.svc:50050",
    [],
  ]);
});

Deno.test("the program understands what the manifests tell it, and listens where Services and probes look", async () => {
  const [deployment] = parseAllDocuments(
    await Deno.readTextFile(`${root}/deploy/coordinator/deployment.yaml`),
  );
  const map = parse(await Deno.readTextFile(`${root}/deploy/coordinator/config.yaml`));
  const [container] = (deployment?.toJS() as Manifest).spec.template.spec.containers;
  const { config, warnings } = await understood(container.args, variablesOf(container), {
    "/etc/coder-k8s/config/config.yaml": map.data["config.yaml"],
  });
  deepEqual(warnings, []);
  deepEqual([config.auth, config.auditLog, config.sessionMaxAge], [["token"], "-", 1_800_000]);
  const ports = Object.fromEntries(container.ports.map((port: Manifest) => [port.name, port.containerPort]));
  deepEqual(ports, {
    http: config.bindAddress.port,
    metrics: config.metricsBindAddress.port,
    grpc: config.grpcBindAddress.port,
  });
  const mounted = container.volumeMounts.map((mount: Manifest) => `${mount.mountPath}/`);
  for (
    const file of [config.authTokenFile, config.workerKeyFile, config.grpcTlsCertFile, `${config.dataDir}/`]
  ) {
    ok(mounted.some((path: string) => file.startsWith(path)), `${file} is mounted`);
  }

  const workers = parseAllDocuments(
    await Deno.readTextFile(`${root}/deploy/coordinator/workers/workers.yaml`),
  );
  const set = workers.map((each) => each.toJS() as Manifest).find(({ kind }) => kind === "StatefulSet");
  const [worker] = set.spec.template.spec.containers;
  const args = worker.args.map((one: string) => one.replace("$(POD_NAME)", "sandbox-worker-0"));
  const read = await understood(args, {});
  deepEqual(read.warnings, []);
  deepEqual([read.config.workerId, read.config.coordinator], [
    "sandbox-worker-0",
    "https://coordinator.coder-sessions.svc:50050",
  ]);
  equal(read.config.healthBindAddress.port, worker.ports[0].containerPort);
  const { first, count } = read.config.sessionUids;
  ok(first + count <= 65_536, "a pod's user namespace has no more ids");
  ok(set.spec.template.spec.terminationGracePeriodSeconds * 1_000 > read.config.shutdownTimeout);
});

Deno.test("the program understands what Compose tells it", async () => {
  const { services, secrets } = parse(await Deno.readTextFile(`${root}/deploy/compose/compose.yaml`));
  const coordinator = await understood(services.coordinator.command, services.coordinator.environment);
  deepEqual([coordinator.config.auth, coordinator.warnings], [["token"], []]);
  const worker = await understood(services.worker.command, services.worker.environment);
  deepEqual([worker.config.coordinator, worker.warnings], ["http://coordinator:50050", []]);
  equal(coordinator.config.grpcBindAddress.port, 50_050);
  const used = [...services.coordinator.secrets, ...services.worker.secrets].sort();
  deepEqual(used, Object.keys(secrets).sort());
  const text = await Deno.readTextFile(`${root}/Containerfile`);
  for (const { build } of [services.coordinator, services.worker]) {
    match(text, new RegExp(`^FROM \\S+ AS ${build.target}$`, "m"));
  }
});

Deno.test("the workers' image has what sessions run, and does not run as root", async () => {
  const text = await Deno.readTextFile(`${root}/Containerfile`);
  const [, stage = ""] = /^FROM \S+ AS worker\n([\s\S]*?)\n(?:#.*\n)*FROM /m.exec(text) ?? [];
  for (
    const one of [
      "python3",
      "python3-pip",
      "git",
      "USER 1000:1000",
      'ENTRYPOINT ["/coder-k8s"]',
      'CMD ["worker"]',
    ]
  ) {
    ok(stage.includes(one), one);
  }
});

Deno.test("what the document names is there: flags, files, metrics", async () => {
  const document = await Deno.readTextFile(`${root}/docs/sessions.md`);
  const flags = new Set(
    Object.values(COMMAND_OPTIONS).flatMap(({ set }) => set.options.map(({ flag }) => flag)),
  );
  const known = [...OPTIONS, ...INSTALL_FLAGS].map(({ flag }) => flag);
  const ours = new Set([...flags, ...known, "version", "help", "target"]);
  // Of kubectl, openssl, docker and the like, in the commands of the page.
  const others = new Set(["from-file", "from-literal", "cert", "key", "transport", "security-opt"]);
  for (const [, flag = ""] of document.matchAll(/(?:^|[\s`(])--([a-z][a-z-]+)/g)) {
    ok(ours.has(flag) || others.has(flag), `--${flag}`);
  }
  for (const [path] of document.matchAll(/(?:deploy|src)\/[a-z_/-]+(?:\.(?:yaml|proto|ts))?/g)) {
    await Deno.stat(`${root}/${path}`);
  }
  for (const [, page = ""] of document.matchAll(/\]\(([a-z-]+\.md)\)/g)) {
    await Deno.stat(`${root}/docs/${page}`);
  }
});

Deno.test("every figure of sessions is in the list of figures", async () => {
  const document = await Deno.readTextFile(`${root}/docs/metrics.md`);
  const names: string[] = [];
  for await (const path of sources(`${root}/src/sessions`)) {
    const text = await Deno.readTextFile(path);
    for (const [, name = ""] of text.matchAll(/\.(?:counter|gauge|histogram)\(\s*"([a-z0-9_]+)"/g)) {
      names.push(name);
    }
  }
  ok(names.length > 20, names.join());
  deepEqual([...new Set(names)].filter((name) => !document.includes(`\`${name}\``)), []);
});

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* sources(`${folder}/${name}`);
    else if (name.endsWith(".ts") && !name.endsWith("_test.ts")) yield `${folder}/${name}`;
  }
}
