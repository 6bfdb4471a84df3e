import assert from "node:assert/strict";
import { sharedCluster, waitFor } from "../cluster/mod.ts";
import {
  collection,
  crdPath,
  inGroup,
  installCrds,
  type Node,
  object,
  PLURALS,
  readCrd,
  removing,
  schemaOf,
} from "./crds.ts";

Deno.test("a control plane with an empty spec is stored with the defaults of the Go operator's schema", async () => {
  const cluster = await sharedCluster();
  await installCrds(cluster);
  const namespace = await cluster.newNamespace("defaults");
  const created = await cluster.request(
    "POST",
    collection("codercontrolplanes", namespace),
    object("codercontrolplanes", "coder", {}),
  );
  assert.deepEqual(created.spec, {
    image: "ghcr.io/coder/coder:latest",
    replicas: 1,
    service: { type: "ClusterIP", port: 80 },
    operatorAccess: { disabled: false },
    serviceAccount: { disableCreate: false },
    rbac: { workspacePerms: true, enableDeployments: true },
    readinessProbe: { enabled: true, initialDelaySeconds: 0 },
    livenessProbe: { enabled: false, initialDelaySeconds: 0 },
    envUseClusterAccessURL: true,
    certs: {},
    tls: {},
  });
});

Deno.test("provisioners and proxies get the defaults of the Go operator's schema, and one replica for scaling", async () => {
  const cluster = await sharedCluster();
  await installCrds(cluster);
  const namespace = await cluster.newNamespace("defaults");
  const create = async (plural: "coderprovisioners" | "coderworkspaceproxies", spec: unknown) =>
    (await cluster.request("POST", collection(plural, namespace), object(plural, "one", spec))).spec;
  assert.deepEqual(await create("coderprovisioners", { controlPlaneRef: { name: "coder" } }), {
    controlPlaneRef: { name: "coder" },
    replicas: 1,
  });
  assert.deepEqual(await create("coderworkspaceproxies", {}), {
    replicas: 1,
    service: { type: "ClusterIP", port: 80 },
  });
});

Deno.test("a probe that is given without `enabled` stays without it, and embedded references get an empty name", async () => {
  const cluster = await sharedCluster();
  await installCrds(cluster);
  const namespace = await cluster.newNamespace("defaults");
  const { spec } = await cluster.request(
    "POST",
    collection("codercontrolplanes", namespace),
    object("codercontrolplanes", "coder", {
      readinessProbe: {},
      imagePullSecrets: [{}],
      resources: { limits: { cpu: 2 } },
    }),
  );
  assert.deepEqual(spec.readinessProbe, { initialDelaySeconds: 0 });
  assert.deepEqual(spec.imagePullSecrets, [{ name: "" }]);
  assert.deepEqual(spec.resources, { limits: { cpu: 2 } });
});

Deno.test("unknown fields are pruned, fields of newer pods such as image volumes are kept", async () => {
  const cluster = await sharedCluster();
  await installCrds(cluster);
  const namespace = await cluster.newNamespace("prune");
  const volumes = [
    { name: "tools", image: { reference: "ghcr.io/coder/tools:1", pullPolicy: "IfNotPresent" } },
    { name: "scratch", ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: "b" } }, spec: {} } } },
  ];
  const { spec } = await cluster.request(
    "POST",
    collection("codercontrolplanes", namespace),
    object("codercontrolplanes", "coder", { volumes, unknown: true }),
  );
  assert.deepEqual(spec.volumes, volumes);
  assert.equal("unknown" in spec, false);
});

Deno.test("kubectl explain teaches every field of spec and status", async () => {
  const cluster = await sharedCluster();
  await installCrds(cluster);
  for (const plural of PLURALS) {
    const { singular } = readCrd(plural).spec.names;
    for (const part of ["spec", "status"]) {
      const { stdout } = await waitFor(async () => {
        const result = await cluster.kubectl(["explain", `${singular}.${part}`], { allowFailure: true });
        return result.code === 0 && result;
      }, { what: `kubectl explain ${singular}.${part}` });
      const text = stdout.replace(/\s+/g, " ");
      const { properties } = schemaOf(readCrd(plural)).properties[part];
      for (const [field, { description }] of Object.entries<Node>(properties)) {
        assert.ok(
          text.includes(description.replace(/\s+/g, " ")),
          `${singular}.${part}.${field}: ${description}\n${stdout}`,
        );
      }
    }
  }
  const { stdout } = await cluster.kubectl(["explain", "codercontrolplane.spec.service.port"]);
  assert.match(stdout, /FIELD: port <integer>/);
  assert.match(stdout.replace(/\s+/g, " "), /1 to 65535; 0 means the default, 80\. Example: 8080\./);
});

