/** Many objects in one stream: how long after the last one all of them are ready. */
import { Deployments } from "../../src/api/kubernetes/resources.ts";
import type { Deployment } from "../../src/api/kubernetes/types.ts";
import type { KubeObject, ResourceType } from "../../src/api/object.ts";
import { CoderProvisioners } from "../../src/api/provisioner.ts";
import { CoderWorkspaceProxies, type CoderWorkspaceProxy } from "../../src/api/workspace_proxy.ts";
import { type Component, NAME_LABEL } from "../../src/workload/labels.ts";
import type { Cluster } from "../cluster/mod.ts";
import { waitFor } from "../cluster/mod.ts";
import type { FakeCoder } from "../fake-coder/mod.ts";
import { type Arrival, Arrivals } from "./arrivals.ts";
import { type Ground, NAMESPACE } from "./provisioner_ground.ts";
import { processorSecondsOf } from "./processor.ts";
import { isReady } from "./ready.ts";
import { inStream } from "./stream.ts";

/** Objects of a kind that are ready. */
export function readyOnes<T extends KubeObject>(type: ResourceType<T>): Arrival {
  return { type: type as ResourceType, counts: isReady };
}

const PLAIN = "plain";

/** Deployments that nobody but the cluster works on, in the same stream: what of the time is the cluster's own. */
export async function plainDeployments({ cluster, rows, sizes }: Ground): Promise<void> {
  const count = sizes.provisioners;
  await cluster.kubectl(["create", "namespace", PLAIN]);
  {
    await using ready = await Arrivals.watch(cluster.kubeconfig, PLAIN, [{
      type: Deployments as ResourceType,
      counts: ({ status }: Deployment) => (status?.availableReplicas ?? 0) > 0,
    } as Arrival]);
    const { last, seconds } = await inStream(count, (index) => createPlain(cluster, `plain-${index}`));
    await ready.all(count);
    const after = (performance.now() - last) / 1_000;
    rows.push({
      what: `for comparison: ${count} plain Deployments in one stream (${
        seconds.toFixed(1)
      } s), all available after the last`,
      measured: `${after.toFixed(2)} s`,
      value: after,
    });
  }
  await cluster.kubectl(["delete", "namespace", PLAIN, "--wait=false"]);
  await waitFor(async () => await cluster.find(`/api/v1/namespaces/${PLAIN}`) === undefined, {
    what: "the plain Deployments to go",
    timeoutMs: 300_000,
    intervalMs: 1_000,
  });
}

function createPlain(cluster: Cluster, name: string): Promise<unknown> {
  const labels = { app: name };
  return cluster.request("POST", `/apis/apps/v1/namespaces/${PLAIN}/deployments`, {
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "main", image: "registry.k8s.io/pause" }] },
      },
    },
  });
}

/** What a stream of one of our kinds is about. */
interface Kind {
  type: ResourceType;
  component: Component;
  count: number;
  noun: string;
  spec: (home: string, index: number) => unknown;
  name: (index: number) => string;
  /** Seconds. */
  reach: number;
}

/** Name of the provisioner of that number. */
export const provisionerNameOf = (index: number) => `prov-${index}`;

/** Tags of the provisioner of that number; a new round asks for new keys. */
export const tagsOf = (index: number, round: number) => ({ bench: String(index), round: String(round) });

/** Creates all provisioners; until all are ready. */
export async function provisionerBurst(ground: Ground): Promise<void> {
  await burst(ground, {
    type: CoderProvisioners as ResourceType,
    component: "coder-provisioner",
    count: ground.sizes.provisioners,
    noun: "provisioners",
    name: provisionerNameOf,
    spec: (home, index) => ({ controlPlaneRef: { name: home }, tags: tagsOf(index, 1) }),
    reach: 5,
  });
}

/** Creates all workspace proxies; until all are ready. */
export async function proxyBurst(ground: Ground): Promise<void> {
  await burst(ground, {
    type: CoderWorkspaceProxies as ResourceType,
    component: "coder-workspace-proxy",
    count: ground.sizes.proxies,
    noun: "workspace proxies",
    name: (index) => `proxy-${index}`,
    spec: (home) => ({ controlPlaneRef: { name: home } }),
    reach: 5,
  });
}

async function burst(ground: Ground, kind: Kind): Promise<void> {
  const { cluster, rows, sizes } = ground;
  const { type, component, count, noun } = kind;
  await using ready = await Arrivals.watch(cluster.kubeconfig, NAMESPACE, [readyOnes(type)]);
  await using deployed = await Arrivals.watch(cluster.kubeconfig, NAMESPACE, [{
    type: Deployments as ResourceType,
    counts: ({ metadata }: KubeObject) => metadata.labels?.[NAME_LABEL] === component,
  }]);
  const { pid } = ground.operator;
  const computed = processorSecondsOf(pid);
  const { last, seconds } = await inStream(
    count,
    (index) => ground.create(type.plural, type.kind, kind.name(index), kind.spec(ground.home(index), index)),
  );
  const since = () => (performance.now() - last) / 1_000;
  const [children, all] = await Promise.all([
    deployed.all(count, 300_000).then(since),
    ready.all(count, 300_000).then(since),
  ]);
  const stream = `${count} ${noun} over ${sizes.homes} control planes in one stream (${
    seconds.toFixed(1)
  } s)`;
  rows.push({
    what: `${stream}: the last Deployment there, after the last create`,
    measured: `${children.toFixed(2)} s`,
    value: children,
  });
  rows.atMost(kind.reach, {
    what: `${stream}: all Ready after the last create`,
    value: all,
    text: `${all.toFixed(2)} s`,
    unit: " s",
  });
  const own = processorSecondsOf(pid) - computed;
  rows.push({
    what: `processor time of the operator from the first create until then`,
    measured: `${own.toFixed(1)} s`,
    value: own,
  });
}

/** Until Coder's word on all proxies is in their status: it comes with the next list that is due. */
export async function proxiesHealthy({ cluster, rows, sizes }: Ground): Promise<void> {
  const since = performance.now();
  await using healthy = await Arrivals.watch(cluster.kubeconfig, NAMESPACE, [{
    type: CoderWorkspaceProxies as ResourceType,
    counts: ({ status }: CoderWorkspaceProxy) => status?.health === "ok",
  } as Arrival]);
  await healthy.all(sizes.proxies, 420_000);
  const seconds = (performance.now() - since) / 1_000;
  rows.push({
    what: "after that: until all of them are healthy by Coder's word",
    measured: `${seconds.toFixed(1)} s`,
    value: seconds,
  });
}

/** What proxies' pods would do: those that are registered have called. Ends with `using`. */
export function proxiesCall(fakes: Iterable<FakeCoder>): Disposable {
  const all = [...fakes];
  const timer = setInterval(() => {
    for (const { state } of all) {
      for (const proxy of state.proxies) if (proxy.status === "unregistered") proxy.status = "ok";
    }
  }, 200);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
