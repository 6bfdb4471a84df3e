/** What the status says about the operator's access. */
import type { StoredToken } from "../../../coder/database/mod.ts";
import type { Report } from "../../report.ts";
import { endOf, timeText } from "./access_token_life.ts";
import type { SecretKey } from "../../../operator/visit/secrets.ts";

/** The condition. */
export const ACCESS_CONDITION = "OperatorAccess";

/** A failure, as the condition tells it. */
export interface Complaint {
  readonly reason: string;
  readonly message: string;
}

/** The token works. `by`: who says so. */
export function sayValid(
  report: Report,
  by: "coder" | "database",
  token: StoredToken,
  { secret, key }: SecretKey,
): void {
  report.condition({
    type: ACCESS_CONDITION,
    status: "True",
    ...(by === "coder" ? { reason: "TokenValid", message: "Coder accepts the operator's token" } : {
      reason: "TokenStored",
      message: "PostgreSQL has the operator's token; Coder could not be asked yet",
    }),
  });
  report.status({
    operatorTokenSecretRef: { name: secret.name, key },
    operatorAccessReady: true,
    operatorTokenName: token.name,
    operatorTokenExpires: timeText(endOf(token)),
  });
}

/** The token worked when somebody could last be asked. Fields of the status stay as they are. */
export function sayUnconfirmed(report: Report, complaint?: Complaint): void {
  report.condition({
    type: ACCESS_CONDITION,
    status: "True",
    reason: "NotConfirmed",
    message: `The operator's token was valid when it was last checked${
      complaint === undefined ? "; Coder is asked again once it answers" : `. Now: ${complaint.message}`
    }`,
  });
}

/** There is no access. What token there was last stays told: it may still have to be revoked. */
export function sayNone(report: Report, { reason, message }: Complaint): void {
  report.condition({ type: ACCESS_CONDITION, status: "False", reason, message });
  report.status({ operatorTokenSecretRef: undefined, operatorAccessReady: undefined });
}

/** Access is disabled. `complaint`: why something is left of it, which stays told. */
export function sayDisabled(report: Report, complaint?: Complaint): void {
  const done = "Access is disabled in spec.operatorAccess; its token is revoked";
  const message = complaint === undefined
    ? done
    : `Access is disabled in spec.operatorAccess, but its token could not be revoked yet: ${complaint.message}`;
  report.condition({
    type: ACCESS_CONDITION,
    status: "False",
    reason: complaint === undefined ? "Disabled" : "NotRevoked",
    message,
  });
  report.status({ operatorAccessReady: undefined });
  if (complaint !== undefined) return;
  report.status({
    operatorTokenSecretRef: undefined,
    operatorTokenName: undefined,
    operatorTokenExpires: undefined,
  });
}
