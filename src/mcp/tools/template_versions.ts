/** The versions of a template, and what their imports have written. */
import { z } from "zod";
import { keyText } from "../../api/object.ts";
import type { BuildLogLine, ListedTemplateVersion } from "../../coder/mod.ts";
import { cutText, selectLines } from "../answers/lines.ts";
import { PAGE_OUTPUT, pageInput, pageOf } from "../answers/page.ts";
import { compactText, table } from "../answers/text.ts";
import { fenced } from "../answers/untrusted.ts";
import { nameInput, namespaceInput, readTool } from "../tool.ts";
import { askOfTemplate, keyIn, readTemplate } from "./template_access.ts";
import { activeVersionOf } from "./template_facts.ts";
import { chosenVersion, orderOf, versionsOf } from "./template_version.ts";

const STANDARD = 20;
const MOST = 200;
/** Of what somebody has said of a version, and of an error, in bytes. */
const MESSAGE_BYTES = 300;

const VERSION = z.object({
  id: z.string(),
  name: z.string(),
  state: z.string(),
  active: z.boolean().optional(),
  createdAt: z.string(),
  by: z.string().optional(),
  message: z.string().optional(),
  error: z.string().optional(),
});

/** `list_template_versions` */
export const listTemplateVersions = readTool({
  name: "list_template_versions",
  description: "Versions of a template, newest first",
  toolset: "templates",
  input: z.object({
    namespace: namespaceInput(),
    name: nameInput(),
    archived: z.boolean().default(false).describe("Archived ones, too"),
    ...pageInput(STANDARD, MOST),
  }),
  output: z.object({ name: z.string(), items: z.array(VERSION), ...PAGE_OUTPUT }),
  idempotent: true,
  async read({ namespace, name, archived, limit, cursor }, call) {
    const template = await readTemplate(call, { namespace, name });
    const all = await askOfTemplate(call, template, "list versions", (coder) => versionsOf(coder, template));
    const active = activeVersionOf(template);
    const page = pageOf(all.filter((version) => archived || !version.archived), {
      limit,
      cursor,
      standard: STANDARD,
      most: MOST,
      keyOf: orderOf,
      sizeOf: (version) => JSON.stringify(told(version, active)).length,
    });
    return {
      ...page,
      name: template.metadata.name ?? name,
      items: page.items.map((version) => told(version, active)),
    };
  },
  text: ({ items, ...rest }) => {
    const words = items.filter(({ message, error }) => (message ?? error) !== undefined)
      .map(({ name, message, error }) => ({ name, message, error }));
    const facts = items.map(({ message: _, error: __, ...fact }) => fact);
    const text = compactText({ ...rest, items: facts });
    return words.length === 0
      ? text
      : `${text}\n${fenced("messages and errors of versions", table(words.map(oneLined)).join("\n"))}`;
  },
});

function oneLined<R extends Readonly<Record<string, string | undefined>>>(row: R) {
  return Object.fromEntries(Object.entries(row).map(([name, text]) => [name, text?.replace(/\s+/g, " ")]));
}

function told(version: ListedTemplateVersion, active: string): z.output<typeof VERSION> {
  const { id, name, job, created_at, created_by, message, archived } = version;
  const by = created_by?.username ?? "";
  return {
    id,
    name,
    state: archived ? "archived" : job.status,
    ...(id === active ? { active: true } : {}),
    createdAt: created_at,
    ...(by === "" ? {} : { by }),
    ...(message === "" ? {} : { message: cutText(message, MESSAGE_BYTES) }),
    ...(job.error === "" ? {} : { error: cutText(job.error, MESSAGE_BYTES) }),
  };
}

const TAIL = 100;
const BYTES = 8_192;
const MOST_BYTES = 65_536;

/** `get_template_version_log` */
export const getTemplateVersionLog = readTool({
  name: "get_template_version_log",
  description: "Log of the import of a template's version; repeated lines folded",
  toolset: "templates",
  input: z.object({
    namespace: namespaceInput(),
    name: nameInput(),
    version: z.string().max(64).default("newest").describe("Name, UUID, active or newest"),
    grep: z.string().max(256).optional().describe("Text; `a|b` either"),
    tailLines: z.int().min(1).optional().describe(`Default ${TAIL}`),
    limitBytes: z.int().min(1).optional().describe(`Default ${BYTES}, at most ${MOST_BYTES}`),
    newestFirst: z.boolean().optional(),
  }),
  output: z.object({
    name: z.string(),
    version: z.string(),
    state: z.string(),
    log: z.string(),
    truncated: z.boolean().optional(),
  }),
  idempotent: true,
  async read({ namespace, name, version: wanted, ...choice }, call) {
    const template = await readTemplate(call, { namespace, name });
    const what = "read the log of a version";
    const { version, items, problems } = await askOfTemplate(call, template, what, async (coder) => {
      const version = chosenVersion(await versionsOf(coder, template), template, wanted);
      const { client, signal } = coder;
      return { version, ...await client.builds.versionLog(version.id, {}, { signal }) };
    });
    const { tailLines = TAIL, limitBytes = BYTES, grep, newestFirst } = choice;
    const maxBytes = Math.min(limitBytes, MOST_BYTES);
    const lines = selectLines(logTextOf(items), { tail: tailLines, grep, newestFirst, maxBytes });
    const truncated = lines.isCut || lines.matched > tailLines;
    if (problems.length > 0) call.warn(`${problems.length} lines cannot be read.`);
    if (lines.matched === 0) {
      call.warn(grep === undefined ? "Nothing was written yet." : "No line has this text.");
    }
    if (truncated) {
      call.warn(
        `Older lines are left out (${lines.matched} in all): use grep, or more tailLines and limitBytes.`,
      );
    }
    return {
      name: keyIn(template).name,
      version: version.name,
      state: version.job.status,
      log: lines.text,
      ...(truncated ? { truncated } : {}),
    };
  },
  text: ({ name, version, state, log }) =>
    `version ${version}: ${state}\n${
      fenced(`log of the import of ${keyText({ namespace: "", name })}`, log)
    }`,
});

/** Lines as a person reads them, with a heading where a stage begins. */
export function logTextOf(lines: readonly BuildLogLine[]): string {
  const texts: string[] = [];
  let last = "";
  for (const { stage, log_level, output } of lines) {
    if (stage !== "" && stage !== last) texts.push(`==> ${last = stage}`);
    if (output === "") continue;
    const level = log_level === "" || log_level === "info" ? "" : `[${log_level}] `;
    for (const line of output.replace(/[\r\n]+$/, "").split(/\r?\n/)) texts.push(`${level}${line}`);
  }
  return texts.join("\n");
}
