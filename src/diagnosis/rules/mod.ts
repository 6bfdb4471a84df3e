/** All rules. */
import type { Rule } from "../types.ts";
import { BUILD_RULES } from "./builds/mod.ts";
import { DEPLOYMENT_RULES } from "./deployments/mod.ts";
import { PLATFORM_RULES } from "./platform/mod.ts";
import { POD_RULES } from "./pods/mod.ts";
import { PROVISIONER_RULES } from "./provisioners/mod.ts";

export const RULES: readonly Rule[] = [
  ...BUILD_RULES,
  ...POD_RULES,
  ...DEPLOYMENT_RULES,
  ...PROVISIONER_RULES,
  ...PLATFORM_RULES,
];
