/** A request that is not let through, as the `Status` that the caller shall get. */

/** Why not; the message is for the caller and carries no secret. */
export interface Refusal {
  readonly code: 401 | 403 | 500 | 503;
  readonly reason: "Unauthorized" | "Forbidden" | "InternalError" | "ServiceUnavailable";
  readonly message: string;
  /** When trying again makes sense, in seconds. */
  readonly retryAfterSeconds?: number;
  /**
   * The answer should end the connection: what was refused is fixed for its lifetime (the certificate that TLS did not
   * accept), and a caller that connects again may be accepted.
   */
  readonly closeConnection?: true;
  /** What an OAuth 2.1 client is told in `WWW-Authenticate`. */
  readonly oauth?: {
    readonly error: "invalid_token" | "insufficient_scope";
    /** What would be enough, with spaces between. */
    readonly scope?: string;
  };
}

/** 401: who calls is not known. */
export function unauthorized(message: string): Refusal {
  return { code: 401, reason: "Unauthorized", message };
}

/** 403: who calls is known, and may not. */
export function forbidden(message: string): Refusal {
  return { code: 403, reason: "Forbidden", message };
}

/** 500: it cannot be found out, and trying again does not help. */
export function internalError(message: string): Refusal {
  return { code: 500, reason: "InternalError", message };
}

/** 503: it cannot be found out now. @param retryAfterSeconds at least 1 is told to the caller */
export function unavailable(message: string, retryAfterSeconds = 1): Refusal {
  return {
    code: 503,
    reason: "ServiceUnavailable",
    message,
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterSeconds)),
  };
}
