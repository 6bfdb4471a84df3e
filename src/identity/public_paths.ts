/** Paths that everybody may read, also who did not say who they are: health, and what kinds there are. */

/** Probes come from kubelets and load balancers, which prove nothing. */
export const HEALTH_PATHS: readonly string[] = ["/healthz", "/livez", "/readyz"];

/**
 * Discovery, OpenAPI and version of API groups: nothing in them is secret, and all of it must work while the API server
 * cannot review anything. `*` at the end covers what follows.
 */
export function discoveryPaths(groupVersions: readonly { group: string; version: string }[]): string[] {
  const groups = groupVersions.flatMap((
    { group, version },
  ) => [`/apis/${group}`, `/apis/${group}/${version}`]);
  return [
    "/api",
    "/apis",
    ...new Set(groups),
    "/openapi",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/*",
    "/version",
    "/version/",
  ];
}

/**
 * Whether `path` is one of `patterns`, compared as it was sent. What a `*` covers must be plain segments: encoded
 * characters and dot segments, which a router may read as another path, are not covered.
 */
export function isPublicPath(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    if (!pattern.endsWith("*")) return path === pattern;
    const prefix = pattern.slice(0, -1);
    return path.startsWith(prefix) && isPlain(path.slice(prefix.length));
  });
}

function isPlain(rest: string): boolean {
  return rest.split("/").every((segment) => /^[A-Za-z0-9._-]+$/.test(segment) && !/^\.+$/.test(segment));
}