Deno.test("kubectl get shows phase, readiness, image and address, and -o wide the rest", async () => {
  const cluster = await sharedCluster();
  await installCrds(cluster);
  const namespace = await cluster.newNamespace("columns");
  const make = async (plural: typeof PLURALS[number], spec: Node, status: Node) => {
    await cluster.request("POST", collection(plural, namespace), object(plural, "one", spec));
    await cluster.request("PATCH", `${collection(plural, namespace)}/one/status`, { status });
  };
  const base = { phase: "Ready", readyReplicas: 2 };
  await make("codercontrolplanes", { replicas: 3, image: "coder:v2" }, {
    ...base,
    version: "v2.30.0",
    url: "http://c:80",
    externalURL: "https://c",
    licenseTier: "trial",
  });
  await make("coderprovisioners", { controlPlaneRef: { name: "one" } }, {
    ...base,
    image: "coder:v2",
    controlPlaneURL: "http://c:80",
    organizationName: "eng",
  });
  await make("coderworkspaceproxies", { primaryAccessURL: "https://c" }, {
    ...base,
    image: "coder:v2",
    health: "ok",
    accessURL: "https://eu",
    version: "v2.30.0",
  });
  const table = async (kind: string, ...options: string[]) => {
    const { stdout } = await cluster.kubectl(["get", kind, "-n", namespace, ...options]);
    return stdout.trim().split("\n").map((line) => line.split(/\s{2,}/).slice(0, -1));
  };
  assert.deepEqual(await table("ccp"), [
    ["NAME", "PHASE", "READY", "VERSION", "URL"],
    ["one", "Ready", "2", "v2.30.0", "http://c:80"],
  ]);
  assert.deepEqual(await table("cprov"), [
    ["NAME", "PHASE", "READY", "IMAGE", "URL"],
    ["one", "Ready", "2", "coder:v2", "http://c:80"],
  ]);
  assert.deepEqual(await table("cwp"), [
    ["NAME", "PHASE", "READY", "IMAGE", "URL"],
    ["one", "Ready", "2", "coder:v2", "https://c"],
  ]);
  assert.deepEqual(await table("ccp", "-o", "wide"), [
    ["NAME", "PHASE", "READY", "REPLICAS", "VERSION", "IMAGE", "LICENSE", "URL", "EXTERNAL"],
    ["one", "Ready", "2", "3", "v2.30.0", "coder:v2", "trial", "http://c:80", "https://c"],
  ]);
  assert.deepEqual(await table("cprov", "-o", "wide"), [
    ["NAME", "PHASE", "READY", "REPLICAS", "CONTROL PLANE", "ORGANIZATION", "IMAGE", "URL"],
    ["one", "Ready", "2", "1", "one", "eng", "coder:v2", "http://c:80"],
  ]);
  assert.deepEqual(await table("cwp", "-o", "wide"), [
    ["NAME", "PHASE", "READY", "REPLICAS", "IMAGE", "URL", "HEALTH", "ACCESS URL", "VERSION"],
    ["one", "Ready", "2", "1", "coder:v2", "https://c", "ok", "https://eu", "v2.30.0"],
  ]);
});

Deno.test("kubectl get coder lists all kinds", async () => {
  const cluster = await sharedCluster();
  await installCrds(cluster);
  const namespace = await cluster.newNamespace("category");
  await cluster.apply([
    object("codercontrolplanes", "coder", {}),
    object("coderprovisioners", "coder", { controlPlaneRef: { name: "coder" } }),
    object("coderworkspaceproxies", "coder", {}),
  ], namespace);
  // What kubectl remembers of the cluster may have kinds of the category that earlier tests served; this asks anew.
  await cluster.kubectl(["api-resources", "--api-group=coder.com"]);
  const { stdout } = await cluster.kubectl(["get", "coder", "-n", namespace, "-o", "name"]);
  assert.deepEqual(stdout.trim().split("\n").sort(), [
    "codercontrolplane.coder.com/coder",
    "coderprovisioner.coder.com/coder",
    "coderworkspaceproxy.coder.com/coder",
  ]);
});

Deno.test("kubectl scale changes provisioners and proxies, and the scale shows their pods", async () => {
  const cluster = await sharedCluster();
  await installCrds(cluster);
  const namespace = await cluster.newNamespace("scale");
  const selector = "app.kubernetes.io/instance=one";
  for (
    const [plural, spec] of [["coderprovisioners", { controlPlaneRef: { name: "c" } }], [
      "coderworkspaceproxies",
      {},
    ]] as const
  ) {
    const path = `${collection(plural, namespace)}/one`;
    await cluster.request("POST", collection(plural, namespace), object(plural, "one", spec));
    await cluster.request("PATCH", `${path}/status`, { status: { replicas: 2, selector } });
    await cluster.kubectl([
      "scale",
      `${plural}/one`,
      "-n",
      namespace,
      "--current-replicas=1",
      "--replicas=3",
    ]);
    const scale = await cluster.request("GET", `${path}/scale`);
    assert.deepEqual(scale.spec, { replicas: 3 });
    assert.deepEqual(scale.status, { replicas: 2, selector });
    assert.equal((await cluster.request("GET", path)).spec.replicas, 3);
  }
});

Deno.test("client-side kubectl apply takes the manifests, although it stores each in an annotation", async () => {
  const cluster = await sharedCluster();
  const group = `apply-${crypto.randomUUID().slice(0, 8)}.coder.com`;
  for (const plural of PLURALS) {
    const crd = inGroup(readCrd(plural), group);
    const apply = () => cluster.kubectl(["apply", "-f", "-"], { input: JSON.stringify(crd) });
    assert.match((await apply()).stdout, /created/);
    assert.match((await apply()).stdout, /unchanged/);
  }
  await using _ = removing(cluster, group);
});

Deno.test("every manifest stays under 240,000 bytes, as a file and as kubectl's annotation", () => {
  for (const plural of PLURALS) {
    const size = (text: string) => new TextEncoder().encode(text).length;
    const file = size(Deno.readTextFileSync(crdPath(plural)));
    const annotation = size(JSON.stringify(readCrd(plural)));
    assert.ok(file < 240_000, `${crdPath(plural)} has ${file} bytes`);
    assert.ok(annotation < 240_000, `${plural} has ${annotation} bytes as JSON`);
  }
});
