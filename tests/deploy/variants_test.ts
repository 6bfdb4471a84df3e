/** Everything that `deploy/` can be put together to: it belongs together, starts, and a real cluster takes it. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { parse, parseAllDocuments } from "yaml";
import { type Cluster, startCluster, waitFor } from "../cluster/mod.ts";
import { misfits } from "./belonging.ts";
import { installForeignKinds } from "./foreign_kinds.ts";
import { listens, productContainer, told } from "./told.ts";
import {
  allVariants,
  containersOf,
  DEPLOY,
  foldersOf,
  kustomized,
  type Manifest,
  nameOf,
  renderedVariants,
  templateOf,
} from "./variants.ts";

const rendered = await renderedVariants();

/** What stands for no more than one object, of all variants. */
function distinct(objects: readonly Manifest[]): Manifest[] {
  return [...new Map(objects.map((object) => [JSON.stringify(object), object])).values()];
}

const everything = distinct(rendered.flatMap(({ objects }) => objects));

Deno.test("no overlay and no component is left out, and those that are named are there", async () => {
  const variants = await allVariants();
  const used = new Set(variants.flatMap(({ resources, components }) => [...resources, ...components]));
  for (const folder of ["overlays", "components"]) {
    for (const name of await foldersOf(folder)) ok(used.has(`${folder}/${name}`), `${folder}/${name}`);
  }
  for (const path of used) await Deno.stat(`${DEPLOY}/${path}/kustomization.yaml`);
  for (
    const ready of ["all", "split", "highly-available", "namespaced", "cert-manager", "gateway", "monitoring"]
  ) {
    ok(used.has(`overlays/${ready}`), ready);
  }
});

/** Files below `deploy/` with their parsed documents. */
async function* files(folder = DEPLOY): AsyncGenerator<{ path: string; documents: Manifest[] }> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* files(path);
    else if (name.endsWith(".yaml")) {
      const documents = parseAllDocuments(await Deno.readTextFile(path)).map((each) => each.toJS());
      yield { path, documents };
    }
  }
}

Deno.test("kustomizations say nothing but what the binary's renderer knows: JSON patches with a target, resources, components", async () => {
  let seen = 0;
  for await (const { path, documents: [document] } of files()) {
    if (!path.endsWith("/kustomization.yaml")) continue;
    seen++;
    const { apiVersion: _, kind, resources, components, patches = [], ...rest } = document;
    deepEqual(rest, {}, path);
    ok(["Kustomization", "Component"].includes(kind), path);
    ok([resources, components].every((list) => list === undefined || Array.isArray(list)), path);
    for (const { target, path: file, patch, ...more } of patches) {
      deepEqual(more, {}, path);
      ok(typeof target.kind === "string" && (target.name ?? target.labelSelector) !== undefined, path);
      const text = patch ?? await Deno.readTextFile(`${path.slice(0, path.lastIndexOf("/"))}/${file}`);
      for (const { op, path: pointer } of parse(text)) {
        ok(["add", "remove", "replace", "test"].includes(op) && pointer.startsWith("/"), `${path} ${file}`);
      }
    }
  }
  ok(seen > 25, String(seen));
});

Deno.test("everything that an object names is there, and fits", () => {
  for (const { variant, objects } of rendered) deepEqual(misfits(objects), [], variant.name);
});

Deno.test("what does not belong together would be seen", () => {
  const whole = rendered.find(({ variant }) => variant.name === "split + everything")!.objects;
  const without = (name: string) => whole.filter((object) => nameOf(object) !== name);
  const changed = (name: string, change: (object: Manifest) => void) =>
    whole.map((object) => {
      if (nameOf(object) !== name) return object;
      const copy = structuredClone(object);
      change(copy);
      return copy;
    });
  const mcp = "Deployment/coder-system/coder-k8s-mcp";
  const cases: readonly [readonly Manifest[], RegExp][] = [
    [[...whole, whole[0]], /there twice/],
    [without("Service/coder-system/coder-k8s"), /HTTPRoute.*no Service coder-k8s/],
    [without("ServiceAccount/coder-system/coder-k8s-mcp"), /no ServiceAccount/],
    [without("PersistentVolumeClaim/coder-system/coder-k8s-audit"), /no PersistentVolumeClaim/],
    [without("Certificate/coder-system/coder-k8s-mcp"), /no Secret.*coder-k8s-mcp-cert/],
    [without("ClusterRole/manager-role"), /no ClusterRole\/manager-role/],
    [without(mcp), /Service\/coder-system\/coder-k8s: its selector chooses nothing/],
    [
      changed("Service/coder-system/coder-k8s-apiserver", ({ spec }) => spec.ports[0].targetPort = 6444),
      /6444/,
    ],
    [changed(mcp, ({ spec }) => spec.template.spec.volumes.pop()), /there is no volume/],
    [changed(mcp, ({ spec }) => spec.template.spec.containers[0].volumeMounts.shift()), /mounted nowhere/],
    [changed(mcp, ({ spec }) => spec.template.spec.containers[0].ports.shift()), /asks a port/],
    [changed(mcp, ({ spec }) => delete spec.template.metadata.labels.app), /its own pods/],
    [
      changed(
        "PodDisruptionBudget/coder-system/coder-k8s",
        ({ spec }) => spec.selector.matchLabels.app = "x",
      ),
      /for 0 objects/,
    ],
  ];
  for (const [objects, expected] of cases) {
    ok(misfits(objects).some((problem) => expected.test(problem)), `${expected}: ${misfits(objects)}`);
  }
});

