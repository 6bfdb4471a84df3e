/** What can be done to workspaces of one Coder deployment. */
import { isUnderWay, type Workspace } from "../../inventory/mod.ts";
import type { AuditEntry } from "../audit.ts";
import type { OpenAs } from "../calls.ts";
import { ActionError, invalid } from "../error.ts";
import { accept, type BuildChange } from "./accept.ts";
import { cancelBuild } from "./cancel.ts";
import { carryOut, NotCarriedOut, type Progress } from "./carry_out.ts";
import { checkCreation, create, type Creation } from "./create.ts";
import { checkBuild, plan } from "./plan.ts";
import { applySettings, problemsOfSettings, type SettingsChange, settingsFor } from "./settings.ts";
import type { Turns } from "./turns.ts";
import { keyOf, type WishRecord } from "./types.ts";
import { wordsFor } from "./words.ts";
import { type ActionClient, type ActionWorld, failureOf, Session } from "./world.ts";

/** Who asks, and how. */
export interface ActionContext {
  /** The human on whose behalf it is done. */
  readonly by: string;
  readonly signal: AbortSignal;
  /** Everything is checked, and nothing is changed. @default {false} */
  readonly dryRun?: boolean | undefined;
  /** Throws where the workspace is not what the caller takes it for. Asked before anything is changed. */
  readonly precondition?: ((workspace: Workspace) => void) | undefined;
  /**
   * The way to Coder that changes are made by, as the caller; what goes on in the background goes on with the operator's
   * access, once Coder has said that the caller may. @default {the operator's}
   */
  readonly openAs?: OpenAs<ActionClient> | undefined;
}

export type WorkspaceChange = BuildChange & SettingsChange;

/** What is known when an action returns. Nothing waits for builds. */
export interface ActionResult {
  /** Undefined where it is gone, or would only be made. */
  readonly workspace: Workspace | undefined;
  /** `kept`: the wish is not fulfilled yet, and is gone on with. `planned`: what a dry run would do. */
  readonly state: "done" | "underWay" | "kept" | "planned";
  /** In words. */
  readonly message: string;
  /** What is likely to be a mistake. */
  readonly warnings: readonly string[];
}

/** All of these throw {@linkcode ActionError} where they refuse, and what Coder answers where it does. */
export interface WorkspaceActions {
  /** Coder starts every new workspace; one that is not to run is stopped when it was started. */
  create(creation: Creation, context: ActionContext): Promise<ActionResult>;
  /**
   * Makes a workspace so. What takes a build while another one is active is kept, and done when that is over; what is
   * under way already is not begun again; what failed is tried again.
   */
  change(id: string, change: WorkspaceChange, context: ActionContext): Promise<ActionResult>;
  /** Deletes it by one build, however often it is asked for. */
  remove(
    id: string,
    options: { readonly orphan?: boolean | undefined },
    context: ActionContext,
  ): Promise<ActionResult>;
  /** Cancels the build that is active. A wish that waits for it is gone on with. */
  cancel(id: string, context: ActionContext): Promise<ActionResult>;
  /** The wish that is kept for a workspace. */
  pending(workspace: Workspace, signal: AbortSignal): Promise<WishRecord | undefined>;
}

/** Others may store wishes at the same time, so often at most. */
const MOST_TRIES = 5;

/** Makes them. `turns` is shared with the keeper of the same world. */
export function createWorkspaceActions(world: ActionWorld, turns: Turns): WorkspaceActions {
  return new Actions(world, turns);
}

type Told = Pick<AuditEntry, "action" | "changes"> & {
  workspace: AuditEntry["workspace"];
};

class Actions implements WorkspaceActions {
  readonly #world: ActionWorld;
  readonly #turns: Turns;

  constructor(world: ActionWorld, turns: Turns) {
    this.#world = world;
    this.#turns = turns;
  }

