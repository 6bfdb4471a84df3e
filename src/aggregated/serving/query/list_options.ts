/** The query of a list or a watch, with the rules of Kubernetes for what goes together. */
import { z } from "zod";
import { badRequest, invalid, type StatusCause } from "../status_errors.ts";
import { type ContinueToken, readContinueToken } from "./continue_token.ts";
import { type FieldTerm, parseFieldSelector } from "./field_selector.ts";
import { type LabelTerm, parseLabelSelector } from "./label_selector.ts";

/** How new the answer must be. */
export type ListVersion =
  /** Anything that is known. */
  | { readonly match: "any" }
  /** What is true now, as far as this replica can know. */
  | { readonly match: "mostRecent" }
  | { readonly match: "notOlderThan"; readonly resourceVersion: string }
  | { readonly match: "exact"; readonly resourceVersion: string }
  /**
   * A further page of a list that began at this version: what is true now, unless the changes since then can no longer
   * be told to watchers, for who has all pages watches from the version of the first.
   */
  | { readonly match: "continued"; readonly resourceVersion: string };

/** Where a watch begins. */
export type WatchStart =
  /** With the state as it is, as ADDED events. */
  | { readonly from: "state"; readonly notOlderThan?: string }
  /** With the next change. */
  | { readonly from: "now" }
  /** With the first change after a version. */
  | { readonly from: "version"; readonly resourceVersion: string };

/** Which objects. */
export interface SelectionTerms {
  readonly labels: readonly LabelTerm[];
  readonly fields: readonly FieldTerm[];
}

export interface ListOptions extends SelectionTerms {
  readonly kind: "list";
  readonly version: ListVersion;
  /** Absent: all at once. */
  readonly limit?: number;
  readonly continue?: ContinueToken;
}

export interface WatchOptions extends SelectionTerms {
  readonly kind: "watch";
  readonly start: WatchStart;
  readonly allowBookmarks: boolean;
  /** The end of the initial events is marked by a bookmark. */
  readonly markInitialEnd: boolean;
  /** Absent: the server's choice. */
  readonly timeoutSeconds?: number;
}

const text = z.string().optional();
/** As Kubernetes reads them: whatever does not deny affirms, the empty text included. */
const flag = z.string().transform((value) => value !== "0" && value.toLowerCase() !== "false").optional();
/** Negative ones are as none, as in Kubernetes. */
const count = z.string().regex(/^-?\d{1,15}$/, "must be a whole number").transform(Number).optional();
const INVALID_VERSION = "invalid resource version";
const version = z.string().regex(/^(0|[1-9]\d{0,30})?$/, INVALID_VERSION).optional();

const schema = z.strictObject({
  labelSelector: text,
  fieldSelector: text,
  limit: count,
  continue: text,
  resourceVersion: version,
  resourceVersionMatch: text,
  watch: flag,
  timeoutSeconds: count,
  allowWatchBookmarks: flag,
  sendInitialEvents: flag,
});
type Parameters = z.output<typeof schema>;
const NAMES = Object.keys(schema.shape);

const EVERYTHING: ListOptions = { kind: "list", labels: [], fields: [], version: { match: "mostRecent" } };
const LIST_OPTIONS = { group: "meta.k8s.io", kind: "ListOptions" } as const;