Deno.test("the program understands what each container is told, and listens where its ports are declared", async () => {
  let seen = 0;
  for (const object of everything) {
    const container = productContainer(object);
    if (container === undefined) continue;
    seen++;
    const settings = await told(container);
    const ports = Object.fromEntries(
      container.ports.map(({ name, containerPort }: Manifest) => [name, containerPort]),
    );
    deepEqual(ports, listens(settings), nameOf(object));
    const component = {
      all: "all",
      controller: "controller",
      "aggregated-apiserver": "apiserver",
      "mcp-http": "mcp",
    };
    equal(
      object.metadata.labels["app.kubernetes.io/component"],
      component[settings.app as keyof typeof component],
    );
    // What it reads and writes is mounted; nothing else can be written.
    const mounts = container.volumeMounts as { mountPath: string; readOnly?: boolean }[];
    const under = (path: string) => mounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
    for (
      const file of [
        settings.tlsCertFile,
        settings.tlsPrivateKeyFile,
        settings.mcpTlsCertFile,
        settings.mcpTlsPrivateKeyFile,
      ]
    ) {
      ok(file === undefined || under(file) !== undefined, `${nameOf(object)}: ${file} is not mounted`);
    }
    const { mcpAuditLog } = settings;
    if (mcpAuditLog !== "-") ok(under(mcpAuditLog)?.readOnly !== true, mcpAuditLog);
    const grace = templateOf(object).spec.terminationGracePeriodSeconds;
    ok(grace * 1_000 > settings.shutdownTimeout, "work in hand may be finished");
  }
  ok(seen >= 20, String(seen));
});

const isOurs = (object: Manifest) => productContainer(object) !== undefined;

Deno.test("each Deployment of the product stays up while a node, a zone or a version goes", () => {
  for (const object of everything.filter(isOurs)) {
    const { replicas, strategy, selector, template: { metadata, spec } } = object.spec;
    const name = nameOf(object);
    ok(replicas >= 2, name);
    deepEqual(strategy, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }, name);
    // It cannot be changed later; Services, budgets and what else chooses by it would lose their pods.
    deepEqual(selector.matchLabels, { app: object.metadata.name }, name);
    equal(metadata.labels["app.kubernetes.io/name"], "coder-k8s", name);
    const [apart] = spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    deepEqual([apart.weight, apart.podAffinityTerm.topologyKey], [100, "kubernetes.io/hostname"], name);
    deepEqual(apart.podAffinityTerm.labelSelector, selector, name);
    const [zones] = spec.topologySpreadConstraints;
    deepEqual(
      [zones.topologyKey, zones.whenUnsatisfiable],
      ["topology.kubernetes.io/zone", "ScheduleAnyway"],
      name,
    );
    deepEqual(zones.labelSelector, selector, name);
  }
  for (const { variant, objects } of rendered) {
    for (const object of objects.filter(({ kind }) => kind === "Deployment")) {
      const { name, namespace } = object.metadata;
      const budget = objects.find((one) => nameOf(one) === `PodDisruptionBudget/${namespace}/${name}`);
      deepEqual(
        budget?.spec,
        { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: object.spec.selector },
        `${variant.name}: ${name}`,
      );
    }
  }
});

