/** The two storages that are read. */
import { workspaceDefinition } from "../../api/workspace.ts";
import { type CoderTemplate, CoderTemplates, templateDefinition } from "../../api/template.ts";
import { type CoderWorkspace, CoderWorkspaces } from "../../api/workspace.ts";
import { isNotFoundInCoder } from "../../inventory/mod.ts";
import { withFiles } from "../convert/template.ts";
import { parseTemplateName, parseWorkspaceName } from "../names.ts";
import type { ResourceStorage } from "../serving/storage.ts";
import { resourceDefinition } from "./definitions.ts";
import { readStorage, type Sight } from "./read_storage.ts";
import type { Resources } from "./resources.ts";

const VERBS = ["get", "list", "watch"] as const;

/** Workspaces. `sight`: whose somebody sees. */
export function workspaceStorage(
  resources: Resources,
  sight?: Sight<CoderWorkspace>,
): ResourceStorage<CoderWorkspace> {
  return readStorage({
    kind: "workspaces",
    definition: resourceDefinition(workspaceDefinition, CoderWorkspaces, VERBS),
    resources,
    view: resources.workspaces,
    parse(name) {
      const { controlPlane, organization, owner, workspace } = parseWorkspaceName(name);
      return { controlPlane, plain: `${organization}.${owner}.${workspace}` };
    },
    find: ({ copy }, plain, signal) => copy.findWorkspace(parseWorkspaceName(plain), signal),
    ...(sight === undefined ? {} : { sight }),
  });
}

/** Templates, with their files where one is read alone. */
export function templateStorage(resources: Resources): ResourceStorage<CoderTemplate> {
  return readStorage({
    kind: "templates",
    definition: resourceDefinition(templateDefinition, CoderTemplates, VERBS),
    resources,
    view: resources.templates,
    parse(name) {
      const { controlPlane, organization, template } = parseTemplateName(name);
      return { controlPlane, plain: `${organization}.${template}` };
    },
    find: ({ copy }, plain, signal) => copy.findTemplate(parseTemplateName(plain), signal),
    async complete(object, { id, copy }, context) {
      const template = copy.template(object.metadata.uid ?? "");
      if (template === undefined) return object;
      try {
        return withFiles(object, await copy.files(template, context.signal));
      } catch (error) {
        context.signal.throwIfAborted();
        // Absent files mean "leave them as they are" when the object is written back.
        const why = isNotFoundInCoder(error) ? "Coder does not give them" : "they cannot be read now";
        context.warn(`spec.files is left out: ${why} (Coder of ${id})`);
        return object;
      }
    },
  });
}
