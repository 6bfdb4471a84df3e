/** The `Accept` header, and the form of an answer that comes of it. */
import { badRequest, notAcceptable } from "../status_errors.ts";

/** One media range with its parameters. */
export interface MediaRange {
  /** Lower case: `application/json`, `*` for anything. */
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** How objects are written. */
export type Form =
  & (
    | { readonly as: "object" }
    | { readonly as: "table"; readonly includeObject: IncludeObject }
    | { readonly as: "metadata" }
  )
  // Never for watches: frames in YAML would have no end.
  & { readonly yaml?: true };

export type IncludeObject = "None" | "Metadata" | "Object";

/** What an answer holds. */
export type Shape = "object" | "list" | "watch";

const JSON_TYPES = new Set(["application/json", "application/*", "*/*"]);
const YAML_TYPE = "application/yaml";
const MAX_LENGTH = 4_096;
const MAX_RANGES = 32;
const OBJECT: Form = { as: "object" };

/** Reads a header, best first; ranges of the same quality stay in order. Never throws. */
export function parseAccept(header: string | undefined): MediaRange[] {
  if (header === undefined || header.trim() === "" || header.length > MAX_LENGTH) return [];
  const ranges = header.split(",").slice(0, MAX_RANGES).flatMap((part) => {
    const [type = "", ...rest] = part.split(";").map((piece) => piece.trim());
    if (type === "") return [];
    const parameters = new Map(rest.map((piece) => {
      const equals = piece.indexOf("=");
      return equals === -1
        ? [piece.toLowerCase(), ""] as const
        : [piece.slice(0, equals).trim().toLowerCase(), piece.slice(equals + 1).trim()] as const;
    }));
    const quality = Number(parameters.get("q") ?? 1);
    return [{ type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 }];
  });
  return ranges.filter(({ quality }) => quality > 0).sort((left, right) => right.quality - left.quality);
}

/** Whether JSON without further ado is accepted. A header that is absent accepts everything. */
export function acceptsJson(header: string | undefined): boolean {
  const ranges = parseAccept(header);
  return isAbsent(header) ||
    ranges.some(({ type, parameters }) => JSON_TYPES.has(type) && !parameters.has("as"));
}

/** Whether YAML is accepted, and liked better than JSON. */
export function prefersYaml(header: string | undefined): boolean {
  // Nearly nobody does.
  if (header === undefined || !header.toLowerCase().includes(YAML_TYPE)) return false;
  const first = parseAccept(header).find(({ type }) => type === YAML_TYPE || JSON_TYPES.has(type));
  return first?.type === YAML_TYPE;
}

/**
 * The first form of the header that we have. @throws {StatusError} 406 where there is none, 400 where `includeObject` is
 * none of its values
 */
export function negotiate(header: string | undefined, shape: Shape, query: URLSearchParams): Form {
  if (isPlainJson(header)) return OBJECT;
  for (const { type, parameters } of parseAccept(header)) {
    const isYaml = type === YAML_TYPE && shape !== "watch";
    if (!isYaml && !JSON_TYPES.has(type)) continue;
    const form = formOf(parameters, shape, query);
    if (form !== undefined) return isYaml ? { ...form, yaml: true } : form;
  }
  throw notAcceptable([
    "application/json",
    ...(shape === "watch" ? [] : [YAML_TYPE]),
    "application/json;as=Table;g=meta.k8s.io;v=v1",
    `application/json;as=PartialObjectMetadata${shape === "list" ? "List" : ""};g=meta.k8s.io;v=v1`,
  ]);
}

function formOf(
  parameters: MediaRange["parameters"],
  shape: Shape,
  query: URLSearchParams,
): Form | undefined {
  const as = parameters.get("as");
  if (as === undefined) return OBJECT;
  if (parameters.get("g") !== "meta.k8s.io" || parameters.get("v") !== "v1") return undefined;
  if (as === "Table") return { as: "table", includeObject: includeObjectOf(query) };
  const metadata = shape === "list" ? "PartialObjectMetadataList" : "PartialObjectMetadata";
  return as === metadata ? { as: "metadata" } : undefined;
}

function isAbsent(header: string | undefined): boolean {
  return header === undefined || header.trim() === "";
}

/** What nearly all clients send. */
function isPlainJson(header: string | undefined): boolean {
  return header === "application/json" || header === "*/*" || isAbsent(header);
}

function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get("includeObject") ?? "";
  if (value === "") return "Metadata";
  if (value === "None" || value === "Metadata" || value === "Object") return value;
  throw badRequest(`includeObject must be None, Metadata or Object, not ${JSON.stringify(value)}`);
}

/** Whether a person reads the answer: by `?pretty`, or because it is a browser, curl or wget that asks. */
export function wantsPretty(query: URLSearchParams, userAgent: string | undefined): boolean {
  const asked = query.get("pretty");
  if (asked !== null) return asked !== "0" && asked.toLowerCase() !== "false";
  return userAgent !== undefined && /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
