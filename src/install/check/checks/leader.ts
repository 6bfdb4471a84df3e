/** Does somebody reconcile? */
import { z } from "zod";
import { LEASE_NAME } from "../../../kube/lease/lease_names.ts";
import { sayings } from "../finding.ts";
import type { Check } from "../types.ts";

const say = sayings("leader");
const shape = z.object({
  spec: z.object({
    holderIdentity: z.string().catch(""),
    renewTime: z.string().catch(""),
    leaseDurationSeconds: z.number().catch(15),
  }),
});
/** Clocks of machines differ. */
const TOLERANCE_MS = 15_000;

export const leader: Check = {
  id: "leader",
  phases: ["after"],
  async run(world) {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${world.namespace}/leases/${LEASE_NAME}`;
    const reading = await world.read(path, shape);
    if (reading.state === "unread") return [say.unread(`Lease ${LEASE_NAME}`, reading)];
    const logs = `kubectl -n ${world.namespace} logs -l app.kubernetes.io/name=coder-k8s --tail=100`;
    if (reading.state === "absent" || reading.value.spec.holderIdentity === "") {
      return [
        say.failed("No process leads: control planes, provisioners and proxies are not reconciled.", logs),
      ];
    }
    const { holderIdentity, renewTime, leaseDurationSeconds } = reading.value.spec;
    const age = world.now - Date.parse(renewTime);
    if (!(age < leaseDurationSeconds * 1000 + TOLERANCE_MS)) {
      return [
        say.failed(
          `The leader ${holderIdentity} has not renewed its Lease since ${renewTime || "ever"}.`,
          logs,
        ),
      ];
    }
    return [say.ok(`${holderIdentity.replace(/_[0-9a-f-]{36}$/, "")} leads.`)];
  },
};
