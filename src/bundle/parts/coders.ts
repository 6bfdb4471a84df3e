/** What each Coder says of itself: version, health, features, provisioners and the jobs that wait or have failed. */
import { z } from "zod";
import { AGGREGATION_GROUP } from "../../api/aggregated.ts";
import type { CoderSession } from "../../caller/types.ts";
import type { Gatherer } from "../gatherer.ts";
import type { OwnObject } from "./kinds.ts";

const MOST = 100;
const anything = z.unknown();
const namesSchema = z.array(z.object({ name: z.string() })).max(20);

/** `namespaces/<namespace>/coder/<control plane>.yaml` */
export async function gatherCoders(gatherer: Gatherer, objects: readonly OwnObject[]): Promise<void> {
  const planes = objects.filter(({ subject }) => subject === "controlplane");
  await Promise.all(planes.map(async ({ namespace, name }) => {
    const session = await gatherer.tried(
      `Coder of ${namespace}/${name}`,
      (signal) =>
        gatherer.world.coders.open({ namespace, controlPlane: name }, {
          verb: "list",
          group: AGGREGATION_GROUP,
          resource: "coderworkspaces",
          namespace,
        }, signal),
    );
    if (session === undefined) return;
    const told = await coderFacts(gatherer, session);
    gatherer.yaml(`namespaces/${namespace}/coder/${name}.yaml`, "what Coder says of itself", 1, told);
  }));
}

async function coderFacts(gatherer: Gatherer, { client, ref }: CoderSession): Promise<unknown> {
  const { call } = client.prompt ?? client;
  const get = (route: string, organization = "", query: Readonly<Record<string, string | number>> = {}) =>
    gatherer.tried(`${route.replace("{organization}", organization)} of Coder ${ref.id}`, (signal) =>
      call({
        method: "GET",
        route,
        ...(organization === "" ? {} : { parameters: { organization } }),
        query,
        answer: anything,
      }, { signal }));
  const [buildinfo, health, entitlements, organizations] = await Promise.all([
    get("/api/v2/buildinfo"),
    get("/api/v2/debug/health"),
    get("/api/v2/entitlements"),
    get("/api/v2/organizations"),
  ]);
  const names = namesSchema.safeParse(organizations).data ?? [];
  const work = await Promise.all(names.map(async ({ name }) => {
    const [daemons, jobs] = await Promise.all([
      get("/api/v2/organizations/{organization}/provisionerdaemons", name, { limit: MOST }),
      get("/api/v2/organizations/{organization}/provisionerjobs", name, {
        limit: MOST,
        status: "pending,running,failed",
      }),
    ]);
    return { organization: name, daemons, jobs };
  }));
  return { buildinfo, health, entitlements, work };
}
