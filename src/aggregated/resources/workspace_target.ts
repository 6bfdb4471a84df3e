/** Writes to workspaces: what is asked of Coder, what is kept beside it, and what there is then. */
import type { ActionResult, WorkspaceChange } from "../../actions/mod.ts";
import { type CoderWorkspace, CoderWorkspaces } from "../../api/workspace.ts";
import type { Backend, Workspace } from "../../inventory/mod.ts";
import type { ShadowRecord, StoredShadow } from "../../shadow/mod.ts";
import { isSameContent } from "../../inventory/mod.ts";
import { parseWorkspaceName, plainWorkspaceName } from "../names.ts";
import { notFound } from "../serving/status_errors.ts";
import type { RequestContext, ResourceDefinition } from "../serving/storage.ts";
import { pathName } from "../writing/meta/names.ts";
import {
  type Asking,
  type Live,
  StaleError,
  type UpdateAsking,
  type WriteTarget,
} from "../writing/target.ts";
import { writeStatus } from "./action_status.ts";
import { admitted } from "./admission.ts";
import { openAsOf } from "./coder_as.ts";
import { commit, type Committed } from "./commit.ts";
import { metadataToKeep } from "./metadata_to_keep.ts";
import { named } from "./lookup.ts";
import { coderName } from "./naming.ts";
import {
  changeOf,
  defaultedChange,
  defaultedNew,
  isSpecifiedAlike,
  keptSpec,
  warningsOf,
  workspaceCauses,
  workspaceField,
} from "./workspace_change.ts";
import { WorkspaceCreator, type WorkspaceWorld } from "./workspace_create.ts";

export interface WorkspaceTargetOptions extends WorkspaceWorld {
  readonly definition: ResourceDefinition<CoderWorkspace>;
}

/** A workspace as it was read: all of it belongs to one moment. */
interface State {
  readonly backend: Backend;
  readonly plain: string;
  readonly shown: CoderWorkspace;
  readonly record: Workspace;
  readonly shadow: StoredShadow | undefined;
}

const type = CoderWorkspaces;

export function workspaceTarget(options: WorkspaceTargetOptions): WriteTarget<CoderWorkspace> {
  return new WorkspaceTarget(options);
}

class WorkspaceTarget implements WriteTarget<CoderWorkspace> {
  readonly #options: WorkspaceTargetOptions;
  readonly #creator: WorkspaceCreator;
  readonly rules = {
    unversioned: "BadRequest",
    // Coder's names may have capital letters; what is none of Coder's is refused as a whole.
    nameRule: pathName,
    isSameVersion: isSameContent,
  } as const;

  constructor(options: WorkspaceTargetOptions) {
    this.#options = options;
    this.#creator = new WorkspaceCreator(options);
  }

  get definition() {
    return this.#options.definition;
  }