Deno.test("no container has more than it needs: no root, no writable root, no capability, no variables of Services", () => {
  const workloads = everything.filter((object) => templateOf(object) !== undefined);
  for (const object of workloads) {
    const name = nameOf(object);
    const { spec } = templateOf(object);
    equal(spec.enableServiceLinks, false, name);
    equal(spec.automountServiceAccountToken, isOurs(object), name);
    for (const container of containersOf(spec)) {
      const { securityContext: own, resources, image, imagePullPolicy } = container;
      equal(own.readOnlyRootFilesystem, true, name);
      ok(resources.requests.cpu && resources.requests.memory && resources.limits.memory, name);
      ok(!/:latest$|:[^:]*$/.test(image) || /:\d/.test(image), `${name}: ${image}`);
      equal(imagePullPolicy, "IfNotPresent", name);
    }
    // The workers alone make sandboxes, in a user namespace of their own.
    if (object.metadata.name === "sandbox-worker") {
      equal(spec.hostUsers, false);
      continue;
    }
    const { runAsNonRoot, runAsUser, seccompProfile } = spec.securityContext;
    deepEqual([runAsNonRoot, seccompProfile], [true, { type: "RuntimeDefault" }], name);
    equal(runAsUser, object.metadata.name === "coordinator-redis" ? 999 : 1000, name);
    for (const { securityContext } of containersOf(spec)) {
      deepEqual([securityContext.allowPrivilegeEscalation, securityContext.capabilities], [false, {
        drop: ["ALL"],
      }]);
    }
  }
  ok(workloads.length > 20, String(workloads.length));
});

Deno.test("resources are those of the sizing table", () => {
  const sizes = {
    small: ["100m", "128Mi", "500m", "512Mi"],
    medium: ["250m", "256Mi", "1", "1Gi"],
    large: ["500m", "512Mi", "2", "2Gi"],
  };
  for (const { variant, objects } of rendered) {
    const isLarge = /size-large|everything/.test(variant.name);
    const expected = sizes[variant.name.endsWith("size-medium") ? "medium" : isLarge ? "large" : "small"];
    for (const object of objects) {
      const container = productContainer(object) ??
        (nameOf(object) === "Deployment/coder-sessions/coordinator"
          ? templateOf(object).spec.containers[0]
          : undefined);
      if (container === undefined) continue;
      const { requests, limits } = container.resources;
      deepEqual(
        [requests.cpu, requests.memory, limits.cpu, limits.memory],
        expected,
        `${variant.name}: ${nameOf(object)}`,
      );
    }
  }
});

Deno.test("only clients that are named come to 8090, Prometheus to 8080, and to 6443 whoever stands in the slot of the API server", () => {
  for (const { variant, objects } of rendered) {
    const policies = objects.filter((one) =>
      one.kind === "NetworkPolicy" && one.metadata.namespace === "coder-system"
    );
    if (policies.length === 0) continue;
    const open = policies.flatMap(({ spec }) => spec.ingress as Manifest[]).map(({ from, ports }) => {
      ok(from.length > 0 && ports.length === 1, "nothing is open to everybody");
      return [ports[0].port, from] as const;
    });
    const by = Object.fromEntries(open);
    deepEqual(Object.keys(by).map(Number).sort(), [6443, 8080, 8090], variant.name);
    deepEqual(by[8090], [{ namespaceSelector: { matchLabels: { "coder.com/mcp-client": "true" } } }]);
    deepEqual(by[8080], [{ namespaceSelector: { matchLabels: { "coder.com/metrics": "true" } } }]);
    // Nobody has an address of this block (RFC 5737): it is filled in.
    deepEqual(by[6443][0], { ipBlock: { cidr: "192.0.2.0/24" } });
    deepEqual(by[6443][1].podSelector.matchLabels, { "k8s-app": "konnectivity-agent" });
    const ways = policies.flatMap(({ spec }) => (spec.egress ?? []) as Manifest[]);
    const [names, rest] = [
      ways.find(({ ports }) => ports[0].port === 53),
      ways.find(({ to }) => to !== undefined),
    ];
    deepEqual([names?.to, names?.ports.map(({ port, protocol }: Manifest) => `${protocol} ${port}`)], [
      undefined,
      ["UDP 53", "TCP 53", "UDP 5353", "TCP 5353"],
    ]);
    // Pods by name, as some networks do not know them by address; never where clouds hand out credentials.
    deepEqual(rest?.to[0], { namespaceSelector: {} });
    const addresses = rest?.to.flatMap(({ ipBlock }: Manifest) => ipBlock ?? []);
    deepEqual(addresses.map(({ cidr }: Manifest) => cidr), ["0.0.0.0/0", "::/0"]);
    for (const { except } of addresses) ok(/169\.254\.0\.0\/16|fd00:ec2::254/.test(except.join()));
    for (const { podSelector } of policies.map(({ spec }) => spec)) {
      deepEqual(podSelector.matchLabels, { "app.kubernetes.io/name": "coder-k8s" }, "of either shape");
    }
  }
  ok(rendered.some(({ variant }) => variant.components.includes("components/network-policy")));
});

