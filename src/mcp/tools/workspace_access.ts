/** Reading and changing one workspace as the caller. */
import { CONTROL_PLANE_NAME_LABEL } from "../../api/aggregated.ts";
import { keyText, type KubeObject, type ObjectKey } from "../../api/object.ts";
import { type CoderTemplate, CoderTemplates } from "../../api/template.ts";
import { type CoderWorkspace, CoderWorkspaces, type WorkspaceSpec } from "../../api/workspace.ts";
import { isConflict, KubeApiError } from "../../kube/errors.ts";
import { diffOf } from "../answers/diff.ts";
import type { CoderSession } from "../../caller/types.ts";
import { ToolError, toolError } from "../errors.ts";
import type { Plan, ToolCall } from "../tool.ts";

/** Deadlines of a read and of a write of Kubernetes, and of a call to Coder, in milliseconds. */
export const READ_MS = 10_000;
export const WRITE_MS = 20_000;
export const CODER_MS = 5_000;

const MOST_TRIES = 3;

/** `get CoderWorkspace lab/acme.ann.dev`, as the Go server begins its messages. */
export function doing(verb: string, key: ObjectKey): string {
  return `${verb} CoderWorkspace ${keyText(key)}`;
}

/** Every failure begins with what was tried. */
export async function telling<R>(what: string, run: () => Promise<R>): Promise<R> {
  try {
    return await run();
  } catch (error) {
    throw toolError(error, what);
  }
}

/** Under its canonical name, whatever form of it was asked for. @throws {ToolError} */
export async function readWorkspace(call: ToolCall, key: ObjectKey): Promise<CoderWorkspace> {
  return await telling(doing("get", key), async () => {
    const options = { signal: call.signal, timeoutMs: READ_MS };
    const [workspace, name] = await Promise.all([
      call.cluster.get(CoderWorkspaces, key, options),
      listedAs(call, key, `metadata.name=${key.name}`),
    ]);
    if (name !== undefined) return workspace;
    const { spec: { organization }, status } = workspace;
    const of = `spec.organization=${organization ?? ""},status.ownerName=${status?.ownerName ?? ""}`;
    const canonical = await listedAs(call, key, of, workspace.metadata.uid);
    return canonical === undefined
      ? workspace
      : { ...workspace, metadata: { ...workspace.metadata, name: canonical } };
  });
}

/** The name that lists have. Undefined where there is none, and where nobody can say. */
async function listedAs(
  { cluster, signal }: ToolCall,
  { namespace, name }: ObjectKey,
  fieldSelector: string,
  uid?: string,
): Promise<string | undefined> {
  // A name that is none is the other call's to refuse.
  if (/[,=\\]/.test(name)) return name;
  try {
    const { items } = await cluster.list(CoderWorkspaces, {
      namespace,
      fieldSelector,
      signal,
      timeoutMs: READ_MS,
    });
    return items.find(({ metadata }) => uid === undefined || metadata.uid === uid)?.metadata.name;
  } catch {
    signal.throwIfAborted();
    // Who may not list knows the name that they have asked for.
    return name;
  }
}

/** What a plan rests on beside its diff. @param build whether another build since makes it another plan */
export function preconditionsOf(
  { metadata: { uid = "" }, status }: CoderWorkspace,
  build: boolean,
): Record<string, string> {
  return { uid, ...(build ? { build: status?.latestBuildID ?? "" } : {}) };
}

/** The workspace of a plan, for whoever confirms may take minutes. @throws {ToolError} `conflict` where it is another one */
export async function readPlanned(
  call: ToolCall,
  key: ObjectKey,
  { preconditions }: Plan,
): Promise<CoderWorkspace> {
  const workspace = await readWorkspace(call, key);
  const { uid, build = "" } = preconditionsOf(workspace, true);
  if (uid !== preconditions["uid"]) {
    throw new ToolError("conflict", `${doing("update", key)}: it is another workspace by now: begin anew`);
  }
  if (build !== (preconditions["build"] ?? build)) {
    throw new ToolError("conflict", `${doing("update", key)}: it was built anew meanwhile: begin anew`);
  }
  return workspace;
}

/** What is changed of a spec; `null` takes a field away. */
export type SpecPatch = { readonly [K in keyof WorkspaceSpec]?: WorkspaceSpec[K] | null };

