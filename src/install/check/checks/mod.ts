/** All checks, in the order in which they are told. */
import type { Check } from "../types.ts";
import { aggregatedApi } from "./aggregated_api.ts";
import { aggregationLayer } from "./aggregation_layer.ts";
import { apiService, services } from "./api_service.ts";
import { controlPlanes } from "./control_planes.ts";
import { crds } from "./crds.ts";
import { deployments } from "./deployments.ts";
import { installations } from "./installations.ts";
import { kindsOfOthers } from "./kinds.ts";
import { kubernetesVersion } from "./kubernetes_version.ts";
import { leader } from "./leader.ts";
import { mcpServer } from "./mcp_server.ts";
import { operatorRights } from "./operator_rights.ts";
import { quotas } from "./quotas.ts";
import { rightsToInstall } from "./rights.ts";
import { stuckNamespaces } from "./stuck_namespaces.ts";
import { webhooks } from "./webhooks.ts";

export const CHECKS: readonly Check[] = [
  kubernetesVersion,
  aggregationLayer,
  rightsToInstall,
  installations,
  crds,
  kindsOfOthers,
  operatorRights,
  quotas,
  webhooks,
  deployments,
  services,
  leader,
  apiService,
  stuckNamespaces,
  aggregatedApi,
  mcpServer,
  controlPlanes,
];
