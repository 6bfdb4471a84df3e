/** Does kubectl see workspaces and templates? */
import { z } from "zod";
import { discovery, DISCOVERY_ACCEPT, DISCOVERY_PATH, tellsOf } from "../../discovery.ts";
import { sayings } from "../finding.ts";
import { API_GROUP, API_GROUP_PATH, API_SERVICE, API_VERSION } from "../names.ts";
import { anything } from "../shapes.ts";
import type { Check, CheckWorld, Finding } from "../types.ts";

const say = sayings("aggregated-api");
const resourceList = z.object({ resources: z.array(z.object({ name: z.string() })).catch([]) });

export const aggregatedApi: Check = {
  id: "aggregated-api",
  phases: ["after"],
  async run(world) {
    const reading = await world.read(API_GROUP_PATH, resourceList);
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
    return [await listing(world), ...await untold(world)];
  },
};

async function listing(world: CheckWorld): Promise<Finding> {
  const listed = await world.read(`${API_GROUP_PATH}/coderworkspaces?limit=1`, anything);
  if (listed.state === "seen") return say.ok("Workspaces can be listed.");
  if (listed.state === "unread" && listed.forbidden) {
    return say.ok("The API of workspaces answers; you may not list them in all namespaces.");
  }
  const why = listed.state === "unread" ? listed.why : "the list is not there";
  return say.failed(`Workspaces cannot be listed: ${why}`, "See the control planes below.");
}

/** What answers by its address is not yet what kubectl finds: it goes by what the API server tells of. */
async function untold(world: CheckWorld): Promise<Finding[]> {
  const told = await world.read(DISCOVERY_PATH, discovery, DISCOVERY_ACCEPT);
  if (told.state === "unread") return [say.unread("What the API server tells kubectl of", told)];
  if (told.state === "seen" && tellsOf(told.value, API_GROUP, API_VERSION)) return [];
  return [
    say.warning(
      `The API answers, but the API server does not tell its clients of it: kubectl finds no coderworkspaces.`,
      "Wait: the API server looks again every minute, and soon after the API has become available.",
      `If it stays so: kubectl annotate --overwrite apiservice ${API_SERVICE} coder.com/looked-at=now, which makes it look; ` +
        "then see the API server's own log for why it does not read the group.",
    ),
  ];
}
