/** A node's agent that knows logs and nothing else: what the API server asks it for is what a real one is asked for. */
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { Cluster } from "../cluster/mod.ts";

/** Lines with the time at which they were written, in milliseconds since 1970. */
export type LogLines = readonly (readonly [time: number, text: string])[];

export class FakeKubelet {
  /** By `<namespace>/<pod>/<container>`; `previous` after a further slash is the run before. */
  readonly logs = new Map<string, LogLines>();
  /** Paths with queries, in order. */
  readonly asked: string[] = [];
  readonly #server: https.Server;

  private constructor(readonly node: string, readonly cluster: Cluster, server: https.Server) {
    this.#server = server;
    server.on("request", (request, response) => {
      const url = new URL(request.url ?? "/", "https://kubelet");
      this.asked.push(`${url.pathname}${url.search}`);
      const [root, ...key] = url.pathname.slice(1).split("/").map(decodeURIComponent);
      const query = url.searchParams;
      const lines = this.logs.get(
        [...key, ...(query.get("previous") === "true" ? ["previous"] : [])].join("/"),
      );
      if (root !== "containerLogs" || lines === undefined) {
        response.writeHead(404).end(`there is no log of ${key.join("/")}`);
      } else response.end(text(lines, query));
    });
  }

  /** A node that no scheduler uses, with this as its agent. It goes with the value that is returned. */
  static async start(cluster: Cluster): Promise<FakeKubelet> {
    const { certPem, keyPem } = await cluster.issueCertificate({
      commonName: "kubelet",
      ipAddresses: ["127.0.0.1"],
      usage: ["server"],
    });
    const server = https.createServer({ cert: certPem, key: keyPem });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const kubelet = new FakeKubelet(`logs-${crypto.randomUUID().slice(0, 8)}`, cluster, server);
    await cluster.request(
      "POST",
      "/api/v1/nodes",
      kubelet.#nodeObject((server.address() as AddressInfo).port),
    );
    return kubelet;
  }

  #nodeObject(port: number) {
    const now = new Date().toISOString();
    return {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: this.node },
      spec: { taints: [{ key: "test/logs", effect: "NoSchedule" }] },
      status: {
        phase: "Running",
        capacity: { cpu: "64", memory: "64Gi", pods: "100" },
        allocatable: { cpu: "64", memory: "64Gi", pods: "100" },
        conditions: [{
          type: "Ready",
          status: "True",
          reason: "KubeletReady",
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        }],
        addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.request("DELETE", `/api/v1/nodes/${this.node}`);
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function text(lines: LogLines, query: URLSearchParams): string {
  const since = query.get("sinceSeconds");
  const from = since === null ? 0 : Date.now() - Number(since) * 1_000;
  const late = lines.filter(([time]) => time >= from);
  const tail = Number(query.get("tailLines") ?? late.length);
  return late.slice(Math.max(0, late.length - tail))
    .map(([time, words]) =>
      query.get("timestamps") === "true" ? `${new Date(time).toISOString()} ${words}\n` : `${words}\n`
    ).join("");
}
