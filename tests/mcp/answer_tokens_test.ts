/** What answers cost a client, with as much as a platform team has: 200 control planes, 300 workspaces. */
import assert from "node:assert/strict";
import { encode } from "npm:gpt-tokenizer@4.0.0/encoding/o200k_base";
import { createBudget, createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { clientCluster } from "../../src/mcp/caller/client_cluster.ts";
import { toolRig } from "../../src/mcp/testing.ts";
import { startAppRig } from "../aggregated/app_rig.ts";
import { type Cluster, waitFor } from "../cluster/mod.ts";
import {
  addDaemon,
  addJob,
  addLogLine,
  addTemplate,
  addVersion,
  addWorkspace,
  startFakeCoder,
} from "../fake-coder/mod.ts";
import { ALL_TOOLS } from "./all_tools.ts";
import { FakeKubelet } from "./fake_kubelet.ts";

const MEDIAN = 2_000;
/** A page of a list, whatever there is. */
const MOST_LIST = 12_000;
const WORKSPACES = 300;
const CONTROL_PLANES = 200;

async function addControlPlanes(cluster: Cluster): Promise<void> {
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "fleet" } });
  const path = "/apis/coder.com/v1alpha1/namespaces/fleet/codercontrolplanes";
  const add = async (index: number) => {
    const name = `coder-team-${index}`;
    await cluster.request("POST", path, {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name },
      spec: {},
    });
    await cluster.request("PATCH", `${path}/${name}/status`, {
      status: { phase: "Ready", readyReplicas: 2, url: `https://${name}.coder.example.com` },
    });
  };
  for (let from = 0; from < CONTROL_PLANES; from += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => add(from + index)));
  }
}

/** What a busy namespace has besides. */
async function addMore(cluster: Cluster, node: string): Promise<void> {
  const numbered = <T>(count: number, make: (index: number) => T) =>
    Array.from({ length: count }, (_, index) => make(index));
  const pod = (name: string, labels: object) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels },
    spec: { nodeName: node, containers: [{ name: "dev", image: "example/dev:1" }] },
  });
  const ofControlPlane = {
    "app.kubernetes.io/name": "coder-control-plane",
    "app.kubernetes.io/instance": "coder",
    "app.kubernetes.io/managed-by": "coder-k8s",
  };
  const own = (kind: string, name: string) => ({
    apiVersion: "coder.com/v1alpha1",
    kind,
    metadata: { name },
    spec: { controlPlaneRef: { name: "coder" } },
  });
  await cluster.apply([
    pod("dev", {}),
    ...numbered(8, (index) => pod(`coder-${index}`, ofControlPlane)),
    ...numbered(20, (index) => own("CoderProvisioner", `builders-${index}`)),
    ...numbered(10, (index) => own("CoderWorkspaceProxy", `region-${index}`)),
  ], "lab");
  await Promise.all(numbered(250, (index) =>
    cluster.request("POST", "/api/v1/namespaces/lab/events", {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `e-${index}` },
      involvedObject: { kind: "Pod", name: `coder-team-${index}`, namespace: "lab" },
      type: index % 2 === 0 ? "Normal" : "Warning",
      reason: index % 2 === 0 ? "Pulled" : "BackOff",
      message: `Back-off restarting failed container dev in pod coder-team-${index}`,
      count: index,
      lastTimestamp: new Date(Date.now() - index * 1_000).toISOString().replace(/\.\d+/, ""),
    })));
}

Deno.test("answers of tools cost little, however much there is", async () => {
  await using fake = await startFakeCoder();
  const { state } = fake;
  const { user, token } = state.addOwner();
  const template = addTemplate(state, "docker");
  const versions = [
    addVersion(state, template, new Uint8Array()),
    addVersion(state, template, new Uint8Array()),
  ];
  for (let index = 0; index < WORKSPACES; index++) addWorkspace(state, user, `project-${index}`);
  for (let index = 0; index < 40; index++) addDaemon(state, { name: `builder-${index}` });
  for (let index = 0; index < 100; index++) addJob(state, { status: "pending" });
  const build = state.workspaces[0]!["latest_build"] as Record<string, unknown>;
  for (const id of [String(build["id"]), ...versions]) {
    for (let line = 0; line < 400; line++) {
      addLogLine(
        state,
        id,
        "Apply",
        `docker_container.workspace[0]: Still creating... [${line % 7}0s elapsed]`,
      );
    }
  }
  await using rig = await startAppRig({ coders: { "lab/coder": { url: fake.url, token } } });
  await using kubelet = await FakeKubelet.start(rig.cluster);
  await addControlPlanes(rig.cluster);
  await addMore(rig.cluster, kubelet.node);
  kubelet.logs.set(
    "lab/dev/dev",
    Array.from(
      { length: 600 },
      (_, line) => [Date.now(), `waiting for the database, attempt ${line >> 3}`] as const,
    ),
  );
  await waitFor(async () => (await rig.names("coderworkspaces", "lab")).length === WORKSPACES, {
    what: "workspaces",
  });

  const rest = createRestClient({ connection: loadKubeConfig({ kubeconfig: rig.cluster.kubeconfig }) });
  await using _rest = { [Symbol.asyncDispose]: () => Promise.resolve(rest.close()) };
  const transport = createTransport({ url: fake.url });
  await using _transport = { [Symbol.asyncDispose]: () => Promise.resolve(transport.close()) };
  const budget = createBudget({ perMinute: 1_000_000, burst: 1_000_000 });
  const client = createCoderClient({ transport, token, budget });
  const ref = { id: "lab/coder", namespace: "lab", controlPlane: "coder" };
  const caller = toolRig({
    cluster: clientCluster(rest),
    coders: {
      list: () => Promise.resolve([ref]),
      open: () => Promise.resolve({ ref, client, as: "caller", user: "admin" }),
    },
  });
  const nameFor = (tool: string): string =>
    /workspace(?!_prox)/.test(tool)
      ? "coder.admin.project-0"
      : /template/.test(tool)
      ? "coder.docker"
      : /pod/.test(tool) && !/control/.test(tool)
      ? "dev"
      : "coder";

  const costs: { readonly name: string; readonly cost: number }[] = [];
  for (const tool of ALL_TOOLS.filter(({ kind }) => kind === "read")) {
    const fields = Object.keys(tool.input.shape);
    const isList = /^list_(?:control_planes|workspaces|templates)$/.test(tool.name);
    const args = {
      // Lists are of everything there is, as they are where nobody says more.
      ...(fields.includes("namespace") && !isList ? { namespace: "lab" } : {}),
      ...(fields.includes("name") && tool.name !== "get_events" ? { name: nameFor(tool.name) } : {}),
      ...(fields.includes("state") && /^wait/.test(tool.name) ? { state: "running" } : {}),
    };
    const answer = await caller.run(tool, args).catch(() => undefined);
    // What is refused here, for want of arguments or of what it is about, costs a sentence: it would only lower the median.
    if (answer !== undefined) costs.push({ name: tool.name, cost: encode(answer.text).length });
  }
  costs.sort((a, b) => a.cost - b.cost);
  const words = costs.map(({ name, cost }) => `${name} ${cost}`).join(", ");
  assert.ok(costs.length >= 18 && costs[0]!.cost > 5, words);
  assert.ok(costs[costs.length >> 1]!.cost <= MEDIAN, words);
  for (const { name, cost } of costs) {
    if (/^list_/.test(name)) assert.ok(cost <= MOST_LIST, `${name}: ${cost} tokens; ${words}`);
  }
});
