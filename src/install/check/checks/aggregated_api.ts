/** Does kubectl see workspaces and templates? */
import { z } from "zod";
import { sayings } from "../finding.ts";
import { API_GROUP_PATH } from "../names.ts";
import { anything } from "../shapes.ts";
import type { Check } from "../types.ts";

const say = sayings("aggregated-api");
const discovery = z.object({ resources: z.array(z.object({ name: z.string() })).catch([]) });

export const aggregatedApi: Check = {
  id: "aggregated-api",
  phases: ["after"],
  async run(world) {
    const reading = await world.read(API_GROUP_PATH, discovery);
    if (reading.state !== "seen") {
      const why = reading.state === "unread" ? reading.why : "the API server does not know the group";
      return [
        say.failed(
          `${API_GROUP_PATH} does not answer: ${why}`,
          "See the APIService and the Deployments above.",
        ),
      ];
    }
    const names = reading.value.resources.map(({ name }) => name);
    const missing = ["coderworkspaces", "codertemplates"].filter((name) => !names.includes(name));
    if (missing.length > 0) return [say.failed(`${API_GROUP_PATH} does not have ${missing.join(" and ")}.`)];
    const listed = await world.read(`${API_GROUP_PATH}/coderworkspaces?limit=1`, anything);
    if (listed.state === "seen") return [say.ok("Workspaces can be listed.")];
    if (listed.state === "unread" && listed.forbidden) {
      return [say.ok("The API of workspaces answers; you may not list them in all namespaces.")];
    }
    const why = listed.state === "unread" ? listed.why : "the list is not there";
    return [say.failed(`Workspaces cannot be listed: ${why}`, "See the control planes below.")];
  },
};
