/** Readers of the aggregated API whose rights count already. */
import type { AppRig } from "../aggregated/app_rig.ts";
import { serviceAccountUser } from "../cluster/mod.ts";
import { untilAllowed } from "../deploy/access.ts";

/** As `AppRig.reader`, once the API server knows of the roles: what it denies before, others remember for seconds. */
export async function allowedReader(rig: AppRig, options: Parameters<AppRig["reader"]>[0]): Promise<string> {
  const kubeconfig = await rig.reader(options);
  const { namespace, sees = "all" } = options;
  const group = "aggregation.coder.com";
  await untilAllowed(rig.cluster, serviceAccountUser(options), [
    { verb: "list", group, resource: "coderworkspaces", namespace },
    ...(sees === "all" ? [{ verb: "all", group, resource: "coderworkspaces/others", namespace }] : []),
  ]);
  return kubeconfig;
}
