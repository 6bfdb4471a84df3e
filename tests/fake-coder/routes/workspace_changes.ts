/** What changes workspaces, as a real coderd 2.30 was seen to answer. Builds go on by `../life.ts`. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { beginBuild, isActive, type Transition } from "../life.ts";
import { created, empty, forbidden, notFound, ok, refuse, type Reply, unknownUser } from "../reply.ts";
import type { Context, FakeRoute } from "../route.ts";
import type { FakeState } from "../state.ts";
import { addWorkspace } from "./workspaces.ts";

type Row = Record<string, unknown>;
type Values = { name: string; value: string }[];

const values = z.array(z.strictObject({ name: z.string(), value: z.string() }));
const creation = z.strictObject({
  name: z.string(),
  template_id: z.guid().optional(),
  template_version_id: z.guid().optional(),
  rich_parameter_values: values.optional(),
  template_version_preset_id: z.guid().optional(),
  ttl_ms: z.int().optional(),
  autostart_schedule: z.string().optional(),
  automatic_updates: z.string().optional(),
});
const building = z.strictObject({
  transition: z.enum(["start", "stop", "delete"]),
  template_version_id: z.guid().optional(),
  rich_parameter_values: values.optional(),
  template_version_preset_id: z.guid().optional(),
  orphan: z.literal(true).optional(),
});

const MINUTE_MS = 60_000;
const MONTH_MS = 30 * 24 * 60 * MINUTE_MS;
const ACTIVE = "A workspace build is already active.";
const GONE =
  "This workspace was deleted and can no longer be viewed. You can view this workspace by specifying " +
  "'?deleted=true' and trying again.";

const field = (name: string, detail: string) => ({ validations: [{ field: name, detail }] });

function isName(name: string): boolean {
  return /^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$/.test(name) && name.length <= 32 && name !== "new" &&
    name !== "create";
}

function problemOfTtl(ttl: number): Reply | undefined {
  const words = ttl < MINUTE_MS
    ? "time until shutdown must be at least one minute"
    : ttl >= MONTH_MS + MINUTE_MS
    ? "time until shutdown must be less than 30 days"
    : undefined;
  return words === undefined
    ? undefined
    : refuse(400, "Invalid Workspace Time to Shutdown.", field("ttl_ms", words));
}

function problemOfSchedule(
  schedule: string,
  message = "Invalid Autostart Schedule.",
): Reply | undefined {
  if (/^(CRON_TZ=[\w/+-]+ )?[\d*,/-]+ [\d*,/-]+ \* \* [\w*,/-]+$/.test(schedule)) return undefined;
  return refuse(400, message, field("schedule", "expected a weekly schedule"));
}

function problemOfUpdates(updates: string): Reply | undefined {
  if (updates === "always" || updates === "never") return undefined;
  const detail = "expected always or never";
  return refuse(
    400,
    "Invalid Workspace Automatic Updates setting.",
    field("automatic_updates", detail),
  );
}

/** Whether a version is good for a build of a template. */
function problemOfVersion(state: FakeState, version: string, template?: unknown): Reply | undefined {
  const row = state.templateVersions.find((one) => one["id"] === version);
  if (row === undefined) {
    const isActive = state.templates.some((one) => one["active_version_id"] === version);
    // Templates whose versions nobody cares for.
    if (isActive) return undefined;
    return template === undefined
      ? refuse(400, `Template version "${version}" doesn't exist.`, field("template_version_id", "not found"))
      : refuse(400, "template version does not exist");
  }
  if (template !== undefined && row["template_id"] !== template) {
    return refuse(400, "template version doesn't match template");
  }
  const { status, error } = row["job"] as { status: string; error?: string };
  if (status === "pending" || status === "running") {
    return refuse(
      406,
      `The provided template version is ${status}. Wait for it to complete importing!`,
    );
  }
  if (status !== "succeeded") {
    return refuse(
      400,
      `The provided template version "${row["name"]}" has failed to import: "${error ?? ""}". ` +
        "You cannot build workspaces with it!",
    );
  }
  if (row["archived"] === true) {
    return refuse(500, "Archived template versions cannot be used to make a workspace.");
  }
  return undefined;
}

