/** The controllers: what turns resources into running Coder deployments, provisioners and workspace proxies. */
import { CoderControlPlanes } from "../api/control_plane.ts";
import { CoderProvisioners } from "../api/provisioner.ts";
import { CoderWorkspaceProxies } from "../api/workspace_proxy.ts";
import { controlPlaneControllers } from "./controllers/control_planes.ts";
import { provisionerControllers } from "./controllers/provisioners.ts";
import { sharedParts } from "./controllers/shared.ts";
import { proxyControllers } from "./controllers/workspace_proxies.ts";
import { definitionsCheck, definitionsLog } from "./definitions.ts";
import { leaderElection } from "./election.ts";
import type { PartFactory } from "./part.ts";

/** Makes the controllers, each on the one cache, applier and recorder of the process. */
export const controllerPart: PartFactory = (core) => {
  const { cache, config, health } = core;
  const shared = sharedParts(core);
  const controllers = [controlPlaneControllers, provisionerControllers, proxyControllers].flatMap((make) =>
    make(shared)
  );
  const own = [
    cache.informer(CoderControlPlanes),
    cache.informer(CoderProvisioners),
    cache.informer(CoderWorkspaceProxies),
  ];
  health.add("readiness", "definitions", definitionsCheck(own));
  return {
    controllers,
    runnables: [definitionsLog({ informers: own, log: shared.log })],
    flush: shared.flush,
    ...(config.leaderElect ? { election: leaderElection(core) } : {}),
  };
};
