/** What Coder says of its provisioners: the jobs that they have, and the daemons that are connected. */
import { z } from "zod";
import { type ProvisionerDaemon, tagText } from "../../coder/mod.ts";
import { PAGE_OUTPUT, pageInput, pageOf } from "../answers/page.ts";
import { compactText } from "../answers/text.ts";
import { fenced } from "../answers/untrusted.ts";
import { readTool } from "../tool.ts";
import { askCoder, CODER_INPUT } from "./coder_asking.ts";
import {
  askForJobs,
  eachOrganization,
  JOB,
  type Job,
  JOB_STATUSES,
  MOST_ASKED,
  needOf,
} from "./provisioner_jobs.ts";

const INPUT = {
  ...CODER_INPUT,
  organization: z.string().max(128).optional().describe("Default: all that you may see"),
};

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
    const jobs = await askForJobs(call, { namespace, controlPlane, organization, status });
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
