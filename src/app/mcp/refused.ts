/** How callers of an MCP port are let in or not, in its words. */
import type { Refusal } from "../../identity/mod.ts";
import { challengeOf, type ProtectedResource } from "../../identity/protected_resource.ts";
import type { Admission } from "../../mcp/surface.ts";

/** Our names of the ways to prove who one is. */
export const METHODS = {
  requestheader: "proxy",
  x509: "x509",
  token: "token",
  oidc: "oidc",
  coder: "coder",
} as const;

/** Nobody has proved anything. */
export const NOBODY: Pick<Refusal, "code" | "message"> = {
  code: 401,
  message:
    "say who you are: send a bearer token in the header Authorization, or a client certificate where TLS is on",
};

/** @param resource what OAuth clients are told, where there is OIDC */
export function refused(
  refusal: Omit<Refusal, "reason">,
  resource: ProtectedResource | undefined,
): Admission {
  const { code, message, retryAfterSeconds, closeConnection } = refusal;
  const challenge = challengeOf(refusal, resource);
  return {
    refusal: {
      status: code === 500 ? 503 : code,
      message,
      ...(challenge === undefined ? {} : { challenge }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...(closeConnection ? { closeConnection } : {}),
    },
  };
}