Deno.test("of sandbox sessions, clients come to 8080 and workers to 50050, nobody comes to a worker, and Redis is the coordinators'", () => {
  const policy = (name: string) => {
    const [found] = everything.filter((object) => nameOf(object) === `NetworkPolicy/${name}`);
    return found.spec;
  };
  const { ingress } = policy("coder-sessions/coordinator");
  const apps = Object.fromEntries(
    ingress.map(({ from, ports }: Manifest) => [
      ports.map(({ port }: Manifest) => port).join(),
      from.map(({ podSelector }: Manifest) => podSelector?.matchLabels.app ?? "any"),
    ]),
  );
  deepEqual(apps, { 8080: ["llm-client", "llm-client"], 50050: ["sandbox-worker"], 9090: ["any"] });
  const [, , metrics] = ingress;
  deepEqual(metrics.from, [{ namespaceSelector: { matchLabels: { "coder.com/metrics": "true" } } }]);
  const worker = policy("coder-sandboxes/sandbox-worker");
  deepEqual([worker.policyTypes, worker.ingress], [["Ingress", "Egress"], undefined]);
  const redis = policy("coder-sessions/coordinator-redis");
  deepEqual(redis.ingress[0].from, [{ podSelector: { matchLabels: { app: "coordinator" } } }]);
  equal(redis.egress, undefined);
});

Deno.test("of sandbox sessions, coordinators and workers ask the cluster's name servers alone, wherever these are", () => {
  for (const name of ["coder-sessions/coordinator", "coder-sandboxes/sandbox-worker"]) {
    const [policy] = everything.filter((object) => nameOf(object) === `NetworkPolicy/${name}`);
    const asks = policy.spec.egress.flatMap(({ to, ports }: Manifest) =>
      ports.some(({ protocol }: Manifest) => protocol === "UDP") ? [{ to, ports }] : []
    );
    const ways = asks.flatMap(({ to, ports }: Manifest) =>
      to.map(({ namespaceSelector, podSelector, ipBlock }: Manifest) =>
        [
          namespaceSelector?.matchLabels["kubernetes.io/metadata.name"],
          ...(podSelector === undefined ? [] : [JSON.stringify(podSelector.matchLabels)]),
          ipBlock?.cidr,
          ...ports.map(({ protocol, port }: Manifest) => `${protocol}/${port}`),
        ].filter((each) => each !== undefined).join(" ")
      )
    );
    deepEqual(ways, [
      'kube-system {"k8s-app":"kube-dns"} UDP/53 TCP/53',
      'kube-system {"k8s-app":"node-local-dns"} UDP/53 TCP/53',
      "169.254.20.10/32 UDP/53 TCP/53",
      'openshift-dns {"dns.operator.openshift.io/daemonset-dns":"default"} UDP/5353 TCP/5353',
    ], name);
    ok(
      policy.spec.egress.every(({ to }: Manifest) => to?.length > 0),
      "no port is open to whoever has it",
    );
  }
});

/** Applies by the server, and says what it would have to say against it. */
async function dryRun(cluster: Cluster, objects: readonly Manifest[]): Promise<string> {
  const input = objects.map((object) => JSON.stringify(object)).join("\n");
  const { stderr } = await cluster.kubectl(
    ["apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-"],
    { input, timeoutMs: 600_000 },
  );
  return stderr;
}

/** As the controller makes it, with the volumes of its claims. */
function podOf(object: Manifest): Manifest {
  const { spec } = templateOf(object);
  const claims = (object.spec.volumeClaimTemplates ?? []).map(({ metadata: { name } }: Manifest) => ({
    name,
    persistentVolumeClaim: { claimName: name },
  }));
  return { ...spec, volumes: [...spec.volumes ?? [], ...claims] };
}

async function ready(cluster: Cluster, name: string, replicas: number): Promise<Manifest> {
  return await waitFor(async () => {
    const found = await cluster.find(`/apis/apps/v1/namespaces/coder-system/deployments/${name}`);
    const { status, spec, metadata } = found ?? { status: {}, spec: {}, metadata: {} };
    const isSettled = status.observedGeneration === metadata.generation && status.replicas === replicas &&
      status.updatedReplicas === replicas && status.readyReplicas === replicas;
    return spec.replicas === replicas && isSettled ? found : undefined;
  }, { what: `${replicas} pods of ${name} to be ready`, timeoutMs: 240_000 });
}

