/** Is there room for the pods in the namespace? */
import { z } from "zod";
import { sayings } from "../finding.ts";
import { listOf, metadata } from "../shapes.ts";
import type { Check } from "../types.ts";

const say = sayings("quotas");
const amounts = z.record(z.string(), z.string()).catch({});
const quota = z.object({
  metadata,
  status: z.object({ hard: amounts, used: amounts }).catch({ hard: {}, used: {} }),
});
const withReplicas = z.object({ spec: z.object({ replicas: z.number().catch(1) }) });

export const quotas: Check = {
  id: "quotas",
  phases: ["before"],
  async run(world) {
    const reading = await world.read(`/api/v1/namespaces/${world.namespace}/resourcequotas`, listOf(quota));
    if (reading.state === "unread") return [say.unread(`Quotas of ${world.namespace}`, reading)];
    const pods = world.objects.filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet")
      .reduce((sum, object) => sum + (withReplicas.safeParse(object).data?.spec.replicas ?? 1), 0);
    const tight = (reading.state === "seen" ? reading.value.items : []).filter(
      ({ status: { hard, used } }) => {
        const most = Number(hard["pods"]);
        // A rolling update has one pod more.
        return Number.isFinite(most) && most - Number(used["pods"] ?? 0) < pods + 1;
      },
    );
    if (tight.length === 0) return [];
    return tight.map(({ metadata: { name }, status: { hard, used } }) =>
      say.warning(
        `Quota ${name} of ${world.namespace} allows ${hard["pods"]} pods, ${
          used["pods"] ?? 0
        } are there, and the ` +
          `installation has ${pods} and one more while it is updated.`,
        `Raise it: kubectl -n ${world.namespace} edit resourcequota ${name}`,
      )
    );
  },
};
