/** What a request asks for, read from its method and its path alone: everything after it decides by this. */
import { badRequest, methodNotAllowed, type StatusError, unknownPath } from "./status_errors.ts";
import { exactFieldValue } from "./query/field_selector.ts";

/** What is done to a resource. */
export type ResourceVerb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection";

interface CommonInfo {
  /** As it was sent: `GET`. */
  readonly method: string;
  /** As it was sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** A request for a resource of some group: `/apis/<group>/<version>/[namespaces/<namespace>/]<resource>[/<name>[/…]]`. */
export interface ResourceInfo extends CommonInfo {
  readonly kind: "resource";
  readonly verb: ResourceVerb;
  readonly group: string;
  readonly version: string;
  /** Absent: all namespaces, or a cluster-scoped resource. */
  readonly namespace?: string;
  readonly resource: string;
  /** Of the path; for lists and watches also the one that the field selector pins, as access reviews want it. */
  readonly name?: string;
  readonly subresource?: string;
  /** The name stands in the path. */
  readonly isNamed: boolean;
  /** Asked for by the old form `/apis/<group>/<version>/watch/…`. */
  readonly isWatchPath: boolean;
}

/** Everything else: discovery, OpenAPI, health. */
export interface PathInfo extends CommonInfo {
  readonly kind: "path";
  /** The method, lower case. */
  readonly verb: string;
}

/** No request that this server could have an answer for. */
export interface MalformedInfo extends CommonInfo {
  readonly kind: "malformed";
  readonly verb: string;
  readonly error: StatusError;
}

export type RequestInfo = ResourceInfo | PathInfo | MalformedInfo;

/** Longer names exist nowhere in Kubernetes. */
const MAX_SEGMENT = 253;
const RESOURCE = /^[a-z][-a-z0-9]{0,62}$/;
const GROUP = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const VERBS: Readonly<Record<string, ResourceVerb>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const NO_QUERY = new URLSearchParams();

/**
 * Reads a request. Never throws. Every segment of the path is percent-decoded once and then checked, so that nothing
 * which a segment says can be taken for a path, a query or another segment.
 *
 * @param target the request target as it was sent: path and query
 */
export function readRequest(method: string, target: string): RequestInfo {
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? NO_QUERY : new URLSearchParams(target.slice(mark + 1));
  const common: CommonInfo = { method, path, query };
  const malformed = (error: StatusError): MalformedInfo => ({
    ...common,
    kind: "malformed",
    verb: method.toLowerCase(),
    error,
  });
  if (!path.startsWith("/")) {
    return malformed(badRequest("the request target must be a path: begin it with a slash"));
  }
  const segments = trimmed(path).split("/");
  const [prefix] = segments;
  const isGroupless = prefix === "api";
  if (!(isGroupless ? segments.length >= 3 : prefix === "apis" && segments.length >= 4)) {
    return { ...common, kind: "path", verb: method.toLowerCase() };
  }
  const decoded = segments.map(decodeSegment);
  const broken = decoded.find((segment) => typeof segment !== "string");
  if (broken !== undefined) return malformed(broken);
  const parts = decoded as string[];
  const [group = "", version = "", ...rest] = isGroupless ? ["", ...parts.slice(1)] : parts.slice(1);
  return readResource(common, { group, version, rest }) ?? malformed(unknownPath());
}

function readResource(
  common: CommonInfo,
  { group, version, rest }: { group: string; version: string; rest: readonly string[] },
): ResourceInfo | MalformedInfo | undefined {
  let parts = rest;
  const isWatchPath = parts[0] === "watch" && parts.length > 1;
  if (isWatchPath) parts = parts.slice(1);
  let namespace: string | undefined;
  if (parts[0] === "namespaces" && parts.length > 2) {
    namespace = parts[1];
    parts = parts.slice(2);
  }
  const [resource = "", name, subresource] = parts;
  const known = (group === "" || GROUP.test(group)) && RESOURCE.test(version) && RESOURCE.test(resource) &&
    (subresource === undefined || RESOURCE.test(subresource));
  // Deeper paths are proxies in Kubernetes, which there are none of here.
  if (!known || parts.length > 3 || (isWatchPath && subresource !== undefined)) return undefined;
  const verb = verbOf(common, name, isWatchPath);
  if (verb === undefined) {
    const error = methodNotAllowed(common.method, `resources of kind "${resource}"`);
    return { ...common, kind: "malformed", verb: common.method.toLowerCase(), error };
  }
  const pinned = name ?? pinnedName(verb, common.query);
  return {
    ...common,
    kind: "resource",
    verb,
    group,
    version,
    ...(namespace === undefined ? {} : { namespace }),
    resource,
    ...(pinned === undefined ? {} : { name: pinned }),
    ...(subresource === undefined ? {} : { subresource }),
    isNamed: name !== undefined,
    isWatchPath,
  };
}

function verbOf(
  { method, query }: CommonInfo,
  name: string | undefined,
  isWatchPath: boolean,
): ResourceVerb | undefined {
  const verb = Object.hasOwn(VERBS, method) ? VERBS[method] : undefined;
  if (isWatchPath) return verb === "get" ? "watch" : undefined;
  if (name !== undefined) return verb;
  if (verb === "delete") return "deletecollection";
  if (verb !== "get") return verb;
  const watch = query.get("watch");
  return watch === null || watch === "0" || watch.toLowerCase() === "false" ? "list" : "watch";
}

/** Whoever may list one object by its name alone asks by field selector. The same parser selects the objects later. */
function pinnedName(verb: ResourceVerb, query: URLSearchParams): string | undefined {
  if (verb !== "list" && verb !== "watch" && verb !== "deletecollection") return undefined;
  const selector = query.get("fieldSelector");
  const name = selector === null ? undefined : exactFieldValue(selector, "metadata.name");
  return name !== undefined && objectionToSegment(name) === undefined ? name : undefined;
}

function trimmed(path: string): string {
  return path.replace(/^\//, "").replace(/\/$/, "");
}

function decodeSegment(segment: string): string | StatusError {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    return badRequest("the path has a percent sign that escapes nothing: write %25 for it");
  }
  const objection = objectionToSegment(text);
  return objection === undefined ? text : badRequest(`a part of the path ${objection}`);
}

/** Why a text can be no segment of a path, in words. */
function objectionToSegment(text: string): string | undefined {
  if (text === "") return "is empty";
  if (text === "." || text === "..") return `may not be "${text}"`;
  if (text.length > MAX_SEGMENT) return `is longer than ${MAX_SEGMENT} characters`;
  // deno-lint-ignore no-control-regex -- exactly these are refused
  if (/[/\\%?#\u0000-\u001f\u007f]/.test(text)) {
    return "has a character that no name has (one of / \\ % ? #, or control)";
  }
  return undefined;
}
