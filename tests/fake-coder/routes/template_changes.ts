/** What changes templates, as a real coderd 2.30 was seen to answer. Imports end by `endImport`. */
import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { created, empty, forbidden, notFound, ok, refuse, type Reply } from "../reply.ts";
import type { Context, FakeRoute } from "../route.ts";
import type { FakeState } from "../state.ts";
import { addTemplate } from "./templates.ts";

type Row = Record<string, unknown>;

const requirement = z.strictObject({ days_of_week: z.array(z.string()), weeks: z.int().optional() });
const settings = {
  display_name: z.string().optional(),
  description: z.string().optional(),
  icon: z.string().optional(),
  default_ttl_ms: z.int().optional(),
  activity_bump_ms: z.int().optional(),
  allow_user_cancel_workspace_jobs: z.boolean().optional(),
  allow_user_autostart: z.boolean().optional(),
  allow_user_autostop: z.boolean().optional(),
  failure_ttl_ms: z.int().optional(),
  require_active_version: z.boolean().optional(),
  autostop_requirement: requirement.optional(),
  autostart_requirement: requirement.optional(),
  max_port_share_level: z.string().optional(),
  cors_behavior: z.string().optional(),
};
const creation = z.strictObject({
  ...settings,
  name: z.string(),
  template_version_id: z.guid(),
  dormant_ttl_ms: z.int().optional(),
  delete_ttl_ms: z.int().optional(),
  template_use_classic_parameter_flow: z.boolean().optional(),
});
const change = z.strictObject({
  ...settings,
  name: z.string().optional(),
  time_til_dormant_ms: z.int().optional(),
  time_til_dormant_autodelete_ms: z.int().optional(),
  deprecation_message: z.string().optional(),
  use_classic_parameter_flow: z.boolean().optional(),
});
const version = z.strictObject({
  storage_method: z.literal("file"),
  file_id: z.guid(),
  provisioner: z.literal("terraform"),
  tags: z.record(z.string(), z.string()),
  template_id: z.guid().optional(),
  name: z.string().max(64).optional(),
  message: z.string().optional(),
  user_variable_values: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
});

/** What a new template has where nothing was said. */
const DEFAULTS = {
  default_ttl_ms: 0,
  activity_bump_ms: 3_600_000,
  allow_user_cancel_workspace_jobs: true,
  allow_user_autostart: true,
  allow_user_autostop: true,
  failure_ttl_ms: 0,
  time_til_dormant_ms: 0,
  time_til_dormant_autodelete_ms: 0,
  require_active_version: false,
  autostop_requirement: { days_of_week: [], weeks: 1 },
  autostart_requirement: {
    days_of_week: ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
  },
  max_port_share_level: "public",
  cors_behavior: "simple",
  use_classic_parameter_flow: false,
};

/** What a change sets to zero unless it says otherwise: they are no pointers in coderd. */
const RESET = {
  default_ttl_ms: 0,
  activity_bump_ms: 0,
  allow_user_cancel_workspace_jobs: false,
  allow_user_autostart: false,
  allow_user_autostop: false,
  failure_ttl_ms: 0,
  time_til_dormant_ms: 0,
  time_til_dormant_autodelete_ms: 0,
  require_active_version: false,
};

const MOST_BYTES = 104_857_600;
const TYPES = ["application/x-tar", "application/zip", "application/x-zip-compressed"];
const HAS_WORKSPACES = "All workspaces must be deleted before a template can be removed.";

const jobOf = (row: Row) => row["job"] as Row;
const templateOf = ({ state, parameters }: Context) =>
  state.templates.find((one) => one["id"] === parameters["template"]);
const isNamed = (name: unknown) => (one: Row) =>
  String(one["name"]).toLowerCase() === String(name).toLowerCase();

/** A daemon takes the import of a version. */
export function beginImport(state: FakeState, id: string): void {
  const found = state.templateVersions.find((one) => one["id"] === id);
  if (found !== undefined) found["job"] = { ...jobOf(found), status: "running" };
}

/** Ends the import of a version. */
export function endImport(state: FakeState, id: string, failure?: string): void {
  const found = state.templateVersions.find((one) => one["id"] === id);
  if (found === undefined) return;
  const status = failure === undefined ? "succeeded" : "failed";
  found["job"] = { ...jobOf(found), status, error: failure ?? "", completed_at: state.time() };
}

