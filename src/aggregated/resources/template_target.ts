/** What becomes of a template that is written: what Coder is told, and what is kept beside it. */
import type { Request, TemplateActions, VersionInputs } from "../../actions/templates/mod.ts";
import type { ObjectKey } from "../../api/object.ts";
import type { CoderTemplate, TemplateSpec } from "../../api/template.ts";
import { type Backend, isSameContent, type Template } from "../../inventory/mod.ts";
import type { Keeping, StoredShadow } from "../../shadow/mod.ts";
import { parseTemplateName } from "../names.ts";
import { badRequest, conflict, serviceUnavailable } from "../serving/status_errors.ts";
import type { RequestContext, ResourceDefinition } from "../serving/storage.ts";
import {
  type Asking,
  type Live,
  StaleError,
  type UpdateAsking,
  type WriteTarget,
} from "../writing/target.ts";
import { pathName } from "../writing/meta/names.ts";
import { writeStatus } from "./action_status.ts";
import { admitted, backendFor } from "./admission.ts";
import { openAsOf } from "./coder_as.ts";
import { commit } from "./commit.ts";
import type { Finder } from "./find.ts";
import type { KindView } from "./kind_view.ts";
import { named } from "./lookup.ts";
import { coderName } from "./naming.ts";
import type { Resources } from "./resources.ts";
import {
  appliesFiles,
  defaultedTemplate,
  firstSettings,
  laterSettings,
  namedSecrets,
  sameAgain,
  templateCauses,
  templateField,
  templateRecord,
  wantedOf,
  withEmptied,
} from "./template_change.ts";
import { checkSeen, type SeenTemplate } from "./template_seen.ts";
import type { FirstContent, WriteWorld } from "./write_world.ts";

export interface TemplateTargetOptions {
  readonly definition: ResourceDefinition<CoderTemplate>;
  readonly resources: Pick<Resources, "backends" | "keyIn">;
  readonly view: Pick<KindView<Template, CoderTemplate>, "collection">;
  readonly finder: Finder<CoderTemplate>;
  /** The object with its files; without them where they cannot be read now, which is told as a warning. */
  complete(object: CoderTemplate, backend: Backend, context: RequestContext): Promise<CoderTemplate>;
  readonly world: WriteWorld;
}

/** What was known of an object when it was read. */
interface State extends SeenTemplate {
  readonly backend: Backend;
  readonly keeping: Keeping;
  readonly shadow: StoredShadow | undefined;
  /** The files could be read, or there are none. */
  readonly hasFiles: boolean;
}

/** Deleting what was made in vain may take so long, in milliseconds, whatever becomes of the request. */
const UNDO_MS = 10_000;

