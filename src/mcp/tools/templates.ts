/** Templates as they are, and whether they are in use. */
import { z } from "zod";
import { keyText } from "../../api/object.ts";
import { type CoderTemplate, CoderTemplates } from "../../api/template.ts";
import { diffOf } from "../answers/diff.ts";
import { compactText } from "../answers/text.ts";
import { fenced } from "../answers/untrusted.ts";
import { PAGE_OUTPUT, pageInput, pageOf } from "../answers/page.ts";
import { changeTool, nameInput, namespaceInput, readTool } from "../tool.ts";
import { keyIn, patchTemplate, preconditionsOf, readTemplate, tryPatch } from "./template_access.ts";
import { briefOf, detailsOf, TEMPLATE_BRIEF, TEMPLATE_DETAILS } from "./template_facts.ts";
import { createListMemory } from "./list_memory.ts";
import { listObjects } from "./reading.ts";

const STANDARD = 50;
const MOST = 500;
/** What people read who may have no workspace of it. */
const DEPRECATED = "Deprecated: use another template";

/** `list_templates` */
export const listTemplates = readTool({
  name: "list_templates",
  description: "List Coder templates, by name",
  toolset: "core",
  input: z.object({
    namespace: z.string().max(63).optional().describe("Default: all"),
    ...pageInput(STANDARD, MOST),
  }),
  output: z.object({ items: z.array(z.object(TEMPLATE_BRIEF)), ...PAGE_OUTPUT }),
  idempotent: true,
  async read({ namespace, limit, cursor }, call) {
    const objects = await listObjects(call, CoderTemplates, namespace, "list CoderTemplate resources");
    return pages(objects, `${limit ?? 0} ${cursor ?? ""}`, () => {
      const page = pageOf(objects, {
        limit,
        cursor,
        standard: STANDARD,
        most: MOST,
        keyOf: (object) => keyText(keyIn(object)),
        sizeOf: (object) => JSON.stringify(briefOf(object)).length,
      });
      return Object.freeze({ ...page, items: page.items.map(briefOf) });
    });
  },
});

/** Frozen: what is made of a page is made once. */
const pages = createListMemory<CoderTemplate, Listed>();

interface Listed {
  readonly items: ReturnType<typeof briefOf>[];
  readonly nextCursor?: string;
  readonly total?: number;
}

/** `get_template` */
export const getTemplate = readTool({
  name: "get_template",
  description: "One template: active version, state, deprecation",
  toolset: "core",
  input: z.object({
    namespace: namespaceInput(),
    name: nameInput().describe("<organization>.<template>"),
  }),
  output: z.object({ template: z.object(TEMPLATE_DETAILS) }),
  idempotent: true,
  async read(key, call) {
    const template = await readTemplate(call, key);
    for (const text of call.cluster.missing(CoderTemplates, key.namespace)) call.warn(text);
    return { template: detailsOf(template) };
  },
  text: ({ template: { description, deprecationMessage, problem, ...facts } }) => {
    const words = compactText({ description, deprecationMessage, problem });
    const text = compactText({ template: facts });
    return words === "" ? text : `${text}\n${fenced("what others say of the template", words)}`;
  },
});

/** `set_template_running` */
export const setTemplateRunning = changeTool({
  name: "set_template_running",
  description: "Deprecate a template (running=false), or take that back",
  toolset: "core",
  input: z.object({
    namespace: namespaceInput(),
    name: nameInput(),
    running: z.boolean(),
    message: z.string().max(1_024).optional().describe("Why, for users"),
  }),
  output: z.object({ template: z.object(TEMPLATE_BRIEF), updated: z.boolean() }),
  idempotent: true,
  destructive: false,
  async plan({ running, message, ...key }, call) {
    const template = await readTemplate(call, key);
    const wanted = messageFor(running, message, template);
    const answer = { template: briefOf(template), updated: false };
    if (messageOf(template) === wanted) return { answer };
    const after = await tryPatch(call, template, bodyOf(wanted));
    const what = `the template ${keyText(keyIn(template))}`;
    const summary = running
      ? `Take back the deprecation of ${what}: new workspaces of it are accepted again`
      : `Deprecate ${what}: new workspaces of it are refused, those that are there work on`;
    return {
      answer,
      plan: {
        summary,
        diff: diffOf(settingsOf(template), settingsOf(after)),
        preconditions: preconditionsOf(template),
      },
    };
  },
  async apply({ running, message, ...key }, call, plan) {
    const template = await readTemplate(call, key);
    const wanted = messageFor(running, message, template);
    const after = await patchTemplate(call, template, bodyOf(wanted), plan);
    const updated = messageOf(after) === wanted;
    if (!updated) {
      call.warn(
        "Nothing was changed: Coder took the request and left the template as it was, as it does where its licence " +
          "does not cover deprecating templates.",
      );
    }
    return { template: { ...briefOf(after), name: template.metadata.name ?? "" }, updated };
  },
});

/** One that is deprecated stays so, in its words, where nobody says others. */
function messageFor(running: boolean, message: string | undefined, template: CoderTemplate): string {
  if (running) return "";
  return message || messageOf(template) || DEPRECATED;
}

function messageOf({ spec, status }: CoderTemplate): string {
  return spec.settings?.deprecationMessage ?? status?.deprecationMessage ?? "";
}

function bodyOf(deprecationMessage: string) {
  return { spec: { settings: { deprecationMessage } } };
}

function settingsOf({ spec }: CoderTemplate) {
  return { spec: { settings: spec.settings } };
}