function upload({ state, headers, bytes, caller }: Context): Reply {
  const type = String(headers["content-type"] ?? "");
  if (!TYPES.includes(type)) return refuse(400, `Unsupported content type header ${JSON.stringify(type)}.`);
  if (bytes.length > MOST_BYTES) {
    return refuse(400, "Failed to read file from request.", { detail: "http: request body too large" });
  }
  const hash = `${caller?.user.id} ${createHash("sha256").update(bytes).digest("hex")}`;
  const known = state.fileIds.get(hash);
  if (known !== undefined) return ok({ hash: known });
  const id = randomUUID();
  state.fileIds.set(hash, id);
  state.files.set(id, bytes);
  return created({ hash: id });
}

function createVersion({ state, body, parameters, caller }: Context): Reply {
  const organization = state.organization(parameters["organization"] ?? "");
  const wanted = body as z.output<typeof version>;
  const template = state.templates.find((one) => one["id"] === wanted.template_id);
  if (wanted.template_id !== undefined && template === undefined) return notFound();
  if (!state.files.has(wanted.file_id)) return refuse(404, "File not found.");
  const { name = `random_name${state.templateVersions.length}` } = wanted;
  const taken = template !== undefined &&
    state.templateVersions.some((one) => one["template_id"] === template["id"] && one["name"] === name);
  if (taken) {
    return refuse(
      409,
      `A template version with name ${JSON.stringify(name)} already exists for this template.`,
    );
  }
  const made = {
    id: randomUUID(),
    template_id: wanted.template_id ?? null,
    organization_id: organization?.id,
    name,
    message: wanted.message ?? "",
    archived: false,
    created_at: state.time(),
    updated_at: state.time(),
    created_by: { id: caller?.user.id, username: caller?.user.username },
    job: { id: randomUUID(), status: "pending", error: "", file_id: wanted.file_id, tags: wanted.tags },
    matched_provisioners: { count: 3, available: 3, most_recently_seen: state.time() },
    variables: wanted.user_variable_values ?? [],
  };
  state.templateVersions.push(made);
  return created(made);
}

function createTemplate({ state, body }: Context): Reply {
  const {
    dormant_ttl_ms = 0,
    delete_ttl_ms = 0,
    template_use_classic_parameter_flow = false,
    template_version_id,
    ...rest
  } = body as z.output<typeof creation>;
  if (state.templates.some(isNamed(rest.name))) {
    return refuse(409, `Template with name ${JSON.stringify(rest.name)} already exists.`, {
      validations: [{ field: "name", detail: "This value is already in use and should be unique." }],
    });
  }
  const first = state.templateVersions.find((one) => one["id"] === template_version_id);
  if (first === undefined) return notFound();
  if (first["template_id"] !== null) {
    return refuse(400, `Template version ${template_version_id} is already part of a template`);
  }
  const made = addTemplate(state, rest.name, {
    ...DEFAULTS,
    ...rest,
    time_til_dormant_ms: dormant_ttl_ms,
    time_til_dormant_autodelete_ms: delete_ttl_ms,
    use_classic_parameter_flow: template_use_classic_parameter_flow,
    active_version_id: template_version_id,
  });
  first["template_id"] = made.id;
  return created(made);
}

function patchTemplate(context: Context): Reply {
  const { state, body, settings: { edition } } = context;
  const template = templateOf(context);
  if (template === undefined) return notFound();
  const wanted = body as z.output<typeof change>;
  if ((wanted.description ?? "").length > 128) {
    return refuse(500, "value too long for type character varying(128)");
  }
  if (
    wanted.name !== undefined && wanted.name !== template["name"] &&
    state.templates.some(isNamed(wanted.name))
  ) {
    return refuse(409, `Template with name ${JSON.stringify(wanted.name)} already exists.`);
  }
  const level = wanted.max_port_share_level;
  if (edition === "agpl" && level !== undefined && level !== template["max_port_share_level"]) {
    return refuse(400, "Restricting port sharing level is an enterprise feature that is not enabled.");
  }
  const changed: Row = { ...RESET, ...wanted };
  if (edition === "agpl") {
    // Advanced schedules are ignored as a whole.
    for (
      const key of ["allow_user_autostart", "allow_user_autostop", "failure_ttl_ms", "require_active_version"]
    ) {
      delete changed[key];
    }
    for (const key of ["time_til_dormant_ms", "time_til_dormant_autodelete_ms", "deprecation_message"]) {
      delete changed[key];
    }
  }
  const before = JSON.stringify(template);
  Object.assign(template, changed);
  if (JSON.stringify(template) === before) return empty(304);
  template["updated_at"] = state.time();
  return ok(template);
}

