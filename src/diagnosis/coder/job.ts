/** Provisioner jobs: those that builds and imports have, and those of an organization. */
import { z } from "zod";
import type { JobFacts } from "../coder_facts.ts";
import type { CoderReader } from "../look.ts";
import { answerList, count, some, text, texts, time } from "./lenient.ts";
import { OF_PROVISIONERS, shown } from "./not_shown.ts";

/** The job of a build or of an import. */
export const jobSchema = z.object({
  status: text,
  error: text,
  error_code: text,
  tags: texts,
  created_at: time,
  started_at: time,
  completed_at: time,
  canceled_at: time,
  worker_name: text,
  queue_position: count,
  queue_size: count,
});

/** What a record that has no job has. */
export const NO_JOB = jobSchema.parse({});

const organizationJobSchema = z.object({
  id: z.string(),
  type: text,
  status: text,
  created_at: time,
  tags: texts,
  queue_position: count,
  worker_name: some,
  available_workers: z.array(z.unknown()).catch([]),
  error: text,
}).transform((job): JobFacts => ({
  id: job.id,
  type: job.type,
  status: job.status,
  createdAt: job.created_at,
  tags: job.tags,
  queuePosition: job.queue_position,
  workerName: job.worker_name ?? "",
  availableWorkers: job.available_workers.length,
  error: job.error,
}));

/** No more are asked for. */
const MOST_JOBS = 200;

/** Those that wait or run, the newest first. @param organization its name or id */
export async function readJobs(coder: CoderReader, organization: string): Promise<readonly JobFacts[]> {
  return await shown(OF_PROVISIONERS, () =>
    coder.get({
      route: "/api/v2/organizations/{organization}/provisionerjobs",
      parameters: { organization },
      query: { limit: MOST_JOBS, status: "pending,running" },
      answer: answerList(organizationJobSchema),
    }));
}
