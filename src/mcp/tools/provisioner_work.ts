/** What Coder says of its provisioners: the jobs that they have, and the daemons that are connected. */
import { z } from "zod";
import { isNotFound, type ProvisionerDaemon, tagText } from "../../coder/mod.ts";
import { cutText } from "../answers/lines.ts";
import { PAGE_OUTPUT, pageInput, pageOf } from "../answers/page.ts";
import { compactText } from "../answers/text.ts";
import { fenced } from "../answers/untrusted.ts";
import { ToolError } from "../errors.ts";
import { readTool, type ToolCall } from "../tool.ts";
import { type Answering, askCoder, CODER_INPUT } from "./coder_asking.ts";

/** Of one organization, at most so many are asked for. */
const MOST_ASKED = 1_000;
const MOST_ORGANIZATIONS = 20;
const MOST_ERROR_BYTES = 1_024;

const INPUT = {
  ...CODER_INPUT,
  organization: z.string().max(128).optional().describe("Default: all that you may see"),
};

const JOB_STATUSES = ["pending", "running", "canceling", "succeeded", "canceled", "failed"] as const;

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

const JOB = z.object({
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
type Job = z.output<typeof JOB>;

/** `list_provisioner_jobs` */
export const listProvisionerJobs = readTool({
  name: "list_provisioner_jobs",
  description: "Provisioner jobs (builds, template imports), newest first",
  toolset: "platform",
  input: z.object({
    ...INPUT,
    status: z.array(z.enum(JOB_STATUSES)).max(JOB_STATUSES.length).optional().describe("Default: any"),
    ...pageInput(25, 200),
  }),
  output: z.object({ items: z.array(JOB), ...PAGE_OUTPUT }),
  idempotent: true,
  async read({ namespace, controlPlane, organization, status, limit, cursor }, call) {
    const what = "list provisioner jobs";
    const question = { namespace, controlPlane, need: needOf(namespace), what };
    const jobs = await askCoder(call, question, async (coder) => {
      const found = await eachOrganization(coder, organization, call, async (name) => {
        const jobs = await coder.client.call({
          method: "GET",
          route: "/api/v2/organizations/{organization}/provisionerjobs",
          parameters: { organization: name },
          query: { limit: MOST_ASKED, status: status?.join(",") },
          answer: jobsSchema,
        }, { signal: coder.signal });
        if (jobs.length >= MOST_ASKED) call.warn(`only the newest ${MOST_ASKED} jobs of ${name} are counted`);
        return jobs.map((job) => jobOf(job, name, coder.as));
      });
      if (coder.as === "operator") call.warn("names of workspaces are not shown: Coder does not know you");
      return found;
    });
    // The newest first, in pages that newer jobs do not move.
    const keyOf = ({ createdAt, id }: Job) => `${downwards(Date.parse(createdAt))} ${id}`;
    const { items, ...page } = pageOf(jobs, { limit, cursor, standard: 25, most: 200, keyOf });
    return { items: [...items], ...page };
  },
  text({ items, ...page }) {
    const rows = items.map(({ error: _, ...row }) => row);
    const errors = items.flatMap(({ id, error }) => error === undefined ? [] : [`${id}: ${error}`]);
    const text = compactText({ items: rows, ...page });
    return errors.length === 0 ? text : `${text}\n${fenced("errors of jobs", errors.join("\n"))}`;
  },
});

const DAEMON = z.object({
  name: z.string(),
  status: z.string(),
  organization: z.string(),
  keyName: z.string().optional(),
  version: z.string().optional(),
  lastSeenAt: z.string().optional(),
  tags: z.string().optional(),
});

/** `list_provisioner_daemons` */
export const listProvisionerDaemons = readTool({
  name: "list_provisioner_daemons",
  description: "Provisioner daemons that Coder knows: idle, busy or offline",
  toolset: "platform",
  input: z.object({
    ...INPUT,
    offline: z.boolean().default(false).describe("Also those that are gone. Default: false"),
    ...pageInput(50, 500),
  }),
  output: z.object({ items: z.array(DAEMON), ...PAGE_OUTPUT }),
  idempotent: true,
  async read({ namespace, controlPlane, organization, offline, limit, cursor }, call) {
    const what = "list provisioner daemons";
    const question = { namespace, controlPlane, need: needOf(namespace), what };
    const daemons = await askCoder(
      call,
      question,
      (coder) =>
        eachOrganization(coder, organization, call, async (name) => {
          const filter = { limit: MOST_ASKED, ...(offline ? { offline } : {}) };
          const found = await coder.client.provisioners.listDaemons(name, filter, { signal: coder.signal });
          if (found.length >= MOST_ASKED) call.warn(`only ${MOST_ASKED} daemons of ${name} are counted`);
          return found.map((daemon) => daemonOf(daemon, name));
        }),
    );
    const { items, ...page } = pageOf(daemons, {
      limit,
      cursor,
      standard: 50,
      most: 500,
      keyOf: ({ key }) => key,
    });
    return { items: items.map(({ row }) => row), ...page };
  },
});

/** Of those for whom the operator's access is used: who may see the provisioners may see what they do. */
function needOf(namespace: string) {
  return { verb: "list", group: "coder.com", resource: "coderprovisioners", namespace };
}

/** What `list` yields for each organization; warns of those that cannot be read, and fails where none can. */
async function eachOrganization<T>(
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

function daemonOf(daemon: ProvisionerDaemon, organization: string) {
  const row: z.output<typeof DAEMON> = {
    name: daemon.name,
    status: daemon.status,
    organization,
    keyName: daemon.key_name || undefined,
    version: daemon.version || undefined,
    lastSeenAt: daemon.last_seen_at ?? undefined,
    tags: tagText(daemon.tags),
  };
  return { row, key: `${daemon.name} ${daemon.id}` };
}

/** Sorts as text the other way round. */
function downwards(ms: number): string {
  return String(Number.MAX_SAFE_INTEGER - (Number.isNaN(ms) ? 0 : Math.max(0, ms))).padStart(16, "0");
}
