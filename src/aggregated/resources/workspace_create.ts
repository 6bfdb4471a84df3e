/** Making workspaces: in which Coder, for whom, of which template, and what is kept of them. */
import type { Creation } from "../../actions/mod.ts";
import { type CoderWorkspace, CoderWorkspaces } from "../../api/workspace.ts";
import {
  type Backend,
  CoderError,
  isNotFoundInCoder,
  type Template,
  type Workspace,
} from "../../inventory/mod.ts";
import type { ShadowRecord } from "../../shadow/mod.ts";
import { metadataOf } from "../convert/metadata.ts";
import { parseWorkspaceName, type WorkspaceName } from "../names.ts";
import { forbidden, invalid, serviceUnavailable, StatusError } from "../serving/status_errors.ts";
import type { RequestContext } from "../serving/storage.ts";
import { invalidValue } from "../writing/decode/causes.ts";
import { type Asking, StaleError } from "../writing/target.ts";
import { writeStatus } from "./action_status.ts";
import { backendFor } from "./admission.ts";
import { openAsOf } from "./coder_as.ts";
import { checkSize, commit } from "./commit.ts";
import { named } from "./lookup.ts";
import { metadataToKeep } from "./metadata_to_keep.ts";
import { coderName } from "./naming.ts";
import { creationOf, type FieldCause, keptSpec, warningsOf, workspaceField } from "./workspace_change.ts";
import type { Finder, Sight } from "./find.ts";
import type { Resources } from "./resources.ts";
import type { WriteWorld } from "./write_world.ts";

const type = CoderWorkspaces;
/** How often what somebody else keeps of a new workspace may be in the way. */
const MOST_TRIES = 5;

/** What changes of workspaces need. */
export interface WorkspaceWorld {
  readonly resources: Pick<Resources, "backends" | "formOf" | "keyIn" | "workspaces">;
  readonly finder: Finder<CoderWorkspace>;
  /** @default everybody sees everything */
  readonly sight?: Sight<CoderWorkspace> | undefined;
  readonly world: WriteWorld;
}

type Client = Awaited<ReturnType<Backend["open"]>>;

export class WorkspaceCreator {
  readonly #options: WorkspaceWorld;

  constructor(options: WorkspaceWorld) {
    this.#options = options;
  }

  /** See `WriteTarget.create`. */
  async create(object: CoderWorkspace, asking: Asking): Promise<CoderWorkspace> {
    const { resources, finder, world } = this.#options;
    const { context, dryRun } = asking;
    const { name = "", namespace = "" } = object.metadata;
    const parsed = finder.parse(name);
    const backend = backendFor(resources, namespace, parsed);
    try {
      const creation = await this.#creation(object, backend, parseWorkspaceName(parsed.plain), context);
      for (const warning of warningsOf(object.spec)) context.warn(warning);
      const { workspaces } = world.workbench(backend);
      const record: ShadowRecord = {
        kind: "workspaces",
        id: "",
        name: parsed.plain,
        metadata: metadataToKeep(object.metadata),
        ...keptSpec(object.spec, {}),
      };
      checkSize(record);
      const by = context.user.name;
      const { signal } = context;
      const openAs = openAsOf(context, backend);
      const { workspace, warnings } = await workspaces.create(creation, { by, signal, dryRun, openAs });
      for (const warning of warnings) context.warn(warning);
      if (workspace === undefined) return planned(object);
      const parametersOf = record.spec?.["parameters"] === undefined
        ? {}
        : { parametersOf: workspace.latest_build.id };
      await this.#keep({ ...record, id: workspace.id, ...parametersOf }, backend, context);
      if (object.spec.ttlMillis === 0 && workspace.ttl_ms) {
        // No new workspace can be without the time that its template has.
        await workspaces.change(workspace.id, { ttlMs: null }, { by, signal, openAs });
      }
      return this.#shown(object, workspace, backend, parsed.plain);
    } catch (error) {
      throw writeStatus(error, {
        fieldOf: workspaceField,
        type,
        name,
        coder: coderName(backend),
        isWrite: true,
        isAway: finder.isAway(backend),
      });
    }
  }

