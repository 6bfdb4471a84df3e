/** Who calls, and whether they may: asked of the room that knows, told as Kubernetes tells it. */
import {
  type Authenticator,
  type Authorizer,
  peerCertificates,
  type Refusal,
} from "../../../identity/mod.ts";
import type { AccessRequest } from "../../../kube/reviews.ts";
import type { PathInfo, ResourceInfo } from "../request_info.ts";
import { type Deed, forbidden, StatusError } from "../status_errors.ts";
import type { Exchange, Filter } from "./exchange.ts";

/** Finds out who calls. */
export function authenticationFilter(authenticate: Authenticator): Filter {
  return async (exchange, next) => {
    const { rawHeaders, signal, socket } = exchange;
    const answer = await authenticate({ peer: peerCertificates(socket), rawHeaders }, signal);
    if (answer.kind === "refused") throw refusalError(answer.refusal);
    exchange.user = answer.user;
    return next(exchange);
  };
}

/** Finds out whether the caller may. What is reviewed are the very parts that the handler goes by. */
export function authorizationFilter(authorize: Authorizer): Filter {
  return async (exchange, next) => {
    const { info } = exchange;
    if (info.kind === "malformed") throw info.error;
    await requireAllowed(authorize, exchange, info);
    return next(exchange);
  };
}

/** @throws {StatusError} 403 where the caller may not do it */
export async function requireAllowed(
  authorize: Authorizer,
  exchange: Pick<Exchange, "user" | "signal">,
  info: PathInfo | ResourceInfo,
): Promise<void> {
  const user = userOf(exchange);
  const answer = await authorize(user, accessRequestOf(info), exchange.signal);
  if (answer.allowed) return;
  throw answer.refusal.code === 403 ? forbidden(user.name, deedOf(info)) : refusalError(answer.refusal);
}

/** The caller, behind the authentication filter. */
export function userOf({ user }: Pick<Exchange, "user">) {
  if (user === undefined) throw new Error("the request has not been authenticated");
  return user;
}

/** The question for the access review. */
export function accessRequestOf(info: PathInfo | ResourceInfo): AccessRequest {
  return info.kind === "path"
    ? { verb: info.verb, path: info.path }
    : { ...resourceDeed(info), version: info.version };
}

function deedOf(info: PathInfo | ResourceInfo): Deed {
  return info.kind === "path" ? { verb: info.verb, path: info.path } : resourceDeed(info);
}

function resourceDeed({ verb, group, resource, subresource, namespace, name }: ResourceInfo) {
  return {
    verb,
    group,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
}

function refusalError({ code, reason, message, retryAfterSeconds, closeConnection }: Refusal): StatusError {
  const details = retryAfterSeconds === undefined ? undefined : { retryAfterSeconds };
  return new StatusError(code, reason, message, details, closeConnection ? { closeConnection: true } : {});
}
