/** Writes `src/api/kubernetes/meta_definitions.ts`: the schemas that every API server's OpenAPI document refers to. */
import { definitionOf, type Extract, reachable } from "./document.ts";
import { META_DEFINITIONS } from "./kinds.ts";
import { banner } from "./types.ts";

/** The whole file. */
export function generateMetaDefinitions(
  extract: Extract,
  roots: readonly string[] = META_DEFINITIONS,
): string {
  const entries = reachable(extract.definitions, roots).map((name) => {
    // Options of deletion are a kind of every group there is: which ones is of no matter to whom we serve.
    const { "x-kubernetes-group-version-kind": kinds, ...schema } = definitionOf(extract, name);
    const whole = kinds?.length === 1 ? { ...schema, "x-kubernetes-group-version-kind": kinds } : schema;
    return `  ${JSON.stringify(name)}: ${JSON.stringify(whole)},`;
  });
  return `${
    banner(extract)
  }/** Schemas as OpenAPI version 2 has them, by the names under which all of Kubernetes knows them. */

export const metaDefinitions: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
${entries.join("\n")}
};
`;
}
