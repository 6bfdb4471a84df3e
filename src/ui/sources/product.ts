/** All that is shown of a cluster and its Coders, with the watcher's own rights. */
import { controlPlanes } from "./control_planes.ts";
import { jobs } from "./jobs.ts";
import { provisioners } from "./provisioners.ts";
import type { Source } from "./source.ts";
import { workspaces } from "./workspaces.ts";

/** In the order in which they are shown. For one board: builds wake what asks for jobs. */
export function productSources(): readonly Source[] {
  const { source, wake } = jobs();
  return [controlPlanes, workspaces(wake), provisioners, source];
}
