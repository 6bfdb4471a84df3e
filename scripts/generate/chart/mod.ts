/** The Helm chart in `charts/coder-k8s`: what of it is made of `deploy/`, `crd/`, `deno.json` and the settings' schema. */
import { crdFiles } from "../crd/mod.ts";
import type { GeneratedFile } from "../files.ts";
import { readExtract } from "../kubernetes/document.ts";
import { crdTemplates } from "./crds.ts";
import { documentedValues } from "./documented.ts";
import { withValues } from "./readme.ts";
import { valuesJsonSchema } from "./schema.ts";
import { renderer } from "./source.ts";
import { CHART, manifestTemplates } from "./templates.ts";
import { withVersion } from "./version.ts";

/** All generated files of the chart. */
export async function chartFiles(root: string): Promise<GeneratedFile[]> {
  const read = (path: string) => Deno.readTextFile(`${root}/${path}`);
  const { version } = JSON.parse(await read("deno.json")) as { version: string };
  const documented = documentedValues(await read(`${CHART}/values.yaml`));
  const schema = valuesJsonSchema(await readExtract(root), documented);
  return [
    ...manifestTemplates(await renderer(root)),
    ...crdTemplates(CHART, await crdFiles(root)),
    { path: `${CHART}/Chart.yaml`, content: withVersion(await read(`${CHART}/Chart.yaml`), version) },
    { path: `${CHART}/values.schema.json`, content: `${JSON.stringify(schema, null, 2)}\n` },
    { path: `${CHART}/README.md`, content: withValues(await read(`${CHART}/README.md`), documented) },
  ];
}
