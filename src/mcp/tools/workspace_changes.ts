/** Making, changing and deleting workspaces. */
import { z } from "zod";
import { apiVersionOf, keyText } from "../../api/object.ts";
import type { CoderTemplate } from "../../api/template.ts";
import { type CoderWorkspace, CoderWorkspaces, type WorkspaceSpec } from "../../api/workspace.ts";
import { isNotFound } from "../../kube/errors.ts";
import { diffOf } from "../answers/diff.ts";
import { ToolError } from "../errors.ts";
import { changeTool, nameInput, namespaceInput, requiredText, type ToolCall } from "../tool.ts";
import {
  controlPlaneOf,
  diffOfPatch,
  doing,
  findTemplate,
  patchWorkspace,
  preconditionsOf,
  readPlanned,
  readWorkspace,
  type SpecPatch,
  telling,
  WRITE_MS,
} from "./workspace_access.ts";
import { briefOf, CHANGED_WORKSPACE } from "./workspace_facts.ts";
import { activeOf, choiceOf } from "./workspace_versions.ts";

const MINUTE_MS = 60_000;
const parameters = () => z.record(z.string(), z.string()).optional();
const version = () => z.string().optional().describe("Name, UUID or `active`");
const ttlMinutes = () => z.int().min(0).optional().describe("Stops after; 0: never");
const autostart = () => z.string().optional().describe("Cron; empty: never");

const CREATE_INPUT = z.object({
  namespace: namespaceInput(),
  name: nameInput().describe("<organization>.<owner>.<workspace>"),
  template: requiredText("template"),
  version: version(),
  preset: z.string().optional().describe("Name or UUID"),
  parameters: parameters(),
  ttlMinutes: ttlMinutes(),
  autostart: autostart(),
  running: z.boolean().optional(),
});

export const createWorkspace = changeTool({
  name: "create_workspace",
  description: "Create a workspace from a template; it is started",
  toolset: "core",
  input: CREATE_INPUT,
  output: z.object({ workspace: z.object(CHANGED_WORKSPACE) }),
  idempotent: false,
  destructive: false,
  async plan(input, call) {
    const { object, template } = await newWorkspace(input, call);
    const after = await telling(
      doing("create", input),
      () => call.cluster.create(CoderWorkspaces, object, { ...write(call), dryRun: true }),
    );
    const of = template === undefined ? "" : activeOf(template) ?? "";
    return {
      // There is nothing yet: this is how it would be.
      answer: { workspace: briefOf(after) },
      plan: {
        summary: `Create the workspace ${keyText(input)} from the template ${input.template}`,
        diff: diffOf(undefined, after),
        // Another version by then would make another workspace.
        preconditions: { template: template?.metadata.uid ?? "", active: of },
      },
    };
  },
  async apply(input, call) {
    const { object } = await newWorkspace(input, call);
    const made = await telling(
      doing("create", input),
      () => call.cluster.create(CoderWorkspaces, object, write(call)),
    );
    return { workspace: briefOf(made) };
  },
});

const write = ({ signal }: ToolCall) => ({ signal, timeoutMs: WRITE_MS });

async function newWorkspace(
  input: z.output<typeof CREATE_INPUT>,
  call: ToolCall,
): Promise<{ readonly object: CoderWorkspace; readonly template: CoderTemplate | undefined }> {
  const { namespace, name, template: templateName, running } = input;
  // Names that are none are the server's to refuse.
  const [organization = "", controlPlane] = name.split(".").slice(0, -2).toReversed();
  const plain = `${organization}.${templateName}`;
  const template = await telling(
    doing("create", input),
    () =>
      findTemplate(
        call,
        namespace,
        organization,
        ({ metadata }) =>
          (metadata.name === plain || metadata.name?.endsWith(`.${plain}`) === true) &&
          (controlPlane === undefined || controlPlaneOf({ metadata }) === controlPlane),
      ),
  );
  const { versionId, presetId } = await choiceOf(input, template, call);
  const spec: WorkspaceSpec = {
    templateName,
    ...given("templateVersionID", versionId),
    ...given("presetID", presetId),
    ...given("parameters", input.parameters),
    ...given("ttlMillis", millis(input.ttlMinutes)),
    ...given("autostartSchedule", input.autostart),
    ...given("running", running),
  };
  const head = { apiVersion: apiVersionOf(CoderWorkspaces), kind: CoderWorkspaces.kind };
  const object = { ...head, metadata: { namespace, name }, spec } as CoderWorkspace;
  return { object, template };
}

const UPDATE_INPUT = z.object({
  namespace: namespaceInput(),
  name: nameInput(),
  version: version(),
  parameters: parameters(),
  ttlMinutes: ttlMinutes(),
  autostart: autostart(),
});

