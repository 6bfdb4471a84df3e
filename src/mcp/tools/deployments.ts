/** The Deployment of a control plane. */
import { z } from "zod";
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { Deployments } from "../../api/kubernetes/resources.ts";
import { ToolError } from "../errors.ts";
import { nameInput, namespaceInput, readTool } from "../tool.ts";
import { getObject, target } from "./reading.ts";

const CONDITION = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastUpdateTime: z.string().optional(),
  lastTransitionTime: z.string().optional(),
});

/** `get_control_plane_deployment_status` */
export const getControlPlaneDeploymentStatus = readTool({
  name: "get_control_plane_deployment_status",
  description: "Rollout status of a control plane's Deployment",
  toolset: "core",
  input: z.object({ namespace: namespaceInput(), name: nameInput() }),
  output: z.object({
    name: z.string(),
    namespace: z.string(),
    replicas: z.int(),
    readyReplicas: z.int(),
    updatedReplicas: z.int(),
    availableReplicas: z.int(),
    unavailableReplicas: z.int(),
    observedGeneration: z.int(),
    conditions: z.array(CONDITION),
  }),
  idempotent: true,
  async read(input, call) {
    const { key, text } = target(input);
    const what = `get deployment ${text}`;
    const [controlPlane, { metadata, spec, status = {} }] = await Promise.all([
      getObject(call, CoderControlPlanes, key, what),
      getObject(call, Deployments, key, what),
    ]);
    const { uid } = controlPlane.metadata;
    const isOwn = metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
    if (uid === undefined || !isOwn) {
      throw new ToolError(
        "not_found",
        `${what}: there is a Deployment of this name, but it does not belong to the CoderControlPlane`,
      );
    }
    if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
      call.warn("Kubernetes has not handled the newest spec yet");
    }
    return {
      ...key,
      replicas: spec?.replicas ?? 0,
      readyReplicas: status.readyReplicas ?? 0,
      updatedReplicas: status.updatedReplicas ?? 0,
      availableReplicas: status.availableReplicas ?? 0,
      unavailableReplicas: status.unavailableReplicas ?? 0,
      observedGeneration: status.observedGeneration ?? 0,
      conditions: [...status.conditions ?? []].sort((a, b) => a.type < b.type ? -1 : 1),
    };
  },
});