/** The values of a build, or what is wrong with them. Names that are not known are dropped without a word. */
function resolveValues(
  state: FakeState,
  version: string,
  given: Values,
  before: Values | undefined,
  preset: string | undefined,
): { values: Values } | { refusal: Reply } {
  const inputs = state.versionInputs.get(version);
  const chosen = inputs?.presets.find(({ ID }) => ID === preset)?.Parameters ?? [];
  const resolved: Values = [];
  const validations: { field: string; detail: string }[] = [];
  for (const one of inputs?.parameters ?? []) {
    const sent = chosen.find(({ Name }) => Name === one.name)?.Value ??
      given.findLast(({ name }) => name === one.name)?.value;
    const old = before?.find(({ name }) => name === one.name)?.value;
    const value = sent ?? old ?? (one.required ? undefined : one.default_value ?? "");
    if (value === undefined) {
      validations.push({
        field: one.name,
        detail: "Required parameter not provided; parameter value is null",
      });
    } else if (one.type === "number" && !/^-?\d+(\.\d+)?$/.test(value)) {
      validations.push({ field: one.name, detail: `"${value}" is not a number` });
    } else if (one.mutable === false && old !== undefined && old !== value) {
      validations.push({ field: one.name, detail: "Immutable parameter changed" });
    } else resolved.push({ name: one.name, value });
  }
  if (validations.length === 0) return { values: resolved };
  return { refusal: refuse(400, "Unable to validate parameters", { validations }) };
}

function create({ state, parameters, body, caller }: Context): Reply {
  const owner = parameters["user"] === "me" ? caller?.user : state.user(parameters["user"] ?? "");
  if (owner === undefined) return unknownUser(parameters["user"] ?? "");
  if (owner.id !== caller?.user.id && caller?.user.roles.includes("owner") !== true) {
    return refuse(403, "Unauthorized to create workspace.");
  }
  const asked = body as z.infer<typeof creation>;
  if (!isName(asked.name)) {
    return refuse(
      400,
      "Validation failed.",
      field("name", `Validation failed for tag "workspace_name" with value: "${asked.name}"`),
    );
  }
  if ((asked.template_id === undefined) === (asked.template_version_id === undefined)) {
    const tag = asked.template_id === undefined ? "required_without" : "excluded_with";
    return refuse(400, "Validation failed.", field("template_id", `Validation failed for tag "${tag}"`));
  }
  const ofVersion = state.templateVersions.find((one) => one["id"] === asked.template_version_id);
  if (asked.template_version_id !== undefined && ofVersion === undefined) {
    return problemOfVersion(state, asked.template_version_id) ?? notFound();
  }
  const templateId = asked.template_id ?? ofVersion?.["template_id"];
  const template = state.templates.find((one) => one["id"] === templateId);
  if (template === undefined) {
    return refuse(400, `Template "${templateId}" doesn't exist.`, field("template_id", "template not found"));
  }
  const version = String(asked.template_version_id ?? template["active_version_id"]);
  const problem = problemOfVersion(state, version) ??
    (asked.ttl_ms === undefined || asked.ttl_ms === 0 ? undefined : problemOfTtl(asked.ttl_ms)) ??
    (asked.autostart_schedule === undefined ? undefined : problemOfSchedule(asked.autostart_schedule)) ??
    (asked.automatic_updates === undefined ? undefined : problemOfUpdates(asked.automatic_updates));
  if (problem !== undefined) return problem;
  const taken = state.workspaces.some((one) =>
    one["owner_id"] === owner.id && one["deleted"] !== true &&
    String(one["name"]).toLowerCase() === asked.name.toLowerCase()
  );
  if (taken) {
    return refuse(
      409,
      `Workspace "${asked.name}" already exists.`,
      field("name", "This value is already in use and should be unique."),
    );
  }
  const given = asked.rich_parameter_values ?? [];
  const resolved = resolveValues(state, version, given, undefined, asked.template_version_preset_id);
  if ("refusal" in resolved) return resolved.refusal;
  const workspace: Row = addWorkspace(state, owner, asked.name, {
    template_id: template["id"],
    template_name: template["name"],
    template_active_version_id: template["active_version_id"],
    outdated: version !== template["active_version_id"],
    ttl_ms: asked.ttl_ms || template["default_ttl_ms"] || null,
    autostart_schedule: asked.autostart_schedule ?? null,
    automatic_updates: asked.automatic_updates ?? "never",
    latest_build: { build_number: 0, template_version_id: version, resources: [] },
  });
  beginBuild(state, workspace, "start", { initiator: caller?.user.username });
  keepValues(state, workspace, resolved.values);
  return created({
    ...workspace,
    latest_build: { ...workspace["latest_build"] as Row, template_version_name: "" },
  });
}