/** The diff that a change would make. Undefined where it would make none. @throws {ToolError} as the change would */
export async function diffOfPatch(
  call: ToolCall,
  workspace: CoderWorkspace,
  spec: SpecPatch,
): Promise<string | undefined> {
  const after = await patchOnce(call, workspace, spec, true);
  return diffOf(workspace, after);
}

/**
 * Changes a workspace; it must still be the one of the plan. What others change meanwhile is no reason to fail: it is tried
 * again on what is there then.
 */
export async function patchWorkspace(
  call: ToolCall,
  key: ObjectKey,
  spec: SpecPatch,
  { preconditions }: Plan,
): Promise<CoderWorkspace> {
  const uid = preconditions["uid"];
  for (let tries = 1;; tries++) {
    try {
      return await patchOnce(
        call,
        { metadata: { ...key, ...(uid === undefined ? {} : { uid }) } },
        spec,
        false,
      );
    } catch (error) {
      if (!(error instanceof ToolError) || !isConflict(error.cause) || tries >= MOST_TRIES) throw error;
      const now = await readWorkspace(call, key);
      if (now.metadata.uid !== uid) {
        throw new ToolError(
          "conflict",
          `${doing("update", key)}: it is another workspace by now: begin anew`,
        );
      }
    }
  }
}

async function patchOnce(
  { cluster, signal }: ToolCall,
  { metadata: { namespace = "", name = "", uid } }: Pick<CoderWorkspace, "metadata">,
  spec: SpecPatch,
  dryRun: boolean,
): Promise<CoderWorkspace> {
  const key = { namespace, name };
  const body = { ...(uid === undefined ? {} : { metadata: { uid } }), spec };
  return await telling(
    doing("update", key),
    () =>
      cluster.patch(CoderWorkspaces, key, { type: "merge", body }, {
        signal,
        timeoutMs: WRITE_MS,
        ...(dryRun ? { dryRun } : {}),
      }),
  );
}

/** Which control plane an object comes from; undefined where it is not said. */
export function controlPlaneOf({ metadata: { labels } }: Pick<KubeObject, "metadata">): string | undefined {
  return labels?.[CONTROL_PLANE_NAME_LABEL];
}

/** @throws {ToolError} where the caller may not change a workspace, by Kubernetes' rules */
export async function checkMayUpdate(
  call: ToolCall,
  { metadata }: Pick<CoderWorkspace, "metadata">,
): Promise<void> {
  const { namespace = "", name = "" } = metadata;
  const { group, plural } = CoderWorkspaces;
  const { allowed } = await telling(
    doing("update", { namespace, name }),
    () =>
      call.cluster.may({ verb: "update", group, resource: plural, namespace, name }, {
        signal: call.signal,
        timeoutMs: READ_MS,
      }),
  );
  if (!allowed) throw new ToolError("forbidden", `${doing("update", { namespace, name })}: you may not`);
}

/** Coder for what only it can tell of, or do to, an object that the caller sees and may do `verb` to. */
export async function openCoder(
  call: ToolCall,
  object: CoderWorkspace | CoderTemplate,
  verb: "get" | "update",
): Promise<CoderSession> {
  const { namespace = "", name = "" } = object.metadata;
  const { group, plural } = object.kind === CoderTemplates.kind ? CoderTemplates : CoderWorkspaces;
  return await call.coders.open(
    { namespace, controlPlane: controlPlaneOf(object) },
    { verb, group, resource: plural, namespace, name },
    call.signal,
  );
}

/** A template of an organization, without its files. Undefined where there is none, or the caller may not list. */
export async function findTemplate(
  { cluster, signal }: ToolCall,
  namespace: string,
  organization: string,
  isIt: (template: CoderTemplate) => boolean,
): Promise<CoderTemplate | undefined> {
  if (/[,=\\]/.test(organization)) return undefined;
  try {
    const { items } = await cluster.list(CoderTemplates, {
      namespace,
      fieldSelector: `spec.organization=${organization}`,
      signal,
      timeoutMs: READ_MS,
    });
    const found = items.filter(isIt);
    return found.length === 1 ? found[0] : undefined;
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 403) return undefined;
    throw error;
  }
}
