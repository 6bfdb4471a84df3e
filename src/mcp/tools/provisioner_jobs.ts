/** Provisioner jobs as Coder tells a caller of them, organization by organization. */
import { z } from "zod";
import { isNotFound, tagText } from "../../coder/mod.ts";
import { cutText } from "../answers/lines.ts";
import { ToolError } from "../errors.ts";
import type { ToolCall } from "../tool.ts";
import { type Answering, askCoder } from "./coder_asking.ts";

/** Of one organization, at most so many are asked for. */
export const MOST_ASKED = 1_000;
const MOST_ORGANIZATIONS = 20;
const MOST_ERROR_BYTES = 1_024;

export const JOB_STATUSES = ["pending", "running", "canceling", "succeeded", "canceled", "failed"] as const;

const tags = z.record(z.string(), z.string());

/** More than the inventory keeps: why a job waits or has failed. */
const jobSchema = z.object({
  id: z.string(),
  created_at: z.string(),
  status: z.string(),
  type: z.string().nullish(),
  tags: tags.nullish(),
  worker_name: z.string().nullish(),
  queue_position: z.number().nullish(),
  error: z.string().nullish(),
  available_workers: z.array(z.string()).nullish(),
  metadata: z.object({ template_name: z.string().nullish(), workspace_name: z.string().nullish() }).nullish(),
});
const jobsSchema = z.array(jobSchema).nullish().transform((jobs) => jobs ?? []);

export const JOB = z.object({
  id: z.string(),
  status: z.string(),
  type: z.string(),
  organization: z.string(),
  createdAt: z.string(),
  template: z.string().optional(),
  workspace: z.string().optional(),
  worker: z.string().optional(),
  queuePosition: z.int().optional(),
  availableWorkers: z.int().optional(),
  tags: z.string().optional(),
  error: z.string().optional(),
});
export type Job = z.output<typeof JOB>;

export interface JobQuestion {
  readonly namespace: string;
  readonly controlPlane?: string | undefined;
  /** Absent: all that the caller may see. */
  readonly organization?: string | undefined;
  /** Absent: any. */
  readonly status?: readonly (typeof JOB_STATUSES)[number][] | undefined;
  /** Of each organization, the newest. @default {MOST_ASKED} */
  readonly limit?: number;
}

/** In no order. Warns of what is left out. @throws {ToolError} */
export async function askForJobs(
  call: Pick<ToolCall, "coders" | "signal" | "warn">,
  { namespace, controlPlane, organization, status, limit = MOST_ASKED }: JobQuestion,
): Promise<Job[]> {
  const question = { namespace, controlPlane, need: needOf(namespace), what: "list provisioner jobs" };
  return await askCoder(call, question, async (coder) => {
    const found = await eachOrganization(coder, organization, call, async (name) => {
      const jobs = await coder.client.call({
        method: "GET",
        route: "/api/v2/organizations/{organization}/provisionerjobs",
        parameters: { organization: name },
        query: { limit, status: status?.join(",") },
        answer: jobsSchema,
      }, { signal: coder.signal });
      if (jobs.length >= MOST_ASKED) call.warn(`only the newest ${MOST_ASKED} jobs of ${name} are counted`);
      return jobs.map((job) => jobOf(job, name, coder.as));
    });
    if (coder.as === "operator") call.warn("names of workspaces are not shown: Coder does not know you");
    return found;
  });
}

/** Of those for whom the operator's access is used: who may see the provisioners may see what they do. */
export function needOf(namespace: string) {
  return { verb: "list", group: "coder.com", resource: "coderprovisioners", namespace };
}

/** What `list` yields for each organization; warns of those that cannot be read, and fails where none can. */
export async function eachOrganization<T>(
  { client, signal }: Answering,
  organization: string | undefined,
  { warn }: Pick<ToolCall, "warn">,
  list: (organization: string) => Promise<readonly T[]>,
): Promise<T[]> {
  const all = organization === undefined
    ? (await client.organizations.list({ signal })).map(({ name }) => name)
    : [organization];
  const names = all.slice(0, MOST_ORGANIZATIONS);
  if (names.length < all.length) warn(`only ${names.length} of ${all.length} organizations were asked`);
  const lists = await Promise.allSettled(names.map(list));
  const failures = lists.flatMap((result, index) =>
    result.status === "rejected" ? [{ name: names[index]!, error: result.reason as unknown }] : []
  );
  if (failures.length > 0 && failures.length === names.length) throw unseen(failures[0]!.error);
  for (const { name } of failures) warn(`organization ${name} could not be read`);
  return lists.flatMap((result) => result.status === "fulfilled" ? [...result.value] : []);
}

/** Coder says the same of what is not there and of what somebody may not see. */
function unseen(error: unknown): unknown {
  if (!isNotFound(error)) return error;
  return new ToolError(
    "not_found",
    "Coder finds no such organization, or your Coder user may not see its provisioners: " +
      "owners and template administrators may",
    { cause: error },
  );
}

function jobOf(job: z.output<typeof jobSchema>, organization: string, as: "caller" | "operator"): Job {
  const isWaiting = job.status === "pending";
  return {
    id: job.id,
    status: job.status,
    type: job.type ?? "",
    organization,
    createdAt: job.created_at,
    template: job.metadata?.template_name || undefined,
    // Whose workspaces somebody may know of is Coder's to say.
    workspace: as === "caller" ? job.metadata?.workspace_name || undefined : undefined,
    worker: job.worker_name || undefined,
    queuePosition: isWaiting ? job.queue_position ?? undefined : undefined,
    availableWorkers: isWaiting ? job.available_workers?.length ?? 0 : undefined,
    tags: tagText(job.tags ?? {}),
    error: job.error ? cutText(job.error, MOST_ERROR_BYTES) : undefined,
  };
}
