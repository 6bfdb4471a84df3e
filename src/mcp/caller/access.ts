/** Access reviews before something is answered that the API server is not asked for, told as it would tell. */
import type { ResourceType } from "../../api/object.ts";
import type { Authorizer, KubeUser } from "../../identity/mod.ts";
import type { KubeApiError } from "../../kube/errors.ts";
import { apiError } from "../../kube/rest/api_errors.ts";
import { resourcePath } from "../../kube/rest/request_path.ts";

/** What somebody wants to do to a kind. */
export interface Deed {
  readonly verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";
  readonly type: ResourceType;
  /** Absent: all. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** A refusal, as a `Status` has it. */
export interface Refused {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: unknown;
}

/** HTTP methods of verbs. */
export const METHODS: Readonly<Record<Deed["verb"], string>> = {
  get: "GET",
  list: "GET",
  watch: "GET",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
};

/** Resolves where the API server says that they may. @throws {KubeApiError} as the API server would */
export async function requireAccess(
  authorize: Authorizer,
  user: KubeUser,
  deed: Deed,
  signal?: AbortSignal,
): Promise<void> {
  const answer = await authorize(user, accessRequest(deed), signal);
  if (answer.allowed) return;
  const { code, reason, message, retryAfterSeconds } = answer.refusal;
  if (code === 403) throw refusedDeed(deed, { code, reason, message: forbiddenText(user, deed) });
  throw refusedDeed(deed, {
    code,
    reason,
    message,
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
  });
}

function accessRequest({ verb, type, namespace, name, subresource }: Deed) {
  return {
    verb,
    group: type.group,
    version: type.version,
    resource: type.plural,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined || namespace === "" ? {} : { namespace }),
    ...(name === undefined || name === "" ? {} : { name }),
  };
}

/** The error that a client of the API server would throw for this refusal. */
export function refusedDeed(deed: Deed, { code, reason, message, details }: Refused): KubeApiError {
  const { verb, type, namespace, name, subresource } = deed;
  const call = {
    method: METHODS[verb],
    path: resourcePath(type, { namespace, name: name === "" ? undefined : name, subresource }),
  };
  const body = JSON.stringify({ kind: "Status", reason, message, details });
  return apiError(call, targetOf(deed), { status: code, headers: {}, body });
}

/** 404, as the API server says it. */
export function notFound(deed: Deed): KubeApiError {
  const message = `${resourceOf(deed.type)} ${JSON.stringify(deed.name ?? "")} not found`;
  return refusedDeed(deed, { code: 404, reason: "NotFound", message });
}

/** The object in words, as clients name it. */
export function targetOf({ type, namespace = "", name = "" }: Deed): string {
  const resource = resourceOf(type);
  if (name === "") return resource;
  return `${resource} "${namespace === "" ? name : `${namespace}/${name}`}"`;
}

/** As the API server says it. */
function forbiddenText({ name: user }: KubeUser, deed: Deed): string {
  const { verb, type, namespace = "", name = "", subresource } = deed;
  const whole = subresource === undefined ? type.plural : `${type.plural}/${subresource}`;
  const which = name === "" ? "" : ` ${JSON.stringify(name)}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  return `${resourceOf(type)}${which} is forbidden: User ${
    JSON.stringify(user)
  } cannot ${verb} resource "${whole}" ` +
    `in API group "${type.group}" ${where}`;
}

function resourceOf({ group, plural }: ResourceType): string {
  return group === "" ? plural : `${plural}.${group}`;
}
