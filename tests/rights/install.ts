/** A shape's accounts and rights on a cluster, as `deploy/` ships them, without its pods. */
import { stringify } from "yaml";
import type { Cluster, FaultRig } from "../cluster/mod.ts";
import { ACCOUNTS, grantsOf, rendered } from "./grants.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const KINDS = ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];
const CRDS = ["codercontrolplanes", "coderprovisioners", "coderworkspaceproxies"];

/** One of the product's accounts. */
export type Account = "operator" | "apiserver" | "mcp";

/** What {@linkcode installRights} leaves behind. */
export interface InstalledRights {
  /** A kubeconfig of that account. */
  kubeconfig(account: Account, faults?: FaultRig): Promise<string>;
}

/**
 * Applies CRDs, namespace, accounts, roles and bindings of a rendered folder (see {@linkcode rendered}), and waits until
 * all rights are in force.
 */
export async function installRights(cluster: Cluster, folder: string): Promise<InstalledRights> {
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-k", `${root}/crd`]);
  const objects = (await rendered(folder)).filter(({ kind }) => KINDS.includes(kind));
  const input = objects.map((object) => stringify(object)).join("---\n");
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input });
  await cluster.kubectl([
    "wait",
    "--for=condition=Established",
    "--timeout=60s",
    ...CRDS.map((name) => `crd/${name}.coder.com`),
  ]);
  await Promise.all(
    (["operator", "apiserver", "mcp"] as const).flatMap((account) =>
      grantsOf(objects, ACCOUNTS[account]).map((grant) =>
        cluster.rightsInForce(ACCOUNTS[account], [grant], grant.namespace)
      )
    ),
  );
  return {
    kubeconfig(account, faults) {
      const [, , namespace = "", name = ""] = ACCOUNTS[account].split(":");
      return cluster.serviceAccountKubeconfig({
        namespace,
        name,
        ...(faults === undefined ? {} : { throughFaults: faults }),
      });
    },
  };
}
