/** The time in which nothing happens: when it begins, and what the operator writes during it. */
import { type AuditEntry, type AuditMark, type Cluster, sleep, waitFor } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";

const WRITES = ["create", "update", "patch", "delete", "deletecollection"];

/** What the operator wrote since a mark, Events included and lease renewals left out. */
export async function writesSince(cluster: Cluster, mark: AuditMark): Promise<AuditEntry[]> {
  return (await cluster.audit.since(mark)).requests({ user: OPERATOR_USER, verb: WRITES })
    .filter(({ resource }) => resource !== "leases");
}

/** Until nothing is written for 20 seconds: what a start leaves to do, such as Events that wait for their turn, is over. */
export async function untilQuiet(cluster: Cluster): Promise<void> {
  await waitFor(async () => {
    const mark = await cluster.audit.mark();
    await sleep(20_000);
    return (await writesSince(cluster, mark)).length === 0;
  }, { what: "20 seconds without a write", timeoutMs: 600_000 });
}

/** ` (patch secrets, update leases)`, for what should have been none; empty where there is none. */
export function kindsOf(writes: readonly Pick<AuditEntry, "verb" | "resource">[]): string {
  const kinds = [...new Set(writes.map(({ verb, resource }) => `${verb} ${resource}`))].sort();
  return kinds.length === 0 ? "" : ` (${kinds.join(", ")})`;
}