  create(creation: Creation, context: ActionContext): Promise<ActionResult> {
    const { owner, name, parameters, ...rest } = creation;
    const told: Told = {
      action: "create workspace",
      workspace: { owner: owner.id, name },
      changes: { ...rest, ...(parameters && { parameters: parameters.map(({ name }) => name) }) },
    };
    return this.#audited(told, context, async (session) => {
      const warnings = await checkCreation(session, creation, context.dryRun === true);
      if (context.dryRun === true) return planned(undefined, "it would be created", warnings);
      const key = keyOf(owner.id, name);
      const asking = { id: this.#world.newId(), by: context.by };
      const made = await this.#turns.take(key, () => create(session, creation, asking), context.signal);
      const { workspace, stored } = made;
      told.workspace = { ...told.workspace, id: workspace.id };
      return stored === undefined
        ? { workspace, state: "underWay", message: "it is being started", warnings }
        : {
          workspace,
          state: "kept",
          message: "Coder starts every new workspace: it is stopped when it was started",
          warnings,
        };
    });
  }

  change(id: string, change: WorkspaceChange, context: ActionContext): Promise<ActionResult> {
    const { parameters, ...rest } = change;
    const told: Told = {
      action: "change workspace",
      workspace: { id, owner: "", name: "" },
      changes: { ...rest, ...(parameters && { parameters: parameters.map(({ name }) => name) }) },
    };
    return this.#audited(told, context, async (session) => {
      const what = `workspace ${id} cannot be changed`;
      const refusal = invalid(what, problemsOfSettings(change, this.#world.now()));
      if (refusal !== undefined) throw refusal;
      return await this.#turn(
        session,
        id,
        context,
        told,
        (workspace) => this.#change(session, workspace, change, context),
      );
    });
  }

  remove(
    id: string,
    { orphan = false }: { readonly orphan?: boolean | undefined },
    context: ActionContext,
  ): Promise<ActionResult> {
    const told: Told = {
      action: "delete workspace",
      workspace: { id, owner: "", name: "" },
      changes: orphan ? { orphan } : {},
    };
    return this.#audited(told, context, async (session) => {
      const change = { remove: { orphan } };
      return await this.#turn(
        session,
        id,
        context,
        told,
        (workspace) => this.#build(session, workspace, change, context, []),
      );
    });
  }

  cancel(id: string, context: ActionContext): Promise<ActionResult> {
    const told: Told = { action: "cancel build", workspace: { id, owner: "", name: "" }, changes: {} };
    return this.#audited(told, context, async (session) => {
      const workspace = await this.#look(session, id, context, told);
      const message = await cancelBuild(session, workspace, context.dryRun === true);
      if (context.dryRun === true) return planned(workspace, message);
      return { workspace: await session.look(id), state: "underWay", message, warnings: [] };
    });
  }

  async pending(workspace: Workspace, signal: AbortSignal): Promise<WishRecord | undefined> {
    const stored = await this.#world.store.read(keyOf(workspace.owner_id, workspace.name), signal);
    return stored?.record.workspace === workspace.id ? stored.record : undefined;
  }

  async #turn<T>(
    session: Session,
    id: string,
    context: ActionContext,
    told: Told,
    run: (workspace: Workspace) => Promise<T>,
  ): Promise<T> {
    const seen = await this.#look(session, id, context, told);
    const key = keyOf(seen.owner_id, seen.name);
    // Who had to wait knows nothing of what those before have done.
    return await this.#turns.take(
      key,
      async (hasWaited) => await run(hasWaited ? await this.#look(session, id, context, told) : seen),
      context.signal,
    );
  }

  async #look(session: Session, id: string, context: ActionContext, told: Told): Promise<Workspace> {
    const workspace = await session.look(id);
    if (workspace === undefined) throw new ActionError("missing", `there is no workspace ${id} any more`);
    told.workspace = { id, owner: workspace.owner_name, name: workspace.name };
    context.precondition?.(workspace);
    return workspace;
  }

  async #change(
    session: Session,
    workspace: Workspace,
    change: WorkspaceChange,
    context: ActionContext,
  ): Promise<ActionResult> {
    const { running, restart, version, parameters, presetId, ...rest } = change;
    const build: BuildChange = { running, restart, version, parameters, presetId };
    const isBuilt = Object.values(build).some((value) => value !== undefined);
    const settings = settingsFor(workspace, rest);
    if (settings.some(({ call }) => call === "rename")) await this.#refuseRename(workspace, context, isBuilt);
    // What will be refused is refused before anything is changed.
    const warnings = isBuilt ? await checkBuild(session, workspace, build) : [];
    if (context.dryRun === true) {
      const words = settings.map(({ call }) => call).join(", ");
      if (!isBuilt) return planned(workspace, words === "" ? "nothing would change" : `it would ${words}`);
      const builds = await this.#build(session, workspace, build, context, warnings);
      return words === "" ? builds : { ...builds, message: `it would ${words}; ${builds.message}` };
    }
    const now = await applySettings(session, workspace, settings);
    if (now === undefined) throw new ActionError("missing", `workspace ${workspace.name} is gone`);
    if (isBuilt) return await this.#build(session, now, build, context, warnings);
    return { workspace: now, state: "done", message: "it is so", warnings };
  }

  /** A wish is kept under the name, and must not be lost. */
  async #refuseRename(workspace: Workspace, { signal }: ActionContext, isBuilt: boolean): Promise<void> {
    if (!isBuilt && await this.pending(workspace, signal) === undefined) return;
    const message = `workspace ${workspace.name} cannot be renamed while something else is to be done to it`;
    throw new ActionError("conflict", message);
  }

  async #build(
    session: Session,
    seen: Workspace,
    change: BuildChange | { readonly remove: { readonly orphan: boolean } },
    context: ActionContext,
    warnings: readonly string[],
  ): Promise<ActionResult> {
    const { store } = this.#world;
    const { signal, by } = context;
    const asking = { id: this.#world.newId(), by, at: new Date(this.#world.now()) };
    const key = keyOf(seen.owner_id, seen.name);
    let workspace = seen;
    for (let tries = 1;; tries++) {
      const stored = await store.read(key, signal);
      const record = accept(workspace, stored?.record, change, asking);
      if (context.dryRun === true) {
        return planned(workspace, await plan(session, record, workspace), warnings);
      }
      if (isUnderWay(workspace.latest_build.status)) {
        // It may be kept, and gone on with by others.
        const action = "remove" in change ? "delete" : "update";
        const object = { resource_type: "workspace", resource_id: workspace.id };
        await session.requireOwn({ action, object }, `workspace ${workspace.name} cannot be changed`);
      }
      const progress = await this.#carryOut(session, key, record, stored, workspace);
      if (progress.isLost !== true) return resultOf(progress, warnings);
      if (tries >= MOST_TRIES) {
        const message = `others change workspace ${workspace.name} all the time: try again`;
        throw new ActionError("conflict", message);
      }
      const now = await session.look(workspace.id);
      if (now === undefined) return resultOf({ workspace: now, outcome: "gone", built: [] }, warnings);
      workspace = now;
    }
  }

  async #carryOut(...given: Parameters<typeof carryOut>): Promise<Progress> {
    try {
      return await carryOut(...given);
    } catch (error) {
      throw error instanceof NotCarriedOut ? error.cause : error;
    }
  }

  /** Runs, and tells what came of it. */
  async #audited(
    told: Told,
    { by, signal, dryRun = false, openAs }: ActionContext,
    run: (session: Session) => Promise<ActionResult>,
  ): Promise<ActionResult> {
    const session = new Session(this.#world, signal, openAs);
    const tell = (result: AuditEntry["result"], message: string) => {
      if (dryRun) return;
      const at = new Date(this.#world.now());
      this.#world.audit.write({ at, by, ...told, calls: session.calls, result, message });
    };
    try {
      const result = await run(session);
      tell(result.state === "kept" ? "accepted" : "done", result.message);
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      tell(failureOf(error) === "unknown" ? "unknown" : "refused", message);
      throw error;
    }
  }
}

function planned(
  workspace: Workspace | undefined,
  message: string,
  warnings: readonly string[] = [],
): ActionResult {
  return { workspace, state: "planned", message, warnings };
}

function resultOf(progress: Progress, warnings: readonly string[]): ActionResult {
  const { workspace, outcome } = progress;
  const state = outcome === undefined ? "kept" : outcome === "underWay" ? "underWay" : "done";
  return { workspace, state, message: wordsFor(progress), warnings };
}
