/** Changing a template that is there: settings, files, the active version. */
import {
  CoderApiError,
  isNotFound,
  mayHaveHappened,
  type Template,
  type TemplateVersion,
} from "../../coder/mod.ts";
import { ActionError, invalid } from "../error.ts";
import { type Accepted, acceptFiles, checkedSource, type FilesChange, textOf } from "./files.ts";
import { pendingChange, supersede } from "./pending.ts";
import { cancelled, promoted } from "./follow.ts";
import { changedSettings, droppedSettings, patchOf, problemsOfSettings } from "./settings.ts";
import type { StoredChange } from "./store.ts";
import type { FilesState, TemplateSettingsChange } from "./types.ts";
import { makeVersion } from "./versions.ts";
import { nameOf, type TemplateRef, type TemplateSession } from "./world.ts";

/** What shall be different. What is left out stays. */
export interface TemplateUpdate extends FilesChange {
  readonly settings?: TemplateSettingsChange | undefined;
  /** Version to make the active one, in place of files: to go back to. */
  readonly versionId?: string | undefined;
}

export interface UpdateResult {
  /** As Coder has it now; undefined where it did not have to be asked. */
  readonly template?: Template | undefined;
  /** Settings that were changed. */
  readonly changed: readonly string[];
  /** Settings that Coder took without a word and did not change: the licence does not cover them. */
  readonly dropped: readonly string[];
  /** Undefined where neither files nor a version were asked for. */
  readonly files?: FilesState | undefined;
}

/** Checks all, then changes. `follow` goes on with what takes longer. */
export async function update(
  session: TemplateSession,
  template: TemplateRef,
  wanted: TemplateUpdate,
  follow: (stored: StoredChange, variables: FilesChange["variables"]) => void,
): Promise<UpdateResult> {
  const { settings = {}, versionId } = wanted;
  const source = checkedSource(wanted);
  const wrong = invalid("the template cannot be changed so", [
    ...problemsOfSettings(settings),
    ...(source !== undefined && versionId !== undefined && versionId !== template.active_version_id
      ? [{ field: "versionID", message: "follows the files: give one of the two" }]
      : []),
  ]);
  if (wrong !== undefined) throw wrong;
  const changes = {
    ...(Object.keys(settings).length === 0 ? {} : { settings: Object.keys(settings) }),
    ...(source === undefined ? {} : { content: textOf(source) }),
    ...(versionId === undefined ? {} : { versionId }),
  };
  return await session.audited("update template", nameOf(template), changes, async () => {
    if ((source !== undefined || versionId !== undefined) && session.request.dryRun !== true) {
      // What somebody else has asked for gives way to it, and must not for who may not.
      const object = { resource_type: "template", resource_id: template.id };
      await session.requireOwn({ action: "update", object }, `template ${template.name} cannot be changed`);
    }
    const move = source === undefined && versionId !== undefined
      ? await checkedMove(session, template, versionId)
      : undefined;
    const accepted = source === undefined
      ? undefined
      : await asCaller(session, await acceptFiles(session, template, source, wanted), wanted.variables);
    let changed: Settled;
    try {
      changed = await changeSettings(session, template, settings);
    } catch (error) {
      // All or nothing: what has been begun for the files ends here.
      if (accepted?.stored !== undefined) await abandon(session, accepted.stored);
      throw error;
    }
    const moved = await move?.();
    if (accepted?.stored !== undefined && session.request.dryRun !== true) {
      follow(accepted.stored, wanted.variables);
    }
    const state = accepted?.state ?? moved;
    const value = { ...changed, ...(state === undefined ? {} : { files: state }) };
    const isAccepted = state?.state === "building";
    const isDone = changed.changed.length > 0 || state?.state === "promoted" || session.calls.length > 0;
    return {
      value,
      result: isAccepted ? "accepted" : isDone ? "done" : "nothing",
      message: [...changed.changed, ...(state === undefined ? [] : [`files ${state.state}`])].join(", "),
    };
  });
}

/** Where changes are made as the caller, the version is made now, and by them: what follows is the operator's. */
async function asCaller(
  session: TemplateSession,
  accepted: Accepted,
  variables: FilesChange["variables"],
): Promise<Accepted> {
  const { stored, state } = accepted;
  if (stored === undefined || session.request.dryRun === true || stored.record.version !== undefined) {
    return accepted;
  }
  const { store } = session.world;
  const { record } = stored;
  try {
    if (!await session.isOwn()) return accepted;
    const { id: version } = await makeVersion(session, record, variables);
    const saved = await store.write({ ...record, version }, stored.version, session.signal);
    // Whoever else goes on with it has found the same version.
    return { state: { ...state, version } as FilesState, stored: saved ?? stored };
  } catch (error) {
    await store.remove(record.template, stored.version, session.signal);
    throw error;
  }
}

type Settled = Pick<UpdateResult, "template" | "changed" | "dropped">;

