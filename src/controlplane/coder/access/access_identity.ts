/** Who the operator is inside Coder, the same as the Go operator: its user and tokens are found again. */
import type { ControlPlane } from "../../../api/control_plane.ts";
import type { OperatorUser } from "../../../coder/database/mod.ts";
import { operatorTokenName } from "../../../workload/names.ts";

/** The operator's user. The domain can never receive mail. */
export const OPERATOR_USER: OperatorUser = {
  username: "coder-k8s-operator",
  email: "coder-k8s-operator@coder-k8s.invalid",
};

const DAY_MS = 86_400_000;
const DEFAULT_LIFETIME_DAYS = 30;

/** The names of a control plane's tokens. There are two, so that the next token can be made while the last is in use. */
export function tokenNames({ metadata: { namespace = "", name = "" } }: ControlPlane): [string, string] {
  const first = operatorTokenName(namespace, name);
  return [first, `${first}-b`];
}

/** How long a new token shall live, in milliseconds. Coder's API may allow less. */
export function tokenLifetimeMs({ spec }: ControlPlane): number {
  return (spec.operatorAccess.tokenLifetimeDays ?? DEFAULT_LIFETIME_DAYS) * DAY_MS;
}
