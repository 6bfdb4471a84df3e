/** Which licences what is inside the executable may have, and those that its packages do not tell. */

/** Permissive ones. A licence that is not here is looked at by a person before it comes in; copyleft never does. */
export const ALLOWED: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
  "Unlicense",
  "Zlib",
]);

/** Of packages that others carry in their own files, and of such as have none in package.json; read in their sources. */
export const TOLD: Readonly<Record<string, string>> = {
  ajv: "MIT",
  "ajv-formats": "MIT",
  "content-type": "MIT",
  "fast-deep-equal": "MIT",
  "fast-uri": "BSD-3-Clause",
  "json-schema-traverse": "MIT",
  tslib: "0BSD",
  deno: "MIT",
  v8: "BSD-3-Clause",
};

/** An SPDX expression from what a package.json says, which has had several forms. Undefined where it says nothing. */
export function licenceOf(packageJson: unknown): string | undefined {
  if (typeof packageJson !== "object" || packageJson === null) return undefined;
  const { license, licenses } = packageJson as { license?: unknown; licenses?: unknown };
  const one = typeof license === "string" ? license : typeOf(license);
  if (one !== undefined) return one;
  const many = Array.isArray(licenses) ? licenses.map(typeOf).filter((each) => each !== undefined) : [];
  return many.length === 0 ? undefined : many.join(" OR ");
}

/** Whether an SPDX expression can be kept by permissive licences alone: one of `OR`, all of `AND`. */
export function isAllowed(expression: string): boolean {
  const bare = expression.trim().replace(/^\((.*)\)$/, "$1");
  if (bare.includes("(")) return false;
  return bare.split(" OR ").some((choice) => choice.split(" AND ").every((id) => ALLOWED.has(id.trim())));
}

function typeOf(value: unknown): string | undefined {
  const type = (value as { type?: unknown } | null | undefined)?.type;
  return typeof type === "string" ? type : undefined;
}
