/** The operator's own access to Coder. */
import { flag, group, int32, optional, stored, text } from "./field.ts";
import { OBJECT_NAME_TRIMMED } from "./patterns.ts";
import { secretKeySelector } from "./shared.ts";

/** `operatorAccess` */
export function operatorAccess() {
  return stored(
    group(
      "The operator's own user and API token in Coder, with which it applies licences and reads entitlements.",
      {
        disabled: stored(
          flag(
            "Give the operator no access: its token is revoked, and what needs it (licences, provisioner keys) stops.",
          ),
          false,
        ),
        generatedTokenSecretName: optional(text(
          "Name of the Secret that gets the token, at key token. Default: <name>-operator-token.",
          { pattern: OBJECT_NAME_TRIMMED },
        )),
        databaseURLSecretRef: optional(secretKeySelector(
          "The Secret with a PostgreSQL URL for the operator, which makes its user and token there. Default: what Coder itself is given (CODER_PG_CONNECTION_URL in extraEnv or envFrom, --postgres-url in extraArgs).",
          "Key in the Secret's data. Default: url.",
        )),
        databaseCASecretRef: optional(secretKeySelector(
          "PEM certificates that PostgreSQL's certificate is verified with, for sslmode verify-ca and verify-full.",
          "Key in the Secret's data. Default: ca.crt.",
        )),
        bootstrapTokenSecretRef: optional(secretKeySelector(
          "The Secret with a session token of an owner, with which the operator makes its user and first token through Coder's API instead of PostgreSQL. Renewals do not need it: the Secret can then go.",
          "Key in the Secret's data. Default: token.",
        )),
        tokenLifetimeDays: optional(int32(
          "Days that a new token lives; it is renewed after two thirds of them. Default: 30. Through Coder's API an owner's token lives 7 days at most (CODER_MAX_ADMIN_TOKEN_LIFETIME).",
          { minimum: 1, maximum: 365 },
        )),
      },
    ),
    {},
  );
}

/** Status fields about the access. */
export function accessStatus() {
  return {
    operatorTokenName: optional(
      text("Name of the operator's token in Coder. It stays until that token is revoked."),
    ),
    operatorTokenExpires: optional(
      text("When that token is meant to end, RFC 3339. It is renewed at two thirds of its life."),
    ),
  };
}
