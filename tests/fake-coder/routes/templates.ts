/** Templates, their versions and the files of those, as far as reading them. */
import { randomUUID } from "node:crypto";
import { notFound, ok } from "../reply.ts";
import type { FakeRoute } from "../route.ts";
import type { FakeState } from "../state.ts";

/** Adds a template, as the API would show it. */
export function addTemplate(state: FakeState, name: string, changes: Record<string, unknown> = {}) {
  const organization = state.defaultOrganization;
  const template = {
    id: randomUUID(),
    created_at: state.time(),
    updated_at: state.time(),
    organization_id: organization.id,
    organization_name: organization.name,
    organization_display_name: organization.display_name,
    name,
    display_name: "",
    provisioner: "terraform",
    active_version_id: randomUUID(),
    active_user_count: -1,
    build_time_stats: { start: { P50: null, P95: null } },
    description: "",
    deprecated: false,
    deprecation_message: "",
    icon: "",
    default_ttl_ms: 0,
    ...changes,
  };
  state.templates.push(template);
  return template;
}

/** Adds a version with an archive, and makes it the active one; its id. */
export function addVersion(state: FakeState, template: Record<string, unknown>, archive: Uint8Array): string {
  const [version, file] = [randomUUID(), randomUUID()];
  state.files.set(file, archive);
  state.templateVersions.push({
    id: version,
    template_id: template["id"],
    name: `version-${state.templateVersions.length + 1}`,
    created_at: state.time(),
    updated_at: state.time(),
    job: { id: randomUUID(), status: "succeeded", file_id: file, tags: {} },
  });
  template["active_version_id"] = version;
  template["updated_at"] = state.time();
  return version;
}

export const templateRoutes: readonly FakeRoute[] = [
  {
    method: "GET",
    template: "/api/v2/templates",
    query: ["q"],
    handle: ({ state, query }) => {
      const deprecated = query.get("q") === "deprecated:true";
      return ok(state.templates.filter((template) => template["deprecated"] === deprecated));
    },
  },
  {
    method: "GET",
    template: "/api/v2/templates/{template}",
    handle: ({ state, parameters }) => {
      const template = state.templates.find((one) => one["id"] === parameters["template"]);
      return template === undefined ? notFound() : ok(template);
    },
  },
  {
    method: "GET",
    template: "/api/v2/organizations/{organization}/templates/{name}",
    handle: ({ state, parameters }) => {
      const organization = state.organization(parameters["organization"] ?? "");
      const name = parameters["name"]?.toLowerCase();
      const template = state.templates.find((one) =>
        one["organization_id"] === organization?.id && String(one["name"]).toLowerCase() === name
      );
      return template === undefined ? notFound() : ok(template);
    },
  },
  {
    method: "GET",
    template: "/api/v2/templateversions/{version}",
    handle: ({ state, parameters }) => {
      const version = state.templateVersions.find((one) => one["id"] === parameters["version"]);
      return version === undefined ? notFound() : ok(version);
    },
  },
  {
    method: "GET",
    template: "/api/v2/files/{file}",
    handle: ({ state, parameters }) => {
      const bytes = state.files.get(parameters["file"] ?? "");
      return bytes === undefined
        ? notFound()
        : { status: 200, bytes, headers: { "Content-Type": "application/x-tar" } };
    },
  },
];