  admit(...[verb, key, context]: Parameters<WriteTarget["admit"]>) {
    return admitted(type, verb, key, context, this.#options.world);
  }

  async read({ namespace, name }: { namespace: string; name: string }, context: RequestContext) {
    const { resources, finder, world } = this.#options;
    const { backend } = await finder.find({ namespace, name }, context);
    const { plain } = finder.parse(name);
    // All at once: somebody may have changed it since it was found.
    const object = resources.workspaces.collection.get(resources.keyIn(backend, plain));
    const id = object?.metadata.uid ?? "";
    const record = backend.copy.workspace(id);
    if (object === undefined || record === undefined) throw notFound(type, name);
    const shown = named(object, name);
    const shadow = world.keeping(backend).shadows.get("workspaces", id);
    const state: State = { backend, plain, shown, record, shadow };
    return { object: shown, state };
  }

  defaulted(object: CoderWorkspace, change?: { readonly before: CoderWorkspace; readonly isWhole: boolean }) {
    if (change !== undefined) return defaultedChange(object, change.before, change.isWhole);
    const { name = "" } = object.metadata;
    this.#options.finder.parse(name);
    return defaultedNew(object, parseWorkspaceName(name));
  }

  causes(after: CoderWorkspace, before: CoderWorkspace | undefined) {
    return workspaceCauses(after, before);
  }

  create(object: CoderWorkspace, asking: Asking): Promise<CoderWorkspace> {
    return this.#creator.create(object, asking);
  }

  async update(
    after: CoderWorkspace,
    before: Live<CoderWorkspace>,
    asking: UpdateAsking,
  ): Promise<CoderWorkspace> {
    const state = before.state as State;
    const { context } = asking;
    const change = asking.repeats === true ? { running: false } : changeOf(state.shown.spec, after.spec);
    for (const warning of warningsOf(after.spec, state.shown.spec)) context.warn(warning);
    await this.#commit(after, state, asking, change);
    return asking.dryRun ? after : this.#shown(state);
  }

  /** A stop that failed is shown as no running one: who says once more that it is not to run means it. */
  repeats({ object, state }: Live<CoderWorkspace>, spoken: { has(name: string): boolean }): boolean {
    const { latest_build: { transition, status } } = (state as State).record;
    return spoken.has("running") && object.spec.running === false && transition === "stop" &&
      (status === "failed" || status === "canceled");
  }

  async remove(before: Live<CoderWorkspace>, asking: Asking): Promise<CoderWorkspace | undefined> {
    const state = before.state as State;
    const { backend, record, shadow } = state;
    const { context, dryRun } = asking;
    const { user, signal, warn } = context;
    const { shadows } = this.#options.world.keeping(backend);
    const { workspaces } = this.#options.world.workbench(backend);
    try {
      // Finalizers that another replica has kept a moment ago must be waited for.
      const now = await shadows.read("workspaces", record.id, signal);
      if (now?.version !== shadow?.version) throw new StaleError("what is kept of it has changed");
      const result = await workspaces.remove(record.id, {}, {
        by: user.name,
        signal,
        dryRun,
        precondition: (workspace) => this.#check(workspace, state),
        openAs: openAsOf(context, backend),
      });
      this.#tell(result, warn);
      if (dryRun) return deleted(before.object);
      if (result.workspace === undefined) return undefined;
      // That nothing is waited for any more is kept last: a deletion that is cut off is gone on with.
      try {
        await commit({ shadows, before: shadow, after: recordOf(before.object, state), dryRun, signal });
      } catch (error) {
        // What was kept of it goes with it.
        if (!(error instanceof StaleError) || this.#found(state) !== undefined) throw error;
      }
      return this.#found(state);
    } catch (error) {
      throw this.#refusal(error, state);
    }
  }

  async list(namespace: string, context: RequestContext): Promise<readonly CoderWorkspace[]> {
    const { resources, sight } = this.#options;
    const sees = await sight?.(context, namespace);
    const { items } = resources.workspaces.collection.list(namespace);
    return sees === undefined ? items : items.filter(sees);
  }

  async #commit(
    after: CoderWorkspace,
    state: State,
    { context: asked, dryRun }: Asking,
    change: WorkspaceChange | undefined,
  ): Promise<Committed<ActionResult>> {
    const { user, signal, warn } = asked;
    const { backend, record, shadow } = state;
    const { world } = this.#options;
    const kept = recordOf(after, state);
    const { refusal: _, ...renewed } = kept;
    try {
      return await commit({
        shadows: world.keeping(backend).shadows,
        before: shadow,
        // Who asks for something else is not told any more of what was refused.
        after: change === undefined ? kept : renewed,
        dryRun,
        signal,
        ...(change === undefined ? {} : {
          change: async () => {
            const precondition = (workspace: Workspace) => this.#check(workspace, state);
            const openAs = openAsOf(asked, backend);
            const context = { by: user.name, signal, dryRun, precondition, openAs };
            const result = await world.workbench(backend).workspaces.change(record.id, change, context);
            this.#tell(result, warn);
            return result;
          },
        }),
      });
    } catch (error) {
      throw this.#refusal(error, state);
    }
  }

  #check(workspace: Workspace, { record }: State): void {
    if (!isSpecifiedAlike(workspace, record)) throw new StaleError("it was changed in Coder");
  }

  #tell({ warnings, state, message }: ActionResult, warn: (text: string) => void): void {
    for (const warning of warnings) warn(warning);
    if (state === "kept") warn(message);
  }

  #shown(state: State): CoderWorkspace {
    const object = this.#found(state);
    if (object === undefined) throw notFound(type, state.shown.metadata.name ?? "");
    return object;
  }

  #found({ backend, plain, shown }: State): CoderWorkspace | undefined {
    const { resources } = this.#options;
    const object = resources.workspaces.collection.get(resources.keyIn(backend, plain));
    const isThis = object?.metadata.uid === shown.metadata.uid;
    return object === undefined || !isThis ? undefined : named(object, shown.metadata.name ?? "");
  }

  #refusal(error: unknown, { backend, shown }: State): unknown {
    const { finder } = this.#options;
    return writeStatus(error, {
      fieldOf: workspaceField,
      type,
      name: shown.metadata.name ?? "",
      coder: coderName(backend),
      isWrite: true,
      isAway: finder.isAway(backend),
    });
  }
}

/** What is to be kept of a workspace that was read before. */
function recordOf({ metadata, spec }: CoderWorkspace, { shown, record, shadow }: State): ShadowRecord {
  const { deletionTimestamp: _since, deletionGracePeriodSeconds: _grace, ...kept } = metadataToKeep(metadata);
  const { spec: _spec, ...others } = shadow?.record ?? {};
  // That Coder deletes it is shown of itself.
  const isAsShown = metadata.deletionTimestamp === shown.metadata.deletionTimestamp;
  const { deletionTimestamp, deletionGracePeriodSeconds } = isAsShown
    ? shadow?.record.metadata ?? {}
    : metadata;
  return {
    ...others,
    kind: "workspaces",
    id: record.id,
    name: plainNameOf(record),
    metadata: {
      ...kept,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
    },
    ...keptSpec(spec, shown.spec, shadow?.record.spec),
  };
}

function plainNameOf({ organization_name, owner_name, name }: Workspace): string {
  return plainWorkspaceName({ organization: organization_name, owner: owner_name, workspace: name }) ?? name;
}

/** How it would be. */
function deleted(object: CoderWorkspace): CoderWorkspace {
  const { deletionTimestamp = `${new Date().toISOString().slice(0, 19)}Z` } = object.metadata;
  return {
    ...object,
    metadata: { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 },
  };
}
