/** What a request means to Kubernetes, read from its method and URL. */

export interface RequestInfo {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  /** As RBAC names it; for paths that are no resource, the method in lower case. */
  verb: string;
  apiGroup?: string;
  resource?: string;
  namespace?: string;
  name?: string;
  subresource?: string;
}

const WRITE_VERBS: Record<string, string> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Reads `/api/v1/namespaces/x/pods/y/status?…` and its like. */
export function describeRequest(method: string, url: string): RequestInfo {
  const { pathname: path, searchParams: query } = new URL(url, "https://localhost");
  const base = { method, path, query, verb: method.toLowerCase() };
  const parts = path.split("/").filter((part) => part !== "").map(decode);
  const [root, group] = parts;
  if (root !== "api" && root !== "apis") return base;
  const apiGroup = root === "apis" ? group : "";
  const rest = parts.slice(root === "apis" ? 3 : 2);
  if (apiGroup === undefined || rest.length === 0) return base;
  let namespace: string | undefined;
  // `namespaces/x` itself is a resource, and so are its subresources.
  if (rest[0] === "namespaces" && rest.length > 2 && !["status", "finalize"].includes(rest[2] ?? "")) {
    namespace = rest[1];
    rest.splice(0, 2);
  }
  const [resource, name, subresource] = rest;
  return {
    ...base,
    verb: verbOf(method, query, name),
    apiGroup,
    ...(resource === undefined ? {} : { resource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function verbOf(method: string, query: URLSearchParams, name: string | undefined): string {
  if (method === "GET" || method === "HEAD") {
    if (["true", "1"].includes(query.get("watch") ?? "")) return "watch";
    return name === undefined ? "list" : "get";
  }
  if (method === "DELETE" && name === undefined) return "deletecollection";
  return WRITE_VERBS[method] ?? method.toLowerCase();
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
