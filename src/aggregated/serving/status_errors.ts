/** Refusals as Kubernetes tells them: every error that a client may see is a `Status`, made here. */
import { resourceText, type ResourceType } from "../../api/object.ts";

/** Why, as a program reads it. */
export type StatusReason =
  /** There is an object of that name. */
  | "AlreadyExists"
  /** The request, its path, query or body, cannot be understood. */
  | "BadRequest"
  /** The object is not in the state that the caller supposes: read it and try again. */
  | "Conflict"
  /** The resource version, or the continue token made of one, is too old: list again. */
  | "Expired"
  /** Kubernetes or Coder does not let the caller do that. */
  | "Forbidden"
  /** It was there, and will not come back. */
  | "Gone"
  /** A mistake of ours: the log has more under the request's Audit-Id. */
  | "InternalError"
  /** It is understood, and not possible: the causes name the fields. */
  | "Invalid"
  /** That verb is not served there. */
  | "MethodNotAllowed"
  /** None of the media types that are asked for is served. */
  | "NotAcceptable"
  /** There is no such object or path, or the caller may not know of it. */
  | "NotFound"
  /** The body is larger than what is read. */
  | "RequestEntityTooLarge"
  /** Coder does not answer, or its lists are not complete yet: `Retry-After` says when to try again. */
  | "ServiceUnavailable"
  /** It was not done in time; the caller may try again. */
  | "Timeout"
  /** Too much is in hand: `Retry-After` says when to try again. */
  | "TooManyRequests"
  /** Who calls has not proved who they are. */
  | "Unauthorized"
  /** The body is of a media type that is not read. */
  | "UnsupportedMediaType";

