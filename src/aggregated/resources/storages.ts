/** The two storages: what is read, and where there is a world to write to, what is written. */
import type { KubeObject } from "../../api/object.ts";
import { workspaceDefinition } from "../../api/workspace.ts";
import { type CoderTemplate, CoderTemplates, templateDefinition } from "../../api/template.ts";
import { type CoderWorkspace, CoderWorkspaces } from "../../api/workspace.ts";
import { parseTemplateName, parseWorkspaceName } from "../names.ts";
import type { Backend } from "../../inventory/mod.ts";
import type { RequestContext, ResourceStorage } from "../serving/storage.ts";
import type { WriteTarget } from "../writing/target.ts";
import { createWriter } from "../writing/writer.ts";
import { resourceDefinition } from "./definitions.ts";
import { createFinder, type FinderOptions, type Sight } from "./find.ts";
import { readStorage, type Times } from "./read_storage.ts";
import type { Resources } from "./resources.ts";
import { withSource } from "./template_source.ts";
import { templateTarget } from "./template_target.ts";
import { workspaceTarget } from "./workspace_target.ts";
import type { WriteWorld } from "./write_world.ts";

const READ_VERBS = ["get", "list", "watch"] as const;
const ALL_VERBS = [...READ_VERBS, "create", "update", "patch", "delete", "deletecollection"] as const;

/** Workspaces. `sight`: whose somebody sees, and changes. `world`: absent, they are read only. */
export function workspaceStorage(
  resources: Resources,
  sight?: Sight<CoderWorkspace>,
  times: Times = {},
  world?: WriteWorld,
): ResourceStorage<CoderWorkspace> {
  const verbs = world === undefined ? READ_VERBS : ALL_VERBS;
  const definition = resourceDefinition(workspaceDefinition, CoderWorkspaces, verbs);
  const finding: Omit<FinderOptions<CoderWorkspace>, "type"> = {
    kind: "workspaces",
    resources,
    view: resources.workspaces,
    parse(name) {
      const { controlPlane, organization, owner, workspace } = parseWorkspaceName(name);
      return { controlPlane, plain: `${organization}.${owner}.${workspace}` };
    },
    find: ({ copy }, plain, signal) => copy.findWorkspace(parseWorkspaceName(plain), signal),
    ...(sight === undefined ? {} : { sight }),
  };
  const read = readStorage({
    ...finding,
    definition,
    resources,
    log: ({ metadata }, { copy }, build, signal) => copy.workspaceLog(metadata.uid ?? "", build, signal),
    times,
  });
  if (world === undefined) return read;
  const finder = createFinder({ ...finding, type: CoderWorkspaces });
  const target = workspaceTarget({ definition, resources, finder, sight, world });
  return { ...read, write: writerOf(target, world, times) };
}

function writerOf<T extends KubeObject>(
  target: WriteTarget<T>,
  { audit }: Pick<WriteWorld, "audit">,
  { wallTime }: Times,
) {
  return createWriter(target, {
    ...(audit === undefined ? {} : { audit }),
    ...(wallTime === undefined ? {} : { now: wallTime }),
  });
}

/** Templates, with their files where one is read alone. `world`: absent, they are read only. */
export function templateStorage(
  resources: Resources,
  times: Times = {},
  world?: WriteWorld,
): ResourceStorage<CoderTemplate> {
  const verbs = world === undefined ? READ_VERBS : ALL_VERBS;
  const definition = resourceDefinition(templateDefinition, CoderTemplates, verbs);
  const finding: Omit<FinderOptions<CoderTemplate>, "type"> = {
    kind: "templates",
    resources,
    view: resources.templates,
    parse(name) {
      const { controlPlane, organization, template } = parseTemplateName(name);
      return { controlPlane, plain: `${organization}.${template}` };
    },
    find: ({ copy }, plain, signal) => copy.findTemplate(parseTemplateName(plain), signal),
  };
  const complete = (object: CoderTemplate, backend: Backend, context: RequestContext) =>
    withSource(resources, object, backend, context);
  const read = readStorage({
    ...finding,
    definition,
    resources,
    log({ metadata }, { copy }) {
      const template = copy.template(metadata.uid ?? "");
      return Promise.resolve(template === undefined ? undefined : copy.templateLog(template));
    },
    times,
    complete,
  });
  if (world === undefined) return read;
  const finder = createFinder({ ...finding, type: CoderTemplates });
  const view = resources.templates;
  const target = templateTarget({ definition, resources, view, finder, complete, world });
  return { ...read, write: writerOf(target, world, times) };
}
