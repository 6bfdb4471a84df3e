/** Giving a template other files. */
import { z } from "zod";
import { keyText } from "../../api/object.ts";
import type { CoderTemplate } from "../../api/template.ts";
import { cleanPath } from "../../archive/mod.ts";
import { differencesText, fileDifferences } from "../answers/file_diff.ts";
import { compactText } from "../answers/text.ts";
import { fenced } from "../answers/untrusted.ts";
import { ToolError } from "../errors.ts";
import { changeTool, nameInput, namespaceInput, type ToolCall } from "../tool.ts";
import {
  doing,
  keyIn,
  patchTemplate,
  preconditionsOf,
  readTemplate,
  readWholeTemplate,
  tryPatch,
  unlessAway,
} from "./template_access.ts";
import { activeVersionOf, conditionOf } from "./template_facts.ts";
import { followImport, importStateOf } from "./template_import.ts";

const WAIT_SECONDS = 40;
/** A call has a minute. */
const MOST_WAIT_SECONDS = 50;
/** Of a plan's diff. */
const MOST_LINES = 300;
/** Of all files that are given, in UTF-16 units. */
const MOST_LENGTH = 1 << 20;

type Files = Readonly<Record<string, string | null>>;

/** `push_template_version` */
export const pushTemplateVersion = changeTool({
  name: "push_template_version",
  description:
    "Change files of a template: builds a version, and makes it the active one if its import succeeds",
  toolset: "templates",
  input: z.object({
    namespace: namespaceInput(),
    name: nameInput(),
    files: z.record(z.string().min(1).max(512), z.string().nullable()).describe(
      "Path to text, such as main.tf; null deletes it. Others stay",
    ),
    waitSeconds: z.int().min(0).max(MOST_WAIT_SECONDS).default(WAIT_SECONDS),
  }),
  output: z.object({
    name: z.string(),
    namespace: z.string(),
    state: z.enum(["unchanged", "building", "promoted", "failed"]),
    versionID: z.string().describe("Active now"),
    pendingVersionID: z.string().optional(),
    message: z.string().optional(),
    log: z.string().optional().describe("Its end"),
  }),
  idempotent: true,
  destructive: false,
  async plan({ files, ...key }, call) {
    checkFiles(files);
    const template = await wholeTemplate(call, key);
    const answer = { ...keyIn(template), state: "unchanged" as const, versionID: activeVersionOf(template) };
    const after = await tryPatch(call, template, { spec: { files } });
    const differences = fileDifferences({ files: filesIn(template) }, { files: filesIn(after) });
    const isAgain = differences.length === 0 && conditionOf(template, "SourceApplied")?.status === "False";
    if (differences.length === 0 && !isAgain) return { answer };
    const what = `the template ${keyText(keyIn(template))}`;
    const summary = isAgain
      ? `Import the files of ${what} once more, and make them its active version if that succeeds`
      : `Build a version of ${what} with ${differences.length} other ${
        differences.length === 1 ? "file" : "files"
      }, and make it the active one if its import succeeds`;
    return {
      answer,
      plan: {
        summary,
        ...(isAgain ? {} : { diff: differencesText(differences, MOST_LINES) }),
        preconditions: preconditionsOf(template),
      },
    };
  },
  async apply({ files, waitSeconds, ...key }, call, plan) {
    const until = call.now() + waitSeconds * 1_000;
    const template = await readTemplate(call, key);
    const before = plan.preconditions["activeVersion"] ?? "";
    const first = importStateOf(await patchTemplate(call, template, { spec: { files } }, plan), before);
    const last = await followImport(call, { key: keyIn(template), before, first, until });
    if (last.state === "building") {
      call.warn(
        "It is still being imported, and goes on: get_template and get_template_version_log tell how far it is.",
      );
    } else if (last.state === "failed") {
      call.warn(
        "The active version is what it was; push other files, or get_template_version_log for all of the log.",
      );
    }
    return { ...keyIn(template), ...last };
  },
  text: ({ log, ...rest }) =>
    [compactText(rest), ...(log === undefined ? [] : [fenced("end of the log of the import", log)])].join(
      "\n",
    ),
});

/** What the server would refuse as well, said at once and in the words of this tool. */
function checkFiles(files: Files): void {
  const entries = Object.entries(files);
  if (entries.length === 0) throw new ToolError("invalid", "files: give at least one");
  const wrong = entries.map(([path]) => path).filter((path) => cleanPath(path) !== path);
  if (wrong.length > 0) {
    const shown = wrong.slice(0, 5).map((path) => JSON.stringify(path)).join(", ");
    throw new ToolError("invalid", `files: no paths inside of a template: ${shown}`);
  }
  const length = entries.reduce((sum, [, content]) => sum + (content?.length ?? 0), 0);
  if (length > MOST_LENGTH) {
    throw new ToolError(
      "invalid",
      `files: more than ${MOST_LENGTH} characters; large templates come from spec.source`,
    );
  }
}

/** With its files: without them, nobody could say what would become of it. */
async function wholeTemplate(
  call: ToolCall,
  key: { readonly namespace: string; readonly name: string },
): Promise<CoderTemplate> {
  const known = await readTemplate(call, key);
  const template = await unlessAway(call, known, (call) => readWholeTemplate(call, keyIn(known)));
  if (template.spec.files !== undefined) return template;
  throw new ToolError(
    "unavailable",
    `${
      doing("update", keyIn(template))
    }: its files cannot be read now, so nobody can say what would be changed: try again`,
  );
}

function filesIn({ spec }: CoderTemplate): Readonly<Record<string, string>> {
  return spec.files ?? {};
}