function keepValues(state: FakeState, workspace: Row, values: Values): void {
  state.buildParameters.set(String((workspace["latest_build"] as Row)["id"]), values);
}

function build({ state, parameters, body, caller }: Context): Reply {
  const workspace = state.workspaces.find((one) => one["id"] === parameters["workspace"]);
  if (workspace === undefined) return notFound();
  if (workspace["owner_id"] !== caller?.user.id && caller?.user.roles.includes("owner") !== true) {
    return forbidden();
  }
  const asked = body as z.infer<typeof building>;
  if (asked.orphan === true && asked.transition !== "delete") {
    return refuse(400, "Orphan is only permitted when deleting a workspace.");
  }
  const latest = workspace["latest_build"] as Row;
  if (isActive(latest)) return refuse(409, ACTIVE, { detail: ACTIVE });
  if (workspace["deleted"] === true && asked.transition !== "delete") {
    return refuse(409, `Cannot ${asked.transition} a deleted workspace!`);
  }
  const version = asked.template_version_id ?? String(latest["template_version_id"]);
  const problem = asked.template_version_id === undefined
    ? undefined
    : problemOfVersion(state, version, workspace["template_id"]);
  if (problem !== undefined) return problem;
  const before = state.buildParameters.get(String(latest["id"]));
  const given = asked.rich_parameter_values ?? [];
  const resolved = resolveValues(state, version, given, before, asked.template_version_preset_id);
  if ("refusal" in resolved) return resolved.refusal;
  beginBuild(state, workspace, asked.transition as Transition, {
    version,
    initiator: caller?.user.username,
  });
  workspace["outdated"] = version !== workspace["template_active_version_id"];
  if (asked.transition === "start") workspace["dormant_at"] = null;
  keepValues(state, workspace, resolved.values);
  return created(workspace["latest_build"]);
}

function cancel({ state, parameters, query }: Context): Reply {
  const workspace = state.workspaces.find((one) =>
    (one["latest_build"] as Row)["id"] === parameters["build"]
  );
  if (workspace === undefined) {
    return state.pastBuilds.some((one) => one["id"] === parameters["build"])
      ? refuse(400, "Job has already completed!")
      : notFound();
  }
  const latest = workspace["latest_build"] as Row;
  const job = latest["job"] as Row;
  const expected = query.get("expect_status");
  if (expected !== null && expected !== "pending" && expected !== "running") {
    return refuse(400, `Invalid expect_status "${expected}". Only 'running' or 'pending' are allowed.`);
  }
  if (job["status"] === "canceling" || job["status"] === "canceled") {
    return refuse(400, "Job has already been marked as canceled!");
  }
  if (!isActive(latest)) return refuse(400, "Job has already completed!");
  if (expected !== null && expected !== job["status"]) {
    return refuse(412, "Job is not in the expected state.");
  }
  // One that waits is over at once; one that runs ends later, as failed.
  const status = job["status"] === "pending" ? "canceled" : "canceling";
  workspace["latest_build"] = { ...latest, status, job: { ...job, status } };
  const row = state.provisionerJobs.find((one) => one["id"] === job["id"]);
  if (row !== undefined) row["status"] = status;
  return ok({ message: "Job has been marked as canceled..." });
}

