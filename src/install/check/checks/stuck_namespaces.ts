/** Are there namespaces that cannot end because our API is registered and nobody answers? */
import { z } from "zod";
import { sayings } from "../finding.ts";
import { conditionOf, conditions, listOf, metadata } from "../shapes.ts";
import { API_SERVICE } from "../names.ts";
import type { Check } from "../types.ts";

const say = sayings("stuck-namespaces");
const GROUP = "aggregation.coder.com";
const MOST_NAMED = 5;
const namespace = z.object({
  metadata,
  status: z.object({ conditions }).catch({ conditions: [] }),
});

export const stuckNamespaces: Check = {
  id: "stuck-namespaces",
  phases: ["before", "after"],
  async run(world) {
    const reading = await world.read("/api/v1/namespaces", listOf(namespace));
    if (reading.state === "unread") return [say.unread("The namespaces", reading)];
    if (reading.state === "absent") return [];
    const stuck = reading.value.items.filter(({ metadata: { deletionTimestamp }, status }) => {
      if (deletionTimestamp === undefined) return false;
      const told = conditionOf(status.conditions, "NamespaceDeletionDiscoveryFailure");
      return told?.status === "True" && told.message.includes(GROUP);
    }).map(({ metadata: { name } }) => name);
    if (stuck.length === 0) return [say.ok(`No namespace waits for ${GROUP} to end.`)];
    const more = stuck.length > MOST_NAMED ? ` and ${stuck.length - MOST_NAMED} more` : "";
    return [
      say.failed(
        `${
          stuck.slice(0, MOST_NAMED).join(", ")
        }${more} cannot end: ${API_SERVICE} is registered, and nobody answers.`,
        world.phase === "before"
          ? `It was left behind. Remove it: kubectl delete apiservice ${API_SERVICE}`
          : "Mend the APIService (below); they go by themselves then.",
      ),
    ];
  },
};
