/** Versions of templates. */
import { z } from "zod";
import type { VersionFacts } from "../coder_facts.ts";
import type { CoderReader } from "../look.ts";
import { jobSchema, NO_JOB } from "./job.ts";
import { flag, text } from "./lenient.ts";

const versionSchema = z.object({
  id: text,
  name: text,
  archived: flag,
  job: jobSchema.catch(NO_JOB),
  warnings: z.array(z.unknown()).catch([]),
}).transform((version): VersionFacts => ({
  id: version.id,
  name: version.name,
  archived: version.archived,
  jobStatus: version.job.status,
  jobError: version.job.error,
  jobErrorCode: version.job.error_code,
  tags: version.job.tags,
  warnings: version.warnings.filter((warning) => typeof warning === "string"),
}));

/** With its import. */
export async function readVersion(coder: CoderReader, version: string): Promise<VersionFacts> {
  return await coder.get({
    route: "/api/v2/templateversions/{version}",
    parameters: { version },
    answer: versionSchema,
  });
}