/** A route about one workspace that is there; a deleted one is gone, unless `alsoGone`. */
function about(
  method: string,
  what: string,
  body: z.ZodType | undefined,
  handle: (workspace: Row, context: Context) => Reply,
  alsoGone = false,
): FakeRoute {
  return {
    method,
    template: `/api/v2/workspaces/{workspace}${what}`,
    ...(body === undefined ? {} : { body }),
    handle(context) {
      const { state, parameters } = context;
      const workspace = state.workspaces.find((one) => one["id"] === parameters["workspace"]);
      if (workspace === undefined) return notFound();
      return workspace["deleted"] === true && !alsoGone ? refuse(410, GONE) : handle(workspace, context);
    },
  };
}

function rename(workspace: Row, { state, settings, body }: Context): Reply {
  const { name } = body as { name: string };
  if (!isName(name)) {
    return refuse(
      400,
      "Validation failed.",
      field("name", `Validation failed for tag "username" with value: "${name}"`),
    );
  }
  if (name === workspace["name"]) return empty(204);
  if (!settings.renames) return refuse(400, "Workspace renames are not allowed.");
  const taken = state.workspaces.some((one) =>
    one !== workspace && one["deleted"] !== true && one["owner_id"] === workspace["owner_id"] &&
    String(one["name"]).toLowerCase() === name.toLowerCase()
  );
  if (taken) return refuse(409, `The workspace "${name}" already exists.`);
  workspace["name"] = name;
  return empty(204);
}

function setDormant(workspace: Row, { state, body }: Context): Reply {
  const { dormant } = body as { dormant: boolean };
  if (dormant === (typeof workspace["dormant_at"] === "string")) return empty(304);
  workspace["dormant_at"] = dormant ? state.time() : null;
  return ok(workspace);
}

function extend(workspace: Row, { state, body }: Context): Reply {
  const { deadline } = body as { deadline: string };
  const latest = workspace["latest_build"] as Row;
  if (isActive(latest)) return refuse(409, "Workspace is still building!");
  if (latest["transition"] !== "start") return refuse(409, "Workspace must be started, current status: stop");
  if (typeof latest["deadline"] !== "string") return refuse(409, "Workspace shutdown is manual.");
  if (Date.parse(deadline) < state.now() + 30 * MINUTE_MS) {
    return refuse(400, "Cannot extend workspace: new deadline must be at least 30 minutes in the future");
  }
  workspace["latest_build"] = { ...latest, deadline, updated_at: state.time() };
  return ok({ message: `Deadline updated to ${deadline}.` });
}