function promote(context: Context): Reply {
  const template = templateOf(context);
  const wanted = context.state.templateVersions.find((one) => one["id"] === context.body.id);
  if (template === undefined || wanted === undefined) return notFound();
  if (wanted["template_id"] !== template["id"]) {
    return refuse(400, "The provided template version doesn't belong to the specified template.");
  }
  if (wanted["archived"] === true) return refuse(400, "The provided template version is archived.");
  const { status } = jobOf(wanted);
  if (status !== "succeeded") {
    return refuse(403, "Only versions that have been built successfully can be promoted.", {
      detail: `Attempted to promote a version with a ${status} build`,
    });
  }
  template["active_version_id"] = wanted["id"];
  template["updated_at"] = context.state.time();
  return ok({ message: "Updated the active template version!" });
}

function remove(context: Context): Reply {
  const { state } = context;
  const template = templateOf(context);
  if (template === undefined) return notFound();
  const isUsed = state.workspaces.some((one) =>
    one["template_id"] === template["id"] && one["deleted"] !== true
  );
  if (isUsed) return refuse(400, HAS_WORKSPACES);
  state.templates.splice(state.templates.indexOf(template), 1);
  return ok({ message: "Template has been deleted!" });
}

function cancel({ state, parameters }: Context): Reply {
  const found = state.templateVersions.find((one) => one["id"] === parameters["version"]);
  if (found === undefined) return notFound();
  const job = jobOf(found);
  if (["succeeded", "failed", "canceled"].includes(String(job["status"]))) {
    return refuse(400, "Job has already completed!");
  }
  found["job"] = { ...job, status: job["status"] === "pending" ? "canceled" : "canceling" };
  return ok({ message: "Job has been marked as canceled..." });
}

const byRights = (handle: (context: Context) => Reply) => (context: Context) =>
  context.caller?.user.roles.includes("owner") === true ? handle(context) : forbidden();

export const templateChangeRoutes: readonly FakeRoute[] = [
  // Members may upload, too.
  { method: "POST", template: "/api/v2/files", upload: true, handle: upload },
  {
    method: "POST",
    template: "/api/v2/organizations/{organization}/templateversions",
    body: version,
    handle: byRights(createVersion),
  },
  {
    method: "POST",
    template: "/api/v2/organizations/{organization}/templates",
    body: creation,
    handle: byRights(createTemplate),
  },
  {
    method: "PATCH",
    template: "/api/v2/templates/{template}",
    body: change,
    handle: byRights(patchTemplate),
  },
  { method: "DELETE", template: "/api/v2/templates/{template}", handle: byRights(remove) },
  {
    method: "PATCH",
    template: "/api/v2/templates/{template}/versions",
    body: z.strictObject({ id: z.guid() }),
    handle: byRights(promote),
  },
  { method: "PATCH", template: "/api/v2/templateversions/{version}/cancel", handle: byRights(cancel) },
  {
    method: "GET",
    template: "/api/v2/templates/{template}/versions",
    query: ["include_archived"],
    handle: ({ state, parameters, query }) => {
      if (!state.templates.some((one) => one["id"] === parameters["template"])) return notFound();
      return ok(state.templateVersions.filter((one) =>
        one["template_id"] === parameters["template"] &&
        (one["archived"] !== true || query.get("include_archived") === "true")
      ));
    },
  },
  {
    method: "GET",
    template: "/api/v2/templates/{template}/versions/{version}",
    handle: ({ state, parameters }) => {
      const found = state.templateVersions.find((one) =>
        one["template_id"] === parameters["template"] && one["name"] === parameters["version"]
      );
      return found === undefined ? notFound() : ok(found);
    },
  },
  {
    method: "GET",
    template: "/api/v2/templateversions/{version}/variables",
    handle: ({ state, parameters }) => {
      const found = state.templateVersions.find((one) => one["id"] === parameters["version"]);
      return found === undefined ? notFound() : ok(found["variables"] ?? []);
    },
  },
];