/** One thing that is wrong. */
export interface StatusCause {
  /** Such as `FieldValueInvalid`. */
  readonly reason?: string;
  readonly message: string;
  /** Such as `spec.templateName`. */
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The resource's plural name, or a kind. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  /** When trying again makes sense; also sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

/** `metav1.Status` of a failure. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: { readonly continue?: string };
  readonly status: "Failure";
  readonly message: string;
  readonly reason: StatusReason;
  readonly details?: StatusDetails;
  readonly code: number;
}

type Named = Pick<ResourceType, "group" | "version" | "plural" | "kind" | "namespaced">;

/**
 * An answer that is a refusal. What the message says goes to the caller: no address of ours, no token, nothing of a
 * stack. `cause` stays in our log.
 */
export class StatusError extends Error {
  override readonly name = "StatusError";
  constructor(
    readonly code: number,
    readonly reason: StatusReason,
    message: string,
    readonly details?: StatusDetails,
    options: ErrorOptions & {
      /** The connection is of no more use: the body was not read, or what it proves is not accepted. */
      closeConnection?: boolean;
      /** Where a list that cannot go on as it began may go on all the same: a token. */
      continue?: string;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.closeConnection = options.closeConnection === true;
    this.#continue = options.continue;
  }

  readonly closeConnection: boolean;
  readonly #continue: string | undefined;

  /** What the caller gets. */
  get status(): Status {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: this.#continue === undefined ? {} : { continue: this.#continue },
      status: "Failure",
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** 400. */
export function badRequest(message: string, options?: ErrorOptions): StatusError {
  return new StatusError(400, "BadRequest", message, undefined, options);
}

/** 401. */
export function unauthorized(message = "Unauthorized"): StatusError {
  return new StatusError(401, "Unauthorized", message);
}

/** What somebody wanted to do, for {@linkcode forbidden}. */
export type Deed =
  | { readonly verb: string; readonly path: string }
  | {
    readonly verb: string;
    readonly group: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };

/** 403, in the API server's words. @param why what the authorizer says; may be empty */
export function forbidden(user: string, deed: Deed, why = ""): StatusError {
  const because = why === "" ? "" : `: ${why}`;
  const who = `User ${JSON.stringify(user)}`;
  if ("path" in deed) {
    const message = `forbidden: ${who} cannot ${deed.verb} path ${JSON.stringify(deed.path)}${because}`;
    return new StatusError(403, "Forbidden", message, {});
  }
  const { verb, group, resource, subresource, namespace, name } = deed;
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const what = group === "" ? resource : `${resource}.${group}`;
  const which = name === undefined ? "" : ` ${JSON.stringify(name)}`;
  return new StatusError(
    403,
    "Forbidden",
    `${what}${which} is forbidden: ${who} cannot ${verb} resource "${whole}" in API group "${group}" ${where}${because}`,
    { ...(name === undefined ? {} : { name }), ...(group === "" ? {} : { group }), kind: resource },
  );
}

/** 403 for one object, for a reason of our own. */
export function forbiddenObject(type: Named, name: string, why: string): StatusError {
  return new StatusError(
    403,
    "Forbidden",
    `${objectText(type, name)} is forbidden: ${why}`,
    detailsOf(type, name),
  );
}

/** 404 for one object. */
export function notFound(type: Named, name: string): StatusError {
  return new StatusError(404, "NotFound", `${objectText(type, name)} not found`, detailsOf(type, name));
}

/** 404 for a path that leads nowhere. */
export function unknownPath(): StatusError {
  return new StatusError(404, "NotFound", "the server could not find the requested resource", {});
}

/** 405. */
export function methodNotAllowed(verb: string, what: string): StatusError {
  return new StatusError(405, "MethodNotAllowed", `${verb} is not supported on ${what}`, {});
}

/** 406. @param offered the media types that there are */
export function notAcceptable(offered: readonly string[]): StatusError {
  const message = `only the following media types are accepted: ${offered.join(", ")}`;
  return new StatusError(406, "NotAcceptable", message);
}

/** 409: it is there already. */
export function alreadyExists(type: Named, name: string): StatusError {
  return new StatusError(
    409,
    "AlreadyExists",
    `${objectText(type, name)} already exists`,
    detailsOf(type, name),
  );
}

/** 409: it is not in the state that the caller supposes. */
export function conflict(type: Named, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${objectText(type, name)}: ${why}`;
  return new StatusError(409, "Conflict", message, detailsOf(type, name));
}

/** 410: it was there, and will not come back. */
export function gone(message: string): StatusError {
  return new StatusError(410, "Gone", message);
}

/** 410: the resource version, or the continue token made of one, is too old. Clients list anew. */
export function expired(message = "too old resource version: list again"): StatusError {
  return new StatusError(410, "Expired", message);
}

/** 410 for a further page. @param token continues with what is true now, for who can do with that */
export function expiredPage({ message }: StatusError, token: string): StatusError {
  return new StatusError(
    410,
    "Expired",
    `${message}; or go on with the token of this answer, to get the rest as it is now`,
    undefined,
    { continue: token },
  );
}

/** 413. @param limit in bytes */
export function requestEntityTooLarge(limit: number): StatusError {
  const message = `Request entity too large: limit is ${limit}`;
  return new StatusError(413, "RequestEntityTooLarge", message, undefined, { closeConnection: true });
}

/** 415. @param accepted the media types that may be sent */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${
    accepted.join(", ")
  }`;
  return new StatusError(415, "UnsupportedMediaType", message);
}

/** 422: understood, and not possible. @param kind such as `{ group: "meta.k8s.io", kind: "ListOptions" }` */
export function invalid(
  { group, kind }: { readonly group: string; readonly kind: string },
  name: string,
  causes: readonly StatusCause[],
): StatusError {
  const all = causes.map(({ field, message }) => field === undefined ? message : `${field}: ${message}`);
  const what = group === "" ? kind : `${kind}.${group}`;
  const list = all.length === 1 ? all[0] : `[${all.join(", ")}]`;
  return new StatusError(422, "Invalid", `${what} ${JSON.stringify(name)} is invalid: ${list}`, {
    ...(name === "" ? {} : { name }),
    ...(group === "" ? {} : { group }),
    kind,
    causes,
  });
}

/** 429. */
export function tooManyRequests(
  message = "too many requests, please try again later",
  retryAfterSeconds = 1,
): StatusError {
  return new StatusError(429, "TooManyRequests", message, { retryAfterSeconds });
}

/** 500: a mistake of ours. What it was is for the log: give it as `cause`. */
export function internalError(options?: ErrorOptions): StatusError {
  const message = "Internal error occurred: see the log of the API server under this request's Audit-Id";
  return new StatusError(500, "InternalError", message, { causes: [{ message }] }, options);
}

/** 503. */
export function serviceUnavailable(
  message: string,
  retryAfterSeconds = 1,
  options?: ErrorOptions,
): StatusError {
  return new StatusError(503, "ServiceUnavailable", message, { retryAfterSeconds }, options);
}

/** 504. */
export function timeout(
  message = "Timeout: request did not complete within the allotted timeout",
  retryAfterSeconds?: number,
  options?: ErrorOptions,
): StatusError {
  return new StatusError(
    504,
    "Timeout",
    message,
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
    options,
  );
}

/** 504: the version was not reached here in time; another replica may know it. Clients retry without listing anew. */
export function tooLargeResourceVersion(asked: string, current: string): StatusError {
  return new StatusError(504, "Timeout", `Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

function objectText(type: Named, name: string): string {
  return `${resourceText(type)} ${JSON.stringify(name)}`;
}

function detailsOf({ group, plural }: Named, name: string): StatusDetails {
  return { name, ...(group === "" ? {} : { group }), kind: plural };
}
