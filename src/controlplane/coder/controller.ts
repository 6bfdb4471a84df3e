/** The controller of visits to the Coders and databases of control planes. */
import {
  type CoderControlPlane,
  CoderControlPlanes,
  type ControlPlane,
  parseControlPlane,
} from "../../api/control_plane.ts";
import { InvalidObjectError } from "../../api/object_schema.ts";
import { keyOf, keyText, type KubeObject } from "../../api/object.ts";
import type { Deployments } from "../../coder/mod.ts";
import { ownDeployment } from "../../operator/children/deployment.ts";
import { anyVersion } from "../../operator/children/reference_sources.ts";
import {
  generationOfPods,
  hasPods,
  podsChanged,
  visitController as sharedController,
  type VisitControllerOptions as SharedOptions,
} from "../../operator/visit/controller.ts";
import { coderAddress, type ReachOptions } from "../../operator/visit/reach.ts";
import type { Controller } from "../../reconciler/controller.ts";
import { owned, primary, watching } from "../../reconciler/source.ts";
import { hasFinalizer } from "../finalizer.ts";
import { Report } from "../report.ts";
import type { VisitResult } from "./results.ts";
import { visitConfigMaps, visitSecrets } from "./secrets.ts";
import type { Visit, VisitTools } from "./visit.ts";

type Shared = SharedOptions<CoderControlPlane, Visit, VisitTools, VisitResult>;

/** What the controller works with. */
export interface VisitControllerOptions
  extends Pick<Shared, "tools" | "steps" | "results" | "onNews" | "log" | "metrics" | "controller"> {
  deployments: Deployments;
  reach: ReachOptions;
}

const BY_VISIT_SECRET = "visit-secret";
const BY_VISIT_CONFIG_MAP = "visit-config-map";

/** Makes the controller; nothing runs yet. */
export function visitController(options: VisitControllerOptions): Controller {
  const { tools: { kinds }, deployments, reach } = options;
  kinds.controlPlanes.addIndex(BY_VISIT_SECRET, visitSecrets);
  kinds.controlPlanes.addIndex(BY_VISIT_CONFIG_MAP, visitConfigMaps);
  const namedBy = (index: string) => ({ metadata }: KubeObject) =>
    kinds.controlPlanes.byIndex(index, `${metadata.namespace ?? ""}/${metadata.name ?? ""}`).map(keyOf);
  return sharedController({
    ...options,
    name: "codercontrolplane-coder",
    objects: kinds.controlPlanes,
    watches: [
      primary(kinds.controlPlanes),
      owned(kinds.deployments, CoderControlPlanes, { predicate: podsChanged }),
      watching(kinds.secrets, namedBy(BY_VISIT_SECRET), { predicate: anyVersion }),
      watching(kinds.configMaps, namedBy(BY_VISIT_CONFIG_MAP), { predicate: anyVersion }),
    ],
    begin(key, object, { signal, log }): Visit | undefined {
      const controlPlane = readable(object);
      if (controlPlane === undefined) return undefined;
      const deployment = ownDeployment({ deploymentKey: key, object }, { kinds });
      const address = coderAddress(key, controlPlane, reach);
      return {
        key,
        object,
        controlPlane,
        signal,
        log,
        report: new Report(),
        ready: hasPods(deployment),
        generationOfPods: generationOfPods(deployment),
        client: (token) => deployments.client(keyText(key), address, token),
        reachable: false,
      };
    },
    resultOf: (visit) => ({
      generation: visit.object.metadata.generation ?? 0,
      report: visit.report.data(),
      version: visit.version,
      reachable: visit.reachable,
      ...(visit.migration !== undefined && { migration: visit.migration }),
    }),
    isHeld: hasFinalizer,
    forget: (key) => deployments.forget(keyText(key)),
  });
}

/** The reconciler tells what is wrong with the others. */
function readable(object: CoderControlPlane): ControlPlane | undefined {
  try {
    return parseControlPlane(object);
  } catch (error) {
    if (error instanceof InvalidObjectError) return undefined;
    throw error;
  }
}
