/** URL paths and queries of the Kubernetes REST API. */
import type { ResourceType } from "../../api/object.ts";

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

/** `.` and `..` survive escaping and would change the path; no Kubernetes name may be either, or empty. */
function segment(value: string): string {
  if (value === "" || value === "." || value === "..") {
    throw new TypeError(
      `Cannot address an object named ${JSON.stringify(value)}: such a name is not allowed.`,
    );
  }
  return encodeURIComponent(value);
}
