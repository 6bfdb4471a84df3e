/** Rules about pods. */
import type { Rule } from "../../types.ts";
import { admissionWebhookDenied } from "./admission_webhook_denied.ts";
import { claimMissing } from "./claim_missing.ts";
import { commandNotFound } from "./command_not_found.ts";
import { configMissing } from "./config_missing.ts";
import { containerNotCreated } from "./container_not_created.ts";
import { crashLoop } from "./crash_loop.ts";
import { imageNameInvalid } from "./image_name_invalid.ts";
import { imageNotFound } from "./image_not_found.ts";
import { imagePullDenied } from "./image_pull_denied.ts";
import { imagePullFailed } from "./image_pull_failed.ts";
import { imageRateLimited } from "./image_rate_limited.ts";
import { imageRegistryUnreachable } from "./image_registry_unreachable.ts";
import { initContainerFailing } from "./init_container_failing.ts";
import { limitRange } from "./limit_range.ts";
import { livenessKilling } from "./liveness_killing.ts";
import { noNodes } from "./no_nodes.ts";
import { networkPolicyBlocks } from "./network_policy_blocks.ts";
import { nodeNotReady } from "./node_not_ready.ts";
import { nodePressure } from "./node_pressure.ts";
import { oomKilled } from "./oom_killed.ts";
import { podCreateFailed } from "./pod_create_failed.ts";
import { podEvicted } from "./pod_evicted.ts";
import { podNotScheduled } from "./pod_not_scheduled.ts";
import { podPreempted } from "./pod_preempted.ts";
import { podSecurityDenied } from "./pod_security_denied.ts";
import { podStuckTerminating } from "./pod_stuck_terminating.ts";
import { pvcPending } from "./pvc_pending.ts";
import { readinessFailing } from "./readiness_failing.ts";
import { resourceQuotaExceeded } from "./resource_quota_exceeded.ts";
import { sandboxFailing } from "./sandbox_failing.ts";
import { serviceAccountMissing } from "./service_account_missing.ts";
import { startupProbeFailing } from "./startup_probe_failing.ts";
import { unschedulableAffinity } from "./unschedulable_affinity.ts";
import { unschedulablePods } from "./unschedulable_pods.ts";
import { unschedulableResources } from "./unschedulable_resources.ts";
import { unschedulableTaint } from "./unschedulable_taint.ts";
import { unschedulableVolume } from "./unschedulable_volume.ts";
import { volumeMountFailing } from "./volume_mount_failing.ts";

export const POD_RULES: readonly Rule[] = [
  admissionWebhookDenied,
  claimMissing,
  commandNotFound,
  configMissing,
  containerNotCreated,
  crashLoop,
  imageNameInvalid,
  imageNotFound,
  imagePullDenied,
  imagePullFailed,
  imageRateLimited,
  imageRegistryUnreachable,
  initContainerFailing,
  limitRange,
  livenessKilling,
  noNodes,
  networkPolicyBlocks,
  nodeNotReady,
  nodePressure,
  oomKilled,
  podCreateFailed,
  podEvicted,
  podNotScheduled,
  podPreempted,
  podSecurityDenied,
  podStuckTerminating,
  pvcPending,
  readinessFailing,
  resourceQuotaExceeded,
  sandboxFailing,
  serviceAccountMissing,
  startupProbeFailing,
  unschedulableAffinity,
  unschedulablePods,
  unschedulableResources,
  unschedulableTaint,
  unschedulableVolume,
  volumeMountFailing,
];