export const updateWorkspace = changeTool({
  name: "update_workspace",
  description: "Change schedule, parameters or template version; the latter two rebuild it",
  toolset: "core",
  input: UPDATE_INPUT,
  output: z.object({ workspace: z.object(CHANGED_WORKSPACE), updated: z.boolean() }),
  idempotent: true,
  destructive: false,
  async plan(input, call) {
    const workspace = await readWorkspace(call, input);
    const spec = await specPatch(input, workspace, call);
    if (Object.keys(spec).length === 0) {
      throw new ToolError("invalid", "say what to change: version, parameters, ttlMinutes or autostart");
    }
    const diff = await diffOfPatch(call, workspace, spec);
    const answer = { workspace: briefOf(workspace), updated: false };
    if (diff === undefined) return { answer };
    const { version, parameters } = input;
    const builds = version !== undefined || parameters !== undefined;
    const restart = !builds ? "" : workspace.spec.running === true ? " (it restarts)" : " (it is built anew)";
    const { namespace = "", name = "" } = workspace.metadata;
    const { templateVersionID = "" } = spec;
    return {
      answer,
      plan: {
        summary: `Update the workspace ${keyText({ namespace, name })}${restart}`,
        diff,
        preconditions: { ...preconditionsOf(workspace, builds), version: templateVersionID ?? "" },
      },
    };
  },
  async apply(input, call, plan) {
    const workspace = await readPlanned(call, input, plan);
    const { templateVersionID: _, ...spec } = await specPatch(
      { ...input, version: undefined },
      workspace,
      call,
    );
    const planned = plan.preconditions["version"];
    const patch = { ...spec, ...(planned ? { templateVersionID: planned } : {}) };
    return { workspace: briefOf(await patchWorkspace(call, input, patch, plan)), updated: true };
  },
});

async function specPatch(
  input: z.output<typeof UPDATE_INPUT>,
  { metadata: { namespace = "" }, spec, status }: CoderWorkspace,
  call: ToolCall,
): Promise<SpecPatch> {
  const { version, parameters, autostart } = input;
  const template = version === undefined
    ? undefined
    : await telling(doing("update", input), () =>
      findTemplate(
        call,
        namespace,
        spec.organization ?? "",
        ({ metadata }) => metadata.uid === status?.templateID,
      ));
  const { versionId } = await choiceOf({ version }, template, call);
  return {
    ...given("templateVersionID", versionId),
    ...given("parameters", parameters),
    ...given("ttlMillis", millis(input.ttlMinutes)),
    ...given("autostartSchedule", autostart),
  };
}

export const deleteWorkspace = changeTool({
  name: "delete_workspace",
  description: "Delete a workspace and what it holds",
  toolset: "core",
  input: z.object({ namespace: namespaceInput(), name: nameInput() }),
  output: z.object({ workspace: z.object(CHANGED_WORKSPACE), deleting: z.boolean() }),
  idempotent: true,
  destructive: true,
  async plan(key, call) {
    const workspace = await readWorkspace(call, key);
    const { metadata: { namespace = "", name = "", uid = "", deletionTimestamp } } = workspace;
    const answer = { workspace: briefOf(workspace), deleting: deletionTimestamp !== undefined };
    if (answer.deleting) return { answer };
    await telling(
      doing("delete", key),
      () =>
        call.cluster.delete(CoderWorkspaces, key, { ...write(call), preconditions: { uid }, dryRun: true }),
    );
    const { owner, template } = { owner: workspace.status?.ownerName, template: workspace.spec.templateName };
    const what = `the workspace ${keyText({ namespace, name })} of ${owner} (template ${template})`;
    return {
      answer,
      plan: {
        summary: `Delete ${what} and what it holds; this cannot be undone`,
        preconditions: preconditionsOf(workspace, true),
      },
    };
  },
  async apply(key, call, plan) {
    const before = await readPlanned(call, key, plan);
    const { uid = "" } = plan.preconditions;
    await telling(
      doing("delete", key),
      () => call.cluster.delete(CoderWorkspaces, key, { ...write(call), preconditions: { uid } }),
    );
    const after = await readWorkspace(call, key).catch((error) => {
      if (error instanceof ToolError && isNotFound(error.cause)) return undefined;
      throw error;
    });
    return { workspace: briefOf(after ?? before), deleting: true };
  },
});

function millis(minutes: number | undefined): number | undefined {
  return minutes === undefined ? undefined : minutes * MINUTE_MS;
}

function given<N extends string, T>(name: N, value: T | undefined): { [K in N]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [K in N]?: T };
}
