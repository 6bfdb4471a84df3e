/**
 * One real cluster with the whole product in a process, for many small labs: each is a namespace with a fake Coder. Pods
 * run on KWOK's nodes; those that are to fail are held on a node whose kubelet is the test.
 */
import { loadKubeConfig } from "../../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../../src/kube/rest/rest_client.ts";
import { clientCluster } from "../../../src/mcp/caller/client_cluster.ts";
import { API_SERVICE, type AppRig, type AppRigOptions, startAppRig } from "../../aggregated/app_rig.ts";
import {
  type Cluster,
  type FaultRig,
  installGatewayApi,
  serviceAccountUser,
  startCluster,
  waitFor,
} from "../../cluster/mod.ts";
import { layout } from "../../cluster/state.ts";
import { type Postgres, startPostgres } from "../../coder/mod.ts";
import { untilAllowed } from "../../deploy/access.ts";
import { type FakeCoder, startFakeCoder } from "../../fake-coder/mod.ts";
import { FakeKubelet } from "../../mcp/fake_kubelet.ts";
import type { Rights } from "../failure.ts";
import { Lab } from "./lab.ts";
import { BESIDE, type Caller, KUBELET_LABEL, type LabGround, PEOPLE } from "./names.ts";

const root = new URL("../../../", import.meta.url).pathname.replace(/\/$/, "");
const API_PATH = `/apis/apiregistration.k8s.io/v1/apiservices/${API_SERVICE}`;
/** Control planes of a lab, by name. */
export const PLANES = ["coder", "one", "two"] as const;

export class Ground implements LabGround, AsyncDisposable {
  #used = 0;
  #postgres: Promise<Postgres> | undefined;

  private constructor(
    readonly cluster: Cluster,
    readonly app: AppRig,
    readonly kubelet: FakeKubelet,
    readonly callers: Readonly<Record<Rights, Caller>>,
    private readonly coders: readonly FakeCoder[],
    private readonly other: FakeCoder,
    private readonly otherToken: string,
  ) {}

  get elsewhere() {
    return { url: this.other.url, token: this.otherToken };
  }

  /**
   * @param labs how many there can be
   * @param more of the process
   */
  static async start(
    labs: number,
    { args = [], ...more }: Pick<AppRigOptions, "args" | "binary" | "mcp"> = {},
  ): Promise<Ground> {
    const cluster = await startCluster({ name: "diagnosis" });
    const kubelet = await FakeKubelet.start(cluster);
    // Before the operator looks for it.
    await installGatewayApi(cluster);
    await holdPodsOf(cluster, kubelet.node);
    const coders = await Promise.all(Array.from({ length: labs }, () => startFakeCoder()));
    const elsewhere = await startFakeCoder();
    const app = await startAppRig({
      cluster,
      mode: "all",
      coders: Object.fromEntries(
        coders.flatMap(({ url }, lab) =>
          PLANES.map((plane) => {
            const { url: own } = plane === BESIDE ? elsewhere : { url };
            return [`${namespaceOf(lab)}/${plane}`, { url: own, token: "" }];
          })
        ),
      ),
      present: [],
      ...more,
      args: ["--coder-poll-interval=2s", ...args],
    });
    await cluster.kubectl(["apply", "-f", `${root}/deploy/components/coder-resources-view/rbac.yaml`]);
    await cluster.request("POST", "/api/v1/namespaces", object("v1", "Namespace", PEOPLE));
    const viewer = await cluster.serviceAccountKubeconfig({ namespace: PEOPLE, name: "viewer" });
    const callers = { viewer: callerOf(viewer), admin: callerOf(cluster.kubeconfig) };
    return new Ground(cluster, app, kubelet, callers, coders, elsewhere, elsewhere.state.addOwner().token);
  }

  /** A namespace that the viewer may view, with a Coder that answers. */
  async lab(): Promise<Lab> {
    const index = this.#used++;
    const [namespace, coder] = [namespaceOf(index), this.coders[index]];
    if (coder === undefined) throw new Error(`there are but ${this.coders.length} labs`);
    await this.cluster.request("POST", "/api/v1/namespaces", object("v1", "Namespace", namespace));
    const lab = new Lab(this, namespace, coder);
    await Promise.all(
      ["view", "coder-k8s-workspaces-of-others"].map((role) => lab.allow("viewer", role)),
    );
    await lab.begin();
    const viewer = serviceAccountUser({ namespace: PEOPLE, name: "viewer" });
    await untilAllowed(this.cluster, viewer, [
      { verb: "list", resource: "pods", namespace },
      { verb: "all", group: "aggregation.coder.com", resource: "coderworkspaces/others", namespace },
    ]);
    return lab;
  }

  postgres(): Promise<Postgres> {
    return this.#postgres ??= startPostgres();
  }

  /** Somebody of `people`; nobody has given newcomers anything yet. */
  async as(name: string, throughFaults?: FaultRig): Promise<Caller> {
    return callerOf(
      await this.cluster.serviceAccountKubeconfig({
        namespace: PEOPLE,
        name,
        ...(throughFaults === undefined ? {} : { throughFaults }),
      }),
    );
  }

  /** The API of workspaces and templates is reached no more, or again: nobody listens where its Service leads to. */
  async reachApi(isReached: boolean): Promise<void> {
    const port = isReached ? this.app.replica.port : 1;
    await this.cluster.request("PATCH", API_PATH, { spec: { service: { port } } });
    await waitFor(async () => {
      const { status } = await this.cluster.request("GET", API_PATH);
      const wanted = isReached ? "True" : "False";
      return status.conditions.some((one: Record<string, string>) =>
        one["type"] === "Available" && one["status"] === wanted
      );
    }, { what: `the APIService to be ${isReached ? "" : "un"}available`, timeoutMs: 120_000 });
  }

  /** Nobody acts on objects any more; the API that went with the operator is taken away. */
  async stopOperator(): Promise<void> {
    await this.app.replica.process.stop("SIGKILL");
    await this.cluster.request("DELETE", API_PATH);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const caller of Object.values(this.callers)) caller[Symbol.dispose]();
    await this.app[Symbol.asyncDispose]();
    await (await this.#postgres)?.[Symbol.asyncDispose]();
    await this.kubelet[Symbol.asyncDispose]();
    await Promise.all([...this.coders, this.other].map((coder) => coder[Symbol.asyncDispose]()));
    await this.cluster[Symbol.asyncDispose]();
  }
}

function callerOf(kubeconfig: string): Caller {
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig }) });
  return { cluster: clientCluster(client), [Symbol.dispose]: () => client.close() };
}

function namespaceOf(lab: number): string {
  return `lab-${lab}`;
}

function object(apiVersion: string, kind: string, name: string) {
  return { apiVersion, kind, metadata: { name } };
}

/** KWOK leaves what runs on this node alone, and the scheduler puts there what asks for it. */
async function holdPodsOf(cluster: Cluster, node: string): Promise<void> {
  await cluster.request("PATCH", `/api/v1/nodes/${node}`, {
    metadata: { labels: { [KUBELET_LABEL]: "ours" } },
  });
  const path = layout(cluster.dir).stages;
  const ready = "    matchExpressions:\n";
  const text = await Deno.readTextFile(path);
  const at = text.indexOf(ready, text.indexOf("name: pod-ready"));
  const rule = `    - key: '.spec.nodeName'\n      operator: 'NotIn'\n      values:\n      - '${node}'\n`;
  const end = at + ready.length;
  await Deno.writeTextFile(path, `${text.slice(0, end)}${rule}${text.slice(end)}`);
  await cluster.restart("kwok");
}
