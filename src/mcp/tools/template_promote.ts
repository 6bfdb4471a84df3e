/** Making another version of a template the active one. */
import { z } from "zod";
import { keyText } from "../../api/object.ts";
import type { CoderTemplate } from "../../api/template.ts";
import type { ListedTemplateVersion } from "../../coder/mod.ts";
import { ToolError } from "../errors.ts";
import { changeTool, nameInput, namespaceInput, type Plan, type ToolCall } from "../tool.ts";
import {
  askOfTemplate,
  doing,
  keyIn,
  patchTemplate,
  preconditionsOf,
  readTemplate,
  tryPatch,
} from "./template_access.ts";
import { activeVersionOf } from "./template_facts.ts";
import { chosenVersion, goodVersionBefore, versionsOf, versionText } from "./template_version.ts";

const KEY = { namespace: namespaceInput(), name: nameInput() };
const OUTPUT = z.object({
  name: z.string(),
  namespace: z.string(),
  /** Active now. */
  versionID: z.string(),
  updated: z.boolean(),
});

/** `promote_template_version` */
export const promoteTemplateVersion = changeTool({
  name: "promote_template_version",
  description: "Make a version of a template the one that new workspaces are built of",
  toolset: "templates",
  input: z.object({ ...KEY, version: z.string().min(1).max(64).describe("Name, UUID or newest") }),
  output: OUTPUT,
  idempotent: true,
  destructive: false,
  async plan({ version, ...key }, call) {
    const template = await readTemplate(call, key);
    return await planMove(call, template, (versions) => chosenVersion(versions, template, version));
  },
  apply: (key, call, plan) => move(call, key, plan),
});

/** `roll_back_template` */
export const rollBackTemplate = changeTool({
  name: "roll_back_template",
  description: "Go back to the last good version of a template before the active one",
  toolset: "templates",
  input: z.object(KEY),
  output: OUTPUT,
  idempotent: false,
  destructive: false,
  async plan(key, call) {
    const template = await readTemplate(call, key);
    return await planMove(call, template, (versions) => {
      const known = template.status?.source?.lastGoodVersionID;
      const active = activeVersionOf(template);
      const found = versions.find(({ id }) => id === known && id !== active) ??
        goodVersionBefore(versions, { id: active });
      if (found !== undefined) return found;
      throw new ToolError(
        "not_found",
        `${template.metadata.name} has no good version that is older than the active one`,
      );
    });
  },
  apply: (key, call, plan) => move(call, key, plan),
});

async function planMove(
  call: ToolCall,
  template: CoderTemplate,
  choose: (versions: readonly ListedTemplateVersion[]) => ListedTemplateVersion,
): Promise<{ plan?: Plan; answer: z.output<typeof OUTPUT> }> {
  const versions = await askOfTemplate(
    call,
    template,
    "list versions",
    (coder) => versionsOf(coder, template),
  );
  const wanted = choose(versions);
  const active = activeVersionOf(template);
  const answer = answerOf(template, false);
  // What is being built would take its place again.
  const isSettled = template.status?.pendingVersionID === undefined;
  if (wanted.id === active && isSettled) return { answer };
  // Coder's own checks: whether it was imported, whose it is, whether it is archived.
  await tryPatch(call, template, bodyOf(wanted.id));
  const before = versions.find(({ id }) => id === active);
  const from = before === undefined ? active : versionText(before);
  const summary = `Make ${versionText(wanted)} the active version of the template ${
    keyText(keyIn(template))
  }${wanted.id === active ? ", and give up what is being imported" : ""}${
    template.spec.source === undefined ? "" : ", until its source has another revision"
  }`;
  return {
    answer,
    plan: {
      summary,
      diff: `-active version: ${from}\n+active version: ${versionText(wanted)}`,
      preconditions: { ...preconditionsOf(template), wanted: wanted.id },
    },
  };
}

async function move(
  call: ToolCall,
  key: { readonly namespace: string; readonly name: string },
  plan: Plan,
): Promise<z.output<typeof OUTPUT>> {
  const template = await readTemplate(call, key);
  const wanted = plan.preconditions["wanted"] ?? "";
  const after = await patchTemplate(call, template, bodyOf(wanted), plan);
  if (activeVersionOf(after) !== wanted) {
    throw new ToolError(
      "conflict",
      `${doing("update", keyIn(template))}: another version was made the active one meanwhile`,
    );
  }
  return answerOf({ ...template, spec: after.spec, status: after.status }, true);
}

function bodyOf(versionID: string) {
  return { spec: { versionID } };
}

function answerOf(template: CoderTemplate, updated: boolean): z.output<typeof OUTPUT> {
  return { ...keyIn(template), versionID: activeVersionOf(template), updated };
}
