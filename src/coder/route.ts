/** Path templates: one for each noun, the same in metrics, errors and requests. */

/** An argument that no path can carry. */
export class PathParameterError extends Error {
  override readonly name = "PathParameterError";
}

/** Values of a query; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * The path of `template` with every `{name}` replaced by its escaped parameter. Throws {@linkcode PathParameterError}
 * for parameters that are missing, empty, or that servers on the way would take for a step up (`.`, `..`).
 */
export function expandRoute(template: string, parameters: Readonly<Record<string, string>> = {}): string {
  return template.replace(/\{([a-z_]+)\}/g, (_, name: string) => {
    const value = parameters[name] ?? "";
    if (value === "" || value === "." || value === ".." || !value.isWellFormed()) {
      throw new PathParameterError(
        value === ""
          ? `the ${name} in ${template} is empty`
          : `the ${name} in ${template} cannot be part of a path`,
      );
    }
    return encodeURIComponent(value);
  });
}

/** `?a=1&b=2`, or nothing. */
export function queryString(query: Query = {}): string {
  const parts = Object.entries(query)
    .filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined)
    .map(([name, value]) =>
      `${encodeURIComponent(name)}=${encodeURIComponent(String(value).toWellFormed())}`
    );
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
