/** What a cluster's API server says of itself. */
import type { Cluster } from "./mod.ts";

/** 34 of Kubernetes 1.34. @throws {TypeError} where it says nothing that is a minor version */
export async function minorOf(cluster: Pick<Cluster, "request">): Promise<number> {
  const { minor } = await cluster.request("GET", "/version");
  const found = /^\d+/.exec(String(minor))?.[0];
  if (found === undefined) throw new TypeError(`the API server says that its minor version is ${minor}`);
  return Number(found);
}
