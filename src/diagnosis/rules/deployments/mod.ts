/** Rules about deployments. */
import type { Rule } from "../../types.ts";
import { deploymentUnavailable } from "./deployment_unavailable.ts";
import { finalizerStuck } from "./finalizer_stuck.ts";
import { operatorLacksRights } from "./operator_lacks_rights.ts";
import { operatorNotRunning } from "./operator_not_running.ts";
import { rolloutStuck } from "./rollout_stuck.ts";
import { secretEmpty } from "./secret_empty.ts";
import { secretMissing } from "./secret_missing.ts";
import { secretWrongKey } from "./secret_wrong_key.ts";
import { specRefused } from "./spec_refused.ts";
import { upgradeStopped } from "./upgrade_stopped.ts";

export const DEPLOYMENT_RULES: readonly Rule[] = [
  deploymentUnavailable,
  finalizerStuck,
  operatorLacksRights,
  operatorNotRunning,
  rolloutStuck,
  secretEmpty,
  secretMissing,
  secretWrongKey,
  specRefused,
  upgradeStopped,
];
