/** The reference of the documents, from the sources. */
import type { GeneratedFile } from "../files.ts";
import { conditionFiles } from "./conditions.ts";
import { errorFiles } from "./errors.ts";
import { kindFiles } from "./kinds.ts";
import { metricFiles } from "./metrics.ts";
import { settingFiles } from "./settings.ts";

/** `docs/reference/`. */
export async function referenceFiles(root: string): Promise<GeneratedFile[]> {
  return (await Promise.all([
    kindFiles(),
    settingFiles(),
    metricFiles(root),
    conditionFiles(root),
    errorFiles(root),
  ])).flat();
}
