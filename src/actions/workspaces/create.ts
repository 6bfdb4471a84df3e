/** Making a workspace, once, whatever becomes of the answer. */
import { isBadResponse, type NewWorkspace, type ParameterValue } from "../../coder/mod.ts";
import type { Workspace } from "../../inventory/mod.ts";
import { ActionError, type Cause, invalid } from "../error.ts";
import {
  checkValues,
  problemsOfName,
  problemsOfSchedule,
  problemsOfTtl,
  problemsOfVersion,
} from "./checks.ts";
import type { StoredWish } from "./store.ts";
import { keyOf, SENT_MS, type WishRecord } from "./types.ts";
import { failureOf, type Session } from "./world.ts";

/** A workspace to be made. */
export interface Creation extends Omit<NewWorkspace, "parameters"> {
  /** Whose. */
  readonly owner: { readonly id: string; readonly name: string };
  readonly parameters?: readonly ParameterValue[] | undefined;
  /** Coder starts every new one; `false`: it is stopped again as soon as it was started. @default {true} */
  readonly running?: boolean | undefined;
}

/** Whether it can be made. Throws {@linkcode ActionError} where not; warnings otherwise. `full`: as Coder would check it. */
export async function checkCreation(session: Session, creation: Creation, full: boolean): Promise<string[]> {
  const { ttlMs, autostart } = creation;
  const problems: Cause[] = [
    ...problemsOfName(creation.name),
    ...(ttlMs === undefined || ttlMs === 0 ? [] : problemsOfTtl(ttlMs)),
    ...(autostart === undefined ? [] : problemsOfSchedule(autostart)),
  ];
  const refusal = invalid(`workspace ${creation.name} cannot be created`, problems);
  if (refusal !== undefined) throw refusal;
  // Otherwise it is looked for when nobody else can make it any more.
  if (full && await find(session, creation.owner, creation.name) !== undefined) throw exists(creation);
  const given = creation.parameters ?? [];
  if (!full && given.length === 0) return [];
  const { signal } = session;
  const { templates, templateInputs } = await session.client();
  const { source } = creation;
  const id = "versionId" in source
    ? source.versionId
    : (await templates.get(source.templateId, { signal })).active_version_id;
  const version = await templates.version(id, { signal });
  const ofVersion = problemsOfVersion(
    version,
    "templateId" in source ? source.templateId : version.template_id ?? "",
  );
  const refused = invalid(`workspace ${creation.name} cannot be created`, ofVersion);
  if (refused !== undefined) throw refused;
  const presets = creation.presetId === undefined ? [] : await templateInputs.presets(id, { signal });
  const preset = presets.find((one) => one.id === creation.presetId);
  const names = new Set(preset?.parameters.map(({ name }) => name));
  const checked = checkValues(
    [...given.filter(({ name }) => !names.has(name)), ...preset?.parameters ?? []],
    await templateInputs.parameters(id, { signal }),
  );
  const wrong = invalid(`workspace ${creation.name} cannot be created`, [
    ...checked.problems,
    ...(creation.presetId !== undefined && preset === undefined
      ? [{ field: "preset", message: "the version has no such preset" }]
      : []),
  ]);
  if (wrong !== undefined) throw wrong;
  return [...checked.warnings];
}

/** What came of it; `stored`: the wish that is left, where it has to be stopped. */
export interface Created {
  readonly workspace: Workspace;
  readonly stored: StoredWish | undefined;
}

/**
 * Makes it. Throws {@linkcode ActionError} where there is one already, or somebody is just making one, and what Coder
 * answers. Where the error may have happened, nobody makes it again by itself; but if it was made, it is stopped if it is
 * to be.
 */
export async function create(
  session: Session,
  creation: Creation,
  asking: { readonly id: string; readonly by: string },
): Promise<Created> {
  const { world, signal } = session;
  const key = keyOf(creation.owner.id, creation.name);
  const at = new Date(world.now()).toISOString();
  const before = await world.store.read(key, signal);
  if (before !== undefined && isBeingMade(before.record, world.now())) {
    throw new ActionError("conflict", `workspace ${creation.name} is being created just now`);
  }
  // A wish for one that was made since somebody looked must not be lost.
  if (before !== undefined && await find(session, creation.owner, creation.name) !== undefined) {
    throw exists(creation);
  }
  const record: WishRecord = {
    owner: creation.owner.id,
    name: creation.name,
    wish: {
      id: asking.id,
      by: asking.by,
      at,
      base: 1,
      want: { running: creation.running !== false, isRunningAsked: true },
    },
    // Before Coder hears of it: there is no other mark that it was us.
    sent: { what: "create", above: 0, at },
    built: [],
  };
  const stored = await world.store.write(key, record, before?.version, signal);
  if (stored === undefined) {
    throw new ActionError("conflict", `workspace ${creation.name} is being created just now`);
  }
  await refuseTaken(session, creation, stored);
  const workspace = await make(session, creation, stored);
  world.copy.observeWorkspace(workspace);
  return { workspace, stored: await adopt(session, stored, workspace) };
}

/** Whoever made one before us has let go of its name: it must not be taken for ours where our answer is lost. */
async function refuseTaken(session: Session, creation: Creation, stored: StoredWish): Promise<void> {
  const { world, signal } = session;
  let isTaken: boolean;
  try {
    isTaken = await find(session, creation.owner, creation.name) !== undefined;
  } catch (error) {
    await world.store.remove(stored.key, stored.version, signal);
    throw error;
  }
  if (!isTaken) return;
  await world.store.remove(stored.key, stored.version, signal);
  throw exists(creation);
}

/** The wish that is left once the workspace is there: it is stopped when it was started. */
export async function adopt(
  session: Session,
  stored: StoredWish,
  workspace: Workspace,
): Promise<StoredWish | undefined> {
  const { store } = session.world;
  const { sent: _, ...record } = stored.record;
  if (record.wish.want.running) {
    await store.remove(stored.key, stored.version, session.signal);
    return undefined;
  }
  const made = { ...record, workspace: workspace.id };
  return await store.write(stored.key, made, stored.version, session.signal);
}

/** Whether somebody may be waiting for Coder's answer. */
export function isBeingMade({ workspace, sent }: WishRecord, now: number): boolean {
  return workspace === undefined && sent !== undefined && now - Date.parse(sent.at) < SENT_MS;
}

/** By its name; undefined where there is none. */
export async function find(
  session: Session,
  owner: { readonly id: string },
  name: string,
): Promise<Workspace | undefined> {
  const { workspaces } = await session.client();
  return await workspaces.find(owner.id, name, { signal: session.signal });
}

async function make(session: Session, creation: Creation, stored: StoredWish): Promise<Workspace> {
  const { world, signal } = session;
  const { owner, running: _, ...asked } = creation;
  try {
    return await session.write(
      "create workspace",
      ({ workspaceChanges }) => workspaceChanges.create(owner.id, asked, { signal }),
    );
  } catch (error) {
    const failure = failureOf(error);
    if (failure === "unknown") {
      const made = await find(session, owner, creation.name).catch(() => undefined);
      // There was none before, and nobody else is making one here.
      if (made !== undefined) return made;
      // It was carried out, and cannot be read.
      if (!isBadResponse(error)) throw error;
    }
    await world.store.remove(stored.key, stored.version, signal);
    const isTaken = failure === "conflict" &&
      await find(session, owner, creation.name).catch(() => undefined) !== undefined;
    throw isTaken ? exists(creation) : error;
  }
}

function exists({ owner, name }: Creation): ActionError {
  return new ActionError("exists", `workspace ${name} of ${owner.name} exists already`);
}