export function templateTarget(options: TemplateTargetOptions): WriteTarget<CoderTemplate> {
  const { definition, resources, view, finder, world } = options;
  const { type } = definition;
  /** Those that delete: nobody needs files for that. */
  const deletions = new WeakSet<RequestContext>();

  /** As it is shown now, under the name that was asked for. */
  function shown(backend: Backend, plain: string, name: string): CoderTemplate | undefined {
    const object = view.collection.get(resources.keyIn(backend, plain));
    return object === undefined ? undefined : named(object, name);
  }

  async function read(key: ObjectKey, context: RequestContext): Promise<Live<CoderTemplate>> {
    const { backend, object: found } = await finder.find(key, context);
    // At one moment, and as what is shown was made of it.
    const object = shown(backend, finder.parse(key.name).plain, key.name) ?? found;
    const id = object.metadata.uid ?? "";
    const keeping = world.keeping(backend);
    const shadow = keeping.shadows.get("templates", id);
    const change = keeping.changeOf(id);
    const template = backend.copy.template(id);
    let hasFiles = true;
    if (deletions.has(context)) {
      return { object, state: { backend, keeping, shadow, change, template, hasFiles } satisfies State };
    }
    const whole = await options.complete(object, backend, {
      ...context,
      warn(text) {
        hasFiles = false;
        context.warn(text);
      },
    });
    return { object: whole, state: { backend, keeping, shadow, change, template, hasFiles } satisfies State };
  }

  function asked(name: string, backend: Backend) {
    return {
      type,
      name,
      coder: coderName(backend),
      isWrite: true,
      isAway: finder.isAway(backend),
      fieldOf: templateField,
    };
  }

  async function telling<R>(name: string, backend: Backend, run: () => Promise<R>): Promise<R> {
    try {
      return await run();
    } catch (error) {
      throw writeStatus(error, asked(name, backend));
    }
  }

  /** Values of variables, for who may know them. */
  async function inputsOf(
    { variables, provisionerTags }: TemplateSpec,
    namespace: string,
    { user, signal }: RequestContext,
  ): Promise<Pick<VersionInputs, "variables" | "tags">> {
    return {
      ...(variables === undefined ? {} : {
        variables: await Promise.all(variables.map(async ({ name, value, valueFrom }) => ({
          name,
          value: valueFrom === undefined
            ? value ?? ""
            : await world.secretValue({ namespace, ...valueFrom.secretKeyRef }, user, signal),
        }))),
      }),
      ...(provisionerTags === undefined ? {} : { tags: provisionerTags }),
    };
  }

  /** They are read later, for nobody: who names them must be allowed to get them now. */
  async function checkSecrets(
    names: readonly string[],
    namespace: string,
    { user, signal }: RequestContext,
  ): Promise<void> {
    if (names.length === 0) return;
    const { mayGetSecret } = world;
    if (mayGetSecret === undefined) throw badRequest("spec.source is not followed by this server");
    await Promise.all(names.map((name) => mayGetSecret({ namespace, name }, user, signal)));
  }

  async function create(object: CoderTemplate, asking: Asking): Promise<CoderTemplate> {
    const { context, dryRun } = asking;
    const { namespace = "", name = "" } = object.metadata;
    const parsed = finder.parse(name);
    const { organization, template: plainName } = parseTemplateName(parsed.plain);
    const backend = backendFor(resources, namespace, parsed);
    const { spec } = object;
    const inputs = await inputsOf(spec, namespace, context);
    const content = await firstContent(object, context);
    const { templates } = world.workbench(backend);
    const openAs = openAsOf(context, backend);
    const request: Request = { by: context.user.name, signal: context.signal, dryRun, openAs };
    return await telling(name, backend, async () => {
      const { template } = await templates.create({
        organization,
        name: plainName,
        settings: firstSettings(spec),
        ...inputs,
        ...(content === undefined ? {} : { entries: content.entries, message: content.message }),
        ...(spec.files === undefined ? {} : { files: spec.files }),
        ...(content !== undefined || spec.files !== undefined || spec.versionID === undefined
          ? {}
          : { versionId: spec.versionID }),
      }, request);
      // POST answers without files.
      const { files: _files, ...rest } = spec;
      if (template === undefined) return { ...object, spec: rest };
      const record = {
        ...templateRecord(object, { id: template.id, name: parsed.plain }),
        ...(content === undefined ? {} : { source: firstStatus(content, template) }),
      };
      await orUndone(templates, template, request, async () => {
        const later = laterSettings(spec);
        if (Object.keys(later).length > 0) await templates.update(template, { settings: later }, request);
        const { shadows } = world.keeping(backend);
        await commit({ shadows, before: undefined, after: record, dryRun, signal: context.signal });
      });
      return shown(backend, parsed.plain, name) ?? {
        ...object,
        metadata: { ...object.metadata, uid: template.id },
        spec: rest,
      };
    });
  }

  async function firstContent(
    { metadata: { namespace = "" }, spec: { source } }: CoderTemplate,
    { user, signal }: RequestContext,
  ): Promise<FirstContent | undefined> {
    if (source === undefined) return undefined;
    if (world.readSource === undefined) {
      throw badRequest("spec.source is not followed by this server");
    }
    return await world.readSource(source, namespace, user, signal);
  }

  async function update(
    after: CoderTemplate,
    { object: before, state }: Live<CoderTemplate>,
    { context, dryRun, spoken }: UpdateAsking,
  ): Promise<CoderTemplate> {
    const { backend, keeping, shadow, hasFiles } = state as State;
    const { namespace = "", name = "", uid: id = "" } = before.metadata;
    const { plain } = finder.parse(name);
    const differing = wantedOf(after.spec, before.spec);
    const saysAgain = isFailed(state as State) && differing.files === undefined &&
      differing.versionId === undefined && (saysFiles(spoken) || appliesFiles(after, before));
    const wanted = saysAgain ? { ...differing, ...sameAgain(after.spec, spoken) } : differing;
    if (wanted.files !== undefined && !hasFiles) {
      throw serviceUnavailable(
        "the files of the template cannot be read now, and nobody knows what the new ones would take the place of",
      );
    }
    await checkSecrets(namedSecrets(after.spec, before.spec), namespace, context);
    const isBuilt = wanted.files !== undefined || wanted.isAsBefore === true;
    const inputs = isBuilt ? await inputsOf(withEmptied(after.spec, before.spec), namespace, context) : {};
    const hasChange = Object.keys(wanted).length > 0;
    const template = backend.copy.template(id);
    if (hasChange && template === undefined) throw new StaleError("the template is gone");
    const request: Request = {
      by: context.user.name,
      signal: context.signal,
      dryRun,
      precondition: (now, change) => checkSeen(state as State, { template: now, change }, isBuilt),
      openAs: openAsOf(context, backend),
    };
    return await telling(name, backend, async () => {
      await commit({
        shadows: keeping.shadows,
        before: shadow,
        after: templateRecord(after, { id, name: plain }, shadow?.record),
        dryRun,
        signal: context.signal,
        ...(hasChange
          ? {
            async change() {
              const { templates } = world.workbench(backend);
              const told = await templates.update(template!, { ...wanted, ...inputs }, request);
              for (const setting of told.dropped) {
                context.warn(
                  `${templateField(setting)} was not changed by Coder: its licence does not cover it`,
                );
              }
            },
          }
          : {}),
      });
      if (dryRun) return after;
      const object = shown(backend, plain, name) ?? after;
      return await options.complete(object, backend, context);
    });
  }

  async function remove(
    { object, state }: Live<CoderTemplate>,
    { context, dryRun }: Asking,
  ): Promise<CoderTemplate | undefined> {
    const { backend, keeping, shadow } = state as State;
    const { name = "", uid: id = "" } = object.metadata;
    const template = backend.copy.template(id);
    if (template === undefined) return undefined;
    const users = [...backend.copy.workspaces()].filter(({ template_id }) => template_id === id).length;
    if (dryRun && users > 0) {
      throw conflict(type, name, `the template has ${users} workspaces: delete them first`);
    }
    await telling(name, backend, async () => {
      // Finalizers that another replica has kept a moment ago must be waited for.
      const now = await keeping.shadows.read("templates", id, context.signal);
      if (now?.version !== shadow?.version) throw new StaleError("what is kept of it has changed");
      await world.workbench(backend).templates.delete(template, {
        by: context.user.name,
        signal: context.signal,
        dryRun,
        openAs: openAsOf(context, backend),
      });
    });
    if (dryRun || shadow === undefined) return undefined;
    // It is gone; what is left is swept.
    await keeping.shadows.remove("templates", id, shadow.version, context.signal).catch(() => {});
    return undefined;
  }

  return {
    definition,
    // Coder's names may have capital letters; what is none of Coder's is refused as a whole.
    rules: { unversioned: "BadRequest", nameRule: pathName, isSameVersion: isSameContent },
    admit(verb, key, context) {
      if (verb === "delete") deletions.add(context);
      return admitted(type, verb, key, context, world);
    },
    read,
    defaulted(object, change) {
      const { organization } = parseTemplateName(finder.parse(object.metadata.name ?? "").plain);
      const said = object.spec?.organization;
      if (change === undefined && said !== undefined && said !== "" && said !== organization) {
        throw badRequest(
          `spec.organization (${said}) is not the organization of metadata.name (${organization})`,
        );
      }
      return defaultedTemplate(object, organization, change);
    },
    causes: templateCauses,
    create,
    update,
    // Who says files that could not be built once more wants them tried again; who says the active version gives them up.
    repeats: ({ state }, spoken) => isFailed(state as State) && saysFiles(spoken),
    remove,
    list: (namespace) => Promise.resolve(view.collection.list(namespace).items),
  };
}

function isFailed({ change, hasFiles }: State): boolean {
  return hasFiles && change?.failure !== undefined;
}

function saysFiles(spoken: UpdateAsking["spoken"]): boolean {
  return spoken?.has("files") === true || spoken?.has("versionID") === true;
}

/** What is known of its source when a template was made of it. */
function firstStatus({ revision }: FirstContent, template: Template): Record<string, unknown> {
  return {
    revision,
    versionID: template.active_version_id,
    attemptedRevision: revision,
    checkedAt: `${new Date().toISOString().slice(0, 19)}Z`,
  };
}

/** All or nothing: a template is deleted again where what belongs to it cannot be kept. */
async function orUndone(
  templates: TemplateActions,
  template: Template,
  request: Request,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    const signal = AbortSignal.timeout(UNDO_MS);
    await templates.delete(template, { by: request.by, signal }).catch(() => {});
    throw error;
  }
}
