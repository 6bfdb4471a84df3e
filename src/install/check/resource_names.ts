/** The plural of a kind, as the API server makes it for kinds that do not say otherwise. */

const IRREGULAR: Readonly<Record<string, string>> = { Endpoints: "endpoints" };

/** `networkpolicies` for `NetworkPolicy`. */
export function resourceOf(kind: string): string {
  const lower = kind.toLowerCase();
  const known = IRREGULAR[kind];
  if (known !== undefined) return known;
  if (/(s|x|z|ch|sh)$/.test(lower)) return `${lower}es`;
  if (/[^aeiou]y$/.test(lower)) return `${lower.slice(0, -1)}ies`;
  return `${lower}s`;
}