/** Two calls: what is, and all of it with what shall be different. */
async function changeSettings(
  session: TemplateSession,
  { id }: TemplateRef,
  change: TemplateSettingsChange,
): Promise<Settled> {
  if (Object.keys(change).length === 0) return { changed: [], dropped: [] };
  // Looked at a moment ago, for the files.
  const before = session.seen ?? await looked(session, id);
  const changed = changedSettings(before, change);
  if (changed.length === 0) return { template: before, changed: [], dropped: [] };
  const patch = patchOf(before, change);
  if (session.request.dryRun === true) {
    return { template: { ...before, ...change } as Template, changed, dropped: [] };
  }
  let after: Template | undefined;
  try {
    after = await session.write(
      "change settings",
      ({ templateChanges }) => templateChanges.update(id, patch, { signal: session.signal }),
    );
  } catch (error) {
    // Doing it again does no harm: it says all settings.
    if (!mayHaveHappened(error)) throw error;
    after = await session.look(id);
    if (changedSettings(after, change).length > 0) throw error;
  }
  const template = after ?? before;
  session.world.copy.observeTemplate(template);
  const dropped = droppedSettings(template, change);
  return { template, changed: changed.filter((key) => !dropped.includes(key)), dropped };
}

async function looked(session: TemplateSession, id: string): Promise<Template> {
  const template = await session.look(id);
  session.check(template, undefined);
  return template;
}

/** How another version is made the active one, as a rollback does; it is known to be possible. */
async function checkedMove(
  session: TemplateSession,
  template: TemplateRef,
  versionId: string,
): Promise<() => Promise<FilesState>> {
  const { request } = session;
  let pending = await pendingChange(session, template.id);
  const now = await session.look(template.id);
  session.check(now, pending?.record);
  if (versionId !== now.active_version_id) await checkVersion(session, template, versionId);
  return async () => {
    if (request.dryRun === true) return { state: "unchanged" };
    const isActive = async () => (await session.look(template.id)).active_version_id === versionId;
    const hadNone = pending === undefined;
    while (!await supersede(session, pending)) pending = await pendingChange(session, template.id);
    // What was promoted while it was taken off the record is not what was asked for.
    if (versionId === now.active_version_id && (hadNone || await isActive())) return { state: "unchanged" };
    await promoted(session, template.id, versionId);
    return { state: "promoted", version: versionId };
  };
}

async function checkVersion(
  session: TemplateSession,
  template: TemplateRef,
  versionId: string,
): Promise<void> {
  const { templates } = await session.client();
  let version: TemplateVersion | undefined;
  try {
    version = await templates.version(versionId, { signal: session.signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const { status = "", error = "" } = version?.job ?? {};
  const problem = version === undefined
    ? "is not there"
    : version.template_id !== template.id
    ? "is a version of another template"
    : version.archived
    ? "is archived"
    : status === "failed" || status === "canceled"
    ? `was never imported (${status}${error === "" ? "" : `: ${error}`})`
    : status !== "succeeded"
    ? `is still being imported (${status})`
    : undefined;
  if (problem !== undefined) {
    throw invalid("the version cannot be the active one", [{ field: "versionID", message: problem }])!;
  }
}

async function abandon(session: TemplateSession, { record, version }: StoredChange): Promise<void> {
  await session.world.store.remove(record.template, version, session.signal);
  if (record.version !== undefined) await cancelled(session, record.version);
}

/** Deletes a template. */
export async function remove(session: TemplateSession, template: TemplateRef): Promise<void> {
  const { world, signal, request } = session;
  await session.audited("delete template", nameOf(template), {}, async () => {
    if (request.dryRun === true) return { value: undefined, result: "nothing", message: "" };
    try {
      await session.write(
        "delete template",
        ({ templateChanges }) => templateChanges.delete(template.id, { signal }),
      );
    } catch (error) {
      await removalFailed(session, template, error);
    }
    const pending = await world.store.read(template.id, signal);
    if (pending !== undefined) await world.store.remove(template.id, pending.version, signal);
    world.copy.observeGone("templates", template.id);
    return { value: undefined, result: "done", message: "it is deleted" };
  });
}

/** Returns where it is gone all the same. */
async function removalFailed(
  session: TemplateSession,
  { id, name }: TemplateRef,
  error: unknown,
): Promise<void> {
  const { world } = session;
  if (isNotFound(error)) {
    world.copy.observeGone("templates", id);
    throw new ActionError("missing", `there is no template ${name} any more`);
  }
  if (error instanceof CoderApiError && /workspaces must be deleted/i.test(error.coderMessage)) {
    throw new ActionError(
      "conflict",
      `the template ${name} has workspaces: delete them first. Coder counts those of everybody`,
    );
  }
  if (!mayHaveHappened(error)) throw error;
  try {
    await session.look(id);
  } catch (look) {
    if (isNotFound(look)) return;
    throw error;
  }
  throw error;
}