  async #creation(
    object: CoderWorkspace,
    backend: Backend,
    name: WorkspaceName,
    context: RequestContext,
  ): Promise<Creation> {
    const { signal } = context;
    const { templateName = "", templateVersionID } = object.spec;
    const client = await open(backend, signal);
    const [owner, template] = await Promise.all([
      client.users.find(name.owner, { signal }),
      client.templates.find(name.organization, templateName, { signal }),
    ]);
    await this.#mayMakeFor(owner, object, backend, context);
    const causes: FieldCause[] = [];
    const value = object.metadata.name ?? "";
    if (owner === undefined) {
      causes.push(nameCause(value, `Coder has no user ${JSON.stringify(name.owner)}`));
    } else if (owner.username !== name.owner) {
      causes.push(nameCause(value, `Coder calls the user ${JSON.stringify(owner.username)}`));
    }
    if (template === undefined) causes.push(templateCause(name.organization, templateName));
    else if (template.organization_name !== name.organization) {
      causes.push(
        nameCause(value, `Coder calls the organization ${JSON.stringify(template.organization_name)}`),
      );
    } else if (template.name !== templateName) {
      causes.push(
        asField(invalidValue("spec.templateName", templateName, `Coder calls it ${template.name}`)),
      );
    } else if (templateVersionID !== undefined) {
      causes.push(...await versionCauses(templateVersionID, template, client, signal));
    }
    if (causes.length > 0 || owner === undefined || template === undefined) {
      throw invalid(type, value, causes);
    }
    return creationOf(object.spec, {
      name: name.workspace,
      owner: { id: owner.id, name: owner.username },
      template: template.id,
    });
  }

  /** Who sees only their own makes only their own. Whether there are others they are not told. */
  async #mayMakeFor(
    owner: { readonly id: string; readonly username: string } | undefined,
    object: CoderWorkspace,
    backend: Backend,
    context: RequestContext,
  ): Promise<void> {
    const { namespace = "", name = "" } = object.metadata;
    const sees = await this.#options.sight?.(context, namespace);
    if (sees === undefined) return;
    const { controlPlane, copy: { addresses } } = backend;
    const place = { namespace, name, controlPlane, addresses };
    const isOwn = owner !== undefined && sees({
      ...object,
      metadata: metadataOf(place, { id: "", created_at: "" }),
      status: { ownerName: owner.username, ownerID: owner.id } as CoderWorkspace["status"],
    });
    if (isOwn) return;
    throw forbidden(context.user.name, {
      verb: "create",
      group: type.group,
      resource: type.plural,
      namespace,
      name,
    }, "workspaces for others need the verb all on coderworkspaces/others");
  }

  /** It is there: nothing may be lost any more. */
  async #keep(record: ShadowRecord, backend: Backend, { signal }: RequestContext): Promise<void> {
    const { shadows } = this.#options.world.keeping(backend);
    for (let tries = 1;; tries++) {
      const before = shadows.get(record.kind, record.id);
      const after = before === undefined ? record : together(record, before.record);
      try {
        await commit({ shadows, before, after, dryRun: false, signal });
        return;
      } catch (error) {
        if (error instanceof StaleError && tries < MOST_TRIES) continue;
        throw serviceUnavailable(
          "the workspace was created, but its metadata could not be kept: apply it once more",
          1,
          { cause: error },
        );
      }
    }
  }

  #shown(object: CoderWorkspace, workspace: Workspace, backend: Backend, plain: string): CoderWorkspace {
    const { resources } = this.#options;
    const { name = "" } = object.metadata;
    const shown = resources.workspaces.collection.get(resources.keyIn(backend, plain));
    if (shown?.metadata.uid === workspace.id) return named(shown, name);
    return { ...object, metadata: { ...object.metadata, uid: workspace.id } };
  }
}

async function open(backend: Backend, signal: AbortSignal): Promise<Client> {
  try {
    return await backend.open(signal);
  } catch (error) {
    if (error instanceof CoderError || error instanceof StatusError) throw error;
    signal.throwIfAborted();
    throw serviceUnavailable(`the Coder of ${coderName(backend)} cannot be asked now`, 1, { cause: error });
  }
}

async function versionCauses(
  version: string,
  template: Template,
  { templates }: Client,
  signal: AbortSignal,
): Promise<FieldCause[]> {
  const cause = (why: string) => [asField(invalidValue("spec.templateVersionID", version, why))];
  try {
    const { template_id } = await templates.version(version, { signal });
    return template_id === template.id ? [] : cause(`is no version of the template ${template.name}`);
  } catch (error) {
    if (!isNotFoundInCoder(error)) throw error;
    return cause("Coder has no such version");
  }
}

function nameCause(name: string, why: string): FieldCause {
  return asField(invalidValue("metadata.name", name, why));
}

function templateCause(organization: string, template: string): FieldCause {
  const name = `${organization}.${template}`;
  return {
    reason: "FieldValueNotFound",
    message: `Not found: there is no template ${JSON.stringify(name)}`,
    field: "spec.templateName",
  };
}

function asField({ field = "", ...cause }: { field?: string; message: string; reason?: string }): FieldCause {
  return { ...cause, field };
}

/** What its maker has said of it, and what somebody has said who was sooner. */
function together(ours: ShadowRecord, theirs: ShadowRecord): ShadowRecord {
  const [made, there] = [ours.metadata, theirs.metadata];
  const finalizers = [...new Set([...made.finalizers ?? [], ...there.finalizers ?? []])];
  return {
    ...ours,
    ...theirs,
    metadata: {
      ...made,
      ...there,
      labels: { ...made.labels, ...there.labels },
      annotations: { ...made.annotations, ...there.annotations },
      finalizers,
      managedFields: [...made.managedFields ?? [], ...there.managedFields ?? []],
    },
    spec: { ...ours.spec, ...theirs.spec },
  };
}

/** How it would be. */
function planned(object: CoderWorkspace): CoderWorkspace {
  const creationTimestamp = `${new Date().toISOString().slice(0, 19)}Z`;
  return {
    ...object,
    metadata: { ...object.metadata, uid: crypto.randomUUID(), creationTimestamp },
    status: { lastUsedAt: null, conditions: [] },
  };
}
