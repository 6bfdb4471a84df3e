/** Writes `src/api/kubernetes/resources.ts`: how each kind is addressed. */
import { type Extract, shortName } from "./document.ts";
import { WANTED_KINDS } from "./kinds.ts";
import { banner } from "./types.ts";

/** The whole file. */
export function generateResources(extract: Extract): string {
  const kinds = WANTED_KINDS.flatMap(({ definition, constant }) => {
    if (constant === undefined) return [];
    const resource = extract.resources.find((candidate) => candidate.definition === definition);
    if (resource?.plural === undefined) {
      throw new Error(`${definition} has no collection in the OpenAPI document`);
    }
    return [{ ...resource, constant, type: shortName(definition) }];
  }).sort((a, b) => (a.constant < b.constant ? -1 : 1));
  const constants = kinds.map(({ constant, type, group, version, kind, plural, namespaced }) =>
    `export const ${constant}: ResourceType<${type}> = {
  group: ${JSON.stringify(group)},
  version: ${JSON.stringify(version)},
  kind: ${JSON.stringify(kind)},
  plural: ${JSON.stringify(plural)},
  namespaced: ${namespaced},
};
`
  );
  return `${banner(extract)}/** How each Kubernetes kind that the product uses is addressed. */
import type { ResourceType } from "../object.ts";
import type {
${kinds.map(({ type }) => `  ${type},`).sort().join("\n")}
} from "./types.ts";

${constants.join("\n")}`;
}
