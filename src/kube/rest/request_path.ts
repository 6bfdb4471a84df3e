/** URL paths and queries of the Kubernetes REST API. */
import type { ResourceType } from "../../api/object.ts";
import { ObjectNameError } from "../errors.ts";

/** What a path addresses. */
export interface PathParts {
  /** Empty for cluster-scoped kinds and for all namespaces. */
  namespace?: string | undefined;
  name?: string | undefined;
  subresource?: string | undefined;
}

/** The path of a collection, an object or a subresource; every part is escaped. */
export function resourcePath(type: ResourceType, parts: PathParts = {}): string {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const namespace = type.namespaced && parts.namespace ? `/namespaces/${segment(parts.namespace)}` : "";
  const name = parts.name === undefined ? "" : `/${segment(parts.name)}`;
  const subresource = parts.subresource ? `/${parts.subresource.split("/").map(segment).join("/")}` : "";
  return `${root}${namespace}/${type.plural}${name}${subresource}`;
}

/** Appends the defined entries as a query. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${text}`;
}

/**
 * `.` and `..` survive escaping, and the API server reads paths unescaped: a slash would begin another part there. No
 * Kubernetes name may be or hold any of these.
 */
function segment(value: string): string {
  if (value === "" || value === "." || value === ".." || /[/%]/.test(value) || !value.isWellFormed()) {
    throw new ObjectNameError(
      `Cannot address an object named ${JSON.stringify(value)}: such a name is not allowed.`,
    );
  }
  return encodeURIComponent(value);
}