export const workspaceChangeRoutes: readonly FakeRoute[] = [
  { method: "POST", template: "/api/v2/users/{user}/workspaces", body: creation, handle: create },
  { method: "POST", template: "/api/v2/workspaces/{workspace}/builds", body: building, handle: build },
  {
    method: "PATCH",
    template: "/api/v2/workspacebuilds/{build}/cancel",
    query: ["expect_status"],
    handle: cancel,
  },
  {
    method: "GET",
    template: "/api/v2/workspacebuilds/{build}/parameters",
    handle: ({ state, parameters }) => {
      const id = parameters["build"] ?? "";
      const isThere = [...state.pastBuilds, ...state.workspaces.map((one) => one["latest_build"] as Row)]
        .some((one) => one["id"] === id);
      return isThere ? ok(state.buildParameters.get(id) ?? []) : notFound();
    },
  },
  about("PATCH", "", z.strictObject({ name: z.string() }), rename),
  // coderd does not look whether the workspace was deleted.
  about("PUT", "/ttl", z.strictObject({ ttl_ms: z.int().nullable() }), (workspace, { body }) => {
    const { ttl_ms: ttl } = body as { ttl_ms: number | null };
    const problem = ttl === null || ttl === 0 ? undefined : problemOfTtl(ttl);
    if (problem !== undefined) return problem;
    workspace["ttl_ms"] = ttl === null || ttl === 0 ? null : ttl - ttl % MINUTE_MS;
    return empty(204);
  }, true),
  about("PUT", "/autostart", z.strictObject({ schedule: z.string().nullable() }), (workspace, { body }) => {
    const { schedule } = body as { schedule: string | null };
    const problem = schedule === null || schedule === ""
      ? undefined
      : problemOfSchedule(schedule, "Invalid autostart schedule.");
    if (problem !== undefined) return problem;
    workspace["autostart_schedule"] = schedule === "" ? null : schedule;
    return empty(204);
  }),
  about("PUT", "/autoupdates", z.strictObject({ automatic_updates: z.string() }), (workspace, { body }) => {
    const { automatic_updates: updates } = body as { automatic_updates: string };
    const problem = problemOfUpdates(updates);
    if (problem === undefined) workspace["automatic_updates"] = updates;
    return problem ?? empty(204);
  }),
  about("PUT", "/dormant", z.strictObject({ dormant: z.boolean() }), setDormant),
  about("PUT", "/extend", z.strictObject({ deadline: z.iso.datetime() }), extend),
  about("GET", "/resolve-autostart", undefined, () => ok({ parameter_mismatch: false })),
];

/** A dry run; it waits until a test ends it. */
function dryRun({ state, parameters }: Context): Reply {
  const version = state.templateVersions.find((one) => one["id"] === parameters["version"]);
  if (version === undefined) return notFound();
  const { status } = version["job"] as { status: string };
  if (status !== "succeeded") {
    return refuse(412, "Template version import job hasn't completed!");
  }
  const job = { id: randomUUID(), status: "pending", error: "", type: "template_version_dry_run" };
  state.dryRuns.push(job);
  return created(job);
}

function aboutDryRun(method: string, what: string, handle: (job: Row) => Reply): FakeRoute {
  return {
    method,
    template: `/api/v2/templateversions/{version}/dry-run/{job}${what}`,
    handle: ({ state, parameters }) => {
      const job = state.dryRuns.find((one) => one["id"] === parameters["job"]);
      return job === undefined ? notFound() : handle(job);
    },
  };
}

function inputs(what: "parameters" | "presets", name: string): FakeRoute {
  return {
    method: "GET",
    template: `/api/v2/templateversions/{version}/${name}`,
    handle: ({ state, parameters }) => {
      const version = state.templateVersions.find((one) => one["id"] === parameters["version"]);
      if (version === undefined) return notFound();
      const { status } = version["job"] as { status: string };
      if (status === "pending" || status === "running") {
        return refuse(425, "Template version job has not finished");
      }
      return ok(state.versionInputs.get(parameters["version"] ?? "")?.[what] ?? []);
    },
  };
}

const plan = z.strictObject({
  workspace_name: z.string(),
  rich_parameter_values: values,
  user_variable_values: values,
});

export const templateInputRoutes: readonly FakeRoute[] = [
  inputs("parameters", "rich-parameters"),
  inputs("presets", "presets"),
  { method: "POST", template: "/api/v2/templateversions/{version}/dry-run", body: plan, handle: dryRun },
  aboutDryRun("GET", "", ok),
  aboutDryRun(
    "GET",
    "/resources",
    (job) =>
      job["status"] === "succeeded"
        ? ok([{ type: "terraform_data", name: "workspace", agents: [] }])
        : refuse(412, "Template version dry-run job hasn't completed!"),
  ),
  aboutDryRun("PATCH", "/cancel", (job) => {
    if (job["status"] !== "pending" && job["status"] !== "running") {
      return refuse(400, "Job has already completed!");
    }
    job["status"] = "canceled";
    return ok({ message: "Job has been marked as canceled." });
  }),
];