/** @throws {StatusError} 400 for values that cannot be read, 422 for values that do not go together */
export function readListOptions(query: URLSearchParams): ListOptions {
  if (query.size === 0) return EVERYTHING;
  const parameters = readParameters(query);
  const { resourceVersion = "", resourceVersionMatch: match = "", limit = 0 } = parameters;
  refuse(objectionsToList(parameters));
  const token = parameters.continue ? readContinueToken(parameters.continue) : undefined;
  if (token !== undefined && resourceVersion !== "" && resourceVersion !== "0") {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  return {
    kind: "list",
    ...selectionOf(parameters),
    version: token === undefined ? versionOf(resourceVersion, match) : continuedFrom(token),
    ...(limit > 0 ? { limit } : {}),
    ...(token === undefined ? {} : { continue: token }),
  };
}

/**
 * How new a single object must be; undefined where anything will do.
 *
 * @throws {StatusError} 400 for what is no version
 */
export function readGetVersion(query: URLSearchParams): string | undefined {
  const given = query.get("resourceVersion");
  if (given === null) return undefined;
  if (!version.safeParse(given).success) throw badRequest(`resourceVersion: ${INVALID_VERSION}`);
  return given === "" || given === "0" ? undefined : given;
}

/** @throws {StatusError} 400 for values that cannot be read, 422 for values that do not go together */
export function readWatchOptions(query: URLSearchParams): WatchOptions {
  const parameters = withDefaults(readParameters(query));
  const { resourceVersion = "", sendInitialEvents, timeoutSeconds = 0 } = parameters;
  refuse(objectionsToWatch(parameters));
  const allowBookmarks = parameters.allowWatchBookmarks === true;
  return {
    kind: "watch",
    ...selectionOf(parameters),
    start: startOf(resourceVersion, sendInitialEvents),
    allowBookmarks,
    markInitialEnd: sendInitialEvents === true && allowBookmarks,
    ...(timeoutSeconds > 0 ? { timeoutSeconds } : {}),
  };
}

/** A watch without a version has always begun with the state; Kubernetes takes it for one that says so. */
function withDefaults(parameters: Parameters): Parameters {
  const { resourceVersion = "", resourceVersionMatch: match = "", sendInitialEvents } = parameters;
  const isSaid = sendInitialEvents !== undefined || match !== "";
  if (isSaid || (resourceVersion !== "" && resourceVersion !== "0")) return parameters;
  return { ...parameters, sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" };
}

function readParameters(query: URLSearchParams): Parameters {
  const given = NAMES.flatMap((name) => {
    const value = query.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  const read = schema.safeParse(Object.fromEntries(given));
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw badRequest(`the query cannot be read: ${problems.join("; ")}`);
}

function selectionOf({ labelSelector = "", fieldSelector = "" }: Parameters): SelectionTerms {
  return { labels: parseLabelSelector(labelSelector), fields: parseFieldSelector(fieldSelector) };
}

function versionOf(resourceVersion: string, match: string): ListVersion {
  if (resourceVersion === "") return { match: "mostRecent" };
  if (match === "Exact") return { match: "exact", resourceVersion };
  return resourceVersion === "0" ? { match: "any" } : { match: "notOlderThan", resourceVersion };
}

function continuedFrom({ resourceVersion }: ContinueToken): ListVersion {
  return resourceVersion === undefined ? { match: "mostRecent" } : { match: "continued", resourceVersion };
}

function startOf(resourceVersion: string, sendInitialEvents: boolean | undefined): WatchStart {
  const isVersion = resourceVersion !== "" && resourceVersion !== "0";
  const bound = isVersion ? { notOlderThan: resourceVersion } : {};
  if (sendInitialEvents === true) return { from: "state", ...bound };
  if (isVersion) return { from: "version", resourceVersion };
  return sendInitialEvents === false ? { from: "now" } : { from: "state" };
}

function refuse(causes: readonly StatusCause[]): void {
  if (causes.length > 0) throw invalid(LIST_OPTIONS, "", causes);
}

function objection(field: string, message: string): StatusCause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${message}`, field };
}

function unsupported(match: string, supported: readonly string[]): StatusCause {
  const list = supported.map((value) => JSON.stringify(value)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(match)}: supported values: ${list}`;
  return { reason: "FieldValueNotSupported", message, field: "resourceVersionMatch" };
}

function objectionsToList(parameters: Parameters): StatusCause[] {
  const { resourceVersion = "", resourceVersionMatch: match = "", sendInitialEvents } = parameters;
  const field = "resourceVersionMatch";
  return [
    ...(match !== "" && resourceVersion === ""
      ? [objection(field, "resourceVersionMatch is forbidden unless resourceVersion is provided")]
      : []),
    ...(match !== "" && parameters.continue
      ? [objection(field, "resourceVersionMatch is forbidden when continue is provided")]
      : []),
    ...(["", "Exact", "NotOlderThan"].includes(match)
      ? []
      : [unsupported(match, ["Exact", "NotOlderThan", ""])]),
    ...(match === "Exact" && resourceVersion === "0"
      ? [objection(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')]
      : []),
    ...(sendInitialEvents === undefined
      ? []
      : [objection("sendInitialEvents", "sendInitialEvents is forbidden for list")]),
  ];
}

function objectionsToWatch(parameters: Parameters): StatusCause[] {
  const { resourceVersionMatch: match = "", sendInitialEvents } = parameters;
  const field = "resourceVersionMatch";
  return [
    ...(sendInitialEvents !== undefined && match !== "NotOlderThan"
      ? [objection(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
      : []),
    ...(match !== "" && sendInitialEvents === undefined
      ? [objection(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")]
      : []),
    ...(["", "NotOlderThan"].includes(match) ? [] : [unsupported(match, ["NotOlderThan"])]),
    ...(match !== "" && parameters.continue
      ? [objection(field, "resourceVersionMatch is forbidden when continue is provided")]
      : []),
  ];
}
