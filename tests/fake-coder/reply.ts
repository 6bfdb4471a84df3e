/** Answers, as coderd words them. */

export interface Reply {
  readonly status: number;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as plain text instead. */
  readonly text?: string;
  /** Sent as they are instead. */
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ok = (json: unknown): Reply => ({ status: 200, json });
export const created = (json: unknown): Reply => ({ status: 201, json });
export const empty = (status: number): Reply => ({ status });

/** `{message, detail?, validations?}`. */
export function refuse(
  status: number,
  message: string,
  more: {
    detail?: string;
    validations?: { field: string; detail: string }[];
    headers?: Record<string, string>;
  } = {},
): Reply {
  const { headers, ...rest } = more;
  return { status, json: { message, ...rest }, ...(headers === undefined ? {} : { headers }) };
}

export const notFound = (): Reply =>
  refuse(404, "Resource not found or you do not have access to this resource");
export const routeNotFound = (): Reply => refuse(404, "Route not found.");
export const forbidden = (): Reply =>
  refuse(403, "Forbidden.", {
    detail:
      "You don't have permission to view this content. If you believe this is a mistake, please contact your " +
      "administrator or try signing in with different credentials.",
  });
export const unknownUser = (name: string): Reply =>
  refuse(400, `"user" must be an existing uuid or username.`, {
    detail: `queried user=${JSON.stringify(name)}`,
  });

const SIGNED_OUT = "You are signed out or your session has expired. Please sign in again to continue.";

/** 401, with the bearer challenge that coderd adds. */
export function unauthorized(detail: string, message = SIGNED_OUT): Reply {
  return refuse(401, message, {
    detail,
    headers: {
      "WWW-Authenticate": `Bearer realm="coder", resource_metadata="/.well-known/oauth-protected-resource"`,
    },
  });
}

/** What every call with a token gets while the database is away: a 401, whatever the token. */
export const databaseAway401 = (): Reply =>
  unauthorized(
    "Internal error fetching API key by id. dial tcp 127.0.0.1:5432: connect: connection refused",
    "An internal error occurred. Please try again or contact the system administrator.",
  );
