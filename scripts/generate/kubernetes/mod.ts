/** Everything generated from the pinned Kubernetes OpenAPI document. */
import type { GeneratedFile } from "../files.ts";
import { readExtract } from "./document.ts";
import { generateListTypes } from "./list_types.ts";
import { generateMetaDefinitions } from "./meta_definitions.ts";
import { generateResources } from "./resources.ts";
import { generateSchemas } from "./schemas.ts";
import { generateTypes } from "./types.ts";

/** `src/api/kubernetes/*.ts`. */
export async function kubernetesFiles(root: string): Promise<GeneratedFile[]> {
  const extract = await readExtract(root);
  const file = (name: string, content: string) => ({ path: `src/api/kubernetes/${name}`, content });
  return [
    file("schemas.ts", generateSchemas(extract)),
    file("types.ts", generateTypes(extract)),
    file("resources.ts", generateResources(extract)),
    file("list_types.ts", generateListTypes(extract)),
    file("meta_definitions.ts", generateMetaDefinitions(extract)),
  ];
}
