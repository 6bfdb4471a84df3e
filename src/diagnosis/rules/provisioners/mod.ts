/** Rules about provisioners. */
import type { Rule } from "../../types.ts";
import { provisionerControlPlane } from "./provisioner_control_plane_not_ready.ts";
import { provisionerKeyRevoked } from "./provisioner_key_revoked.ts";
import { provisionerKeySecret } from "./provisioner_key_secret.ts";
import { provisionerNotConnected } from "./provisioner_not_connected.ts";
import { provisionerNotEntitled } from "./provisioner_not_entitled.ts";
import { provisionerTagsMismatch } from "./provisioner_idle_tags_mismatch.ts";
import { provisionerVersionMismatch } from "./provisioner_version_mismatch.ts";

export const PROVISIONER_RULES: readonly Rule[] = [
  provisionerNotEntitled,
  provisionerControlPlane,
  provisionerKeySecret,
  provisionerKeyRevoked,
  provisionerVersionMismatch,
  provisionerTagsMismatch,
  provisionerNotConnected,
];