async function pods(cluster: Cluster, app: string): Promise<Manifest[]> {
  const { items } = await cluster.request(
    "GET",
    `/api/v1/namespaces/coder-system/pods?labelSelector=app%3D${app}`,
  );
  return items.filter(({ metadata }: Manifest) => metadata.deletionTimestamp === undefined);
}

Deno.test("a real cluster takes all of it, under restricted pod security", async (t) => {
  // One of its own: foreign kinds and an APIService without a server are seen by everybody.
  await using cluster = await startCluster({ nodes: 3 });
  await installForeignKinds(cluster);
  await cluster.kubectl(["apply", "--server-side", "-k", `${DEPLOY}/../crd`]);
  const namespaces = distinct(everything.filter(({ kind }) => kind === "Namespace"));
  await cluster.apply([...namespaces, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "coder" },
  }]);

  await t.step("the API server accepts every object of every variant", async () => {
    const said = await dryRun(cluster, everything.filter(({ kind }) => kind !== "Namespace"));
    ok(!/unknown field|violate|deprecated/i.test(said), said);
  });

  await t.step("the pods of every variant are let in", async () => {
    const templates = everything.filter((object) => templateOf(object) !== undefined);
    await cluster.apply(
      distinct(everything.filter(({ kind }) => kind === "ServiceAccount" || kind === "PriorityClass")),
    );
    const said = await dryRun(
      cluster,
      templates.map((object, index) => ({
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          name: `${object.metadata.name}-${index}`,
          namespace: object.metadata.namespace,
          labels: templateOf(object).metadata.labels,
        },
        spec: podOf(object),
      })),
    );
    ok(!/unknown field|violate/i.test(said), said);
  });

  const apply = (overlay: string) =>
    cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-k", `${DEPLOY}/overlays/${overlay}`]);

  await t.step("all becomes ready", async () => {
    await apply("all");
    await ready(cluster, "coder-k8s", 2);
    const nodes = (await pods(cluster, "coder-k8s")).map(({ spec }) => spec.nodeName);
    equal(new Set(nodes).size, 2, "on two nodes, as there are two");
  });

  await t.step(
    "over it, highly-available: three pods on three nodes, before others where nodes are full",
    async () => {
      await apply("highly-available");
      await ready(cluster, "coder-k8s", 3);
      const found = await waitFor(async () => {
        const there = await pods(cluster, "coder-k8s");
        return there.length === 3 ? there : undefined;
      }, { what: "the pods of before to be gone" });
      equal(new Set(found.map(({ spec }) => spec.nodeName)).size, 3);
      for (const { spec } of found) {
        deepEqual([spec.priorityClassName, spec.priority], [
          "coder-k8s",
          1_000_000,
        ]);
      }
      const budget = await waitFor(async () => {
        const { status } = await cluster.request(
          "GET",
          "/apis/policy/v1/namespaces/coder-system/poddisruptionbudgets/coder-k8s",
        );
        return status.expectedPods === 3 && status.currentHealthy === 3 ? status : undefined;
      }, { what: "the budget to know of three pods" });
      equal(budget.disruptionsAllowed, 1);
    },
  );

  await t.step("over it, split: each part has its pods, and Services lead to those that serve", async () => {
    await apply("split");
    for (const name of ["coder-k8s", "coder-k8s-apiserver", "coder-k8s-mcp"]) await ready(cluster, name, 2);
    for (
      const [service, app] of [["coder-k8s-apiserver", "coder-k8s-apiserver"], ["coder-k8s", "coder-k8s-mcp"]]
    ) {
      const names = (await pods(cluster, app!)).map(({ metadata }) => metadata.name).sort();
      await waitFor(async () => {
        const { items } = await cluster.request(
          "GET",
          `/apis/discovery.k8s.io/v1/namespaces/coder-system/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D${service}`,
        );
        const behind = items.flatMap(({ endpoints }: Manifest) => endpoints ?? [])
          .map(({ targetRef }: Manifest) => targetRef.name).sort();
        return JSON.stringify(behind) === JSON.stringify(names);
      }, { what: `${service} to lead to ${names}` });
    }
  });

  await t.step("and back to all, under the same selectors", async () => {
    await apply("all");
    const { spec } = await ready(cluster, "coder-k8s", 2);
    deepEqual(spec.template.spec.containers[0].args, ["all"]);
    equal(spec.template.spec.priorityClassName, undefined);
  });
});

Deno.test("kubectl apply -k deploy/ is the shape all", async () => {
  deepEqual(await kustomized(DEPLOY), rendered.find(({ variant }) => variant.name === "all")!.objects);
});
