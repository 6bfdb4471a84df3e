/** Coder as a task wants it: a fake deployment, filled from data. */
import { randomUUID } from "node:crypto";
import { tagsMatch } from "../../../src/coder/mod.ts";
import { bytesOf, newFile, writeTar } from "../../../src/archive/mod.ts";
import {
  addDaemon,
  addLogLine,
  addTemplate,
  addVersion,
  addWorkspace,
  beginBuild,
  endBuild,
  fakeLicense,
  type FakeState,
  type FakeUser,
} from "../../fake-coder/mod.ts";
import type { TemplateData, WorkspaceData, World } from "../task.ts";

type Row = Record<string, unknown>;
type Tags = Readonly<Record<string, string>>;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const OPERATOR = "operator";

/** Fills a deployment; the session token that the product gets. */
export function fillCoder(state: FakeState, world: World): string {
  const { token } = state.addOwner(OPERATOR);
  const users = new Map(
    Object.entries(world.people).map(([username, roles]) => [username, state.addUser({ username, roles })]),
  );
  const ownerOf = (name: string) => {
    const user = users.get(name);
    if (user === undefined) throw new Error(`nobody is called ${name}: name them in people`);
    return user;
  };
  for (const daemon of world.daemons) addDaemon(state, daemon);
  for (const [name, template] of Object.entries(world.templates)) fillTemplate(state, name, template);
  for (const [name, data] of Object.entries(world.workspaces)) {
    const [owner = "", own = ""] = name.split("/");
    fillWorkspace(state, ownerOf(owner), own, data);
  }
  for (const { count, prefix, owner, workspace } of world.crowd) {
    for (let index = 1; index <= count; index++) {
      fillWorkspace(state, ownerOf(owner), `${prefix}${String(index).padStart(3, "0")}`, workspace);
    }
  }
  if (world.licenseDays !== undefined) addLicense(state, world.licenseDays);
  return token;
}

function fillTemplate(state: FakeState, name: string, data: TemplateData): void {
  const template = addTemplate(state, name, {
    description: data.description ?? "",
    deprecated: data.deprecated !== undefined,
    deprecation_message: data.deprecated ?? "",
  });
  const good: Row[] = [];
  data.versions.forEach(({ name: version, files, failed, message = "", by = OPERATOR, log }, index) => {
    const archive = writeTar(Object.entries(files).map(([path, text]) => newFile(path, text)));
    const id = addVersion(state, template, bytesOf(archive));
    const row = state.templateVersions.at(-1)!;
    const age = data.versions.length - index;
    Object.assign(row, {
      name: version,
      message,
      created_at: new Date(state.now() - age * DAY_MS).toISOString(),
      created_by: { id: state.user(by)?.id ?? randomUUID(), username: by },
      archived: false,
      job: {
        ...(row["job"] as Row),
        status: failed === undefined ? "succeeded" : "failed",
        error: failed ?? "",
      },
    });
    for (const line of log) addLogLine(state, id, "Plan", line, levelOf(line));
    const parameters = Object.entries(data.parameters).map(([name, value]) => ({
      name,
      type: /^\d+$/.test(value) ? "number" : "string",
      mutable: true,
      required: false,
      default_value: value,
    }));
    state.versionInputs.set(id, { parameters, presets: [] });
    if (failed === undefined) good.push(row);
  });
  const active = data.active === undefined ? good.at(-1) : good.find((row) => row["name"] === data.active);
  if (active === undefined) throw new Error(`the template ${name} has no good version ${data.active ?? ""}`);
  Object.assign(template, { active_version_id: active["id"] });
}

function levelOf(line: string): string {
  return /^\s*(?:│\s*)?error\b/i.test(line) ? "error" : "info";
}

const DONE = {
  running: "start",
  failed: "start",
  canceled: "start",
  stopped: "stop",
  pending: "start",
} as const;

function fillWorkspace(state: FakeState, owner: FakeUser, name: string, data: WorkspaceData): void {
  const template = state.templates.find((one) => one["name"] === data.template);
  if (template === undefined) throw new Error(`there is no template ${data.template}`);
  const activeId = template["active_version_id"];
  const version = state.templateVersions.find((one) =>
    one["template_id"] === template["id"] &&
    (data.version === undefined ? one["id"] === activeId : one["name"] === data.version)
  );
  if (version === undefined) throw new Error(`${data.template} has no version ${data.version}`);
  const ago = (days: number) => new Date(state.now() - days * DAY_MS).toISOString();
  const workspace: Row = addWorkspace(state, owner, name, {
    template_id: template["id"],
    template_name: template["name"],
    template_active_version_id: activeId,
    outdated: version["id"] !== activeId,
    last_used_at: ago(data.unusedDays),
    dormant_at: data.dormantDays === undefined ? null : ago(data.dormantDays),
    ttl_ms: data.ttlMinutes === undefined ? null : data.ttlMinutes * MINUTE_MS,
    autostart_schedule: data.autostart ?? null,
    automatic_updates: "never",
  });
  const build = workspace["latest_build"] as Row;
  Object.assign(build, {
    template_version_id: version["id"],
    template_version_name: version["name"],
    initiator_name: owner.username,
    reason: "initiator",
    transition: DONE[data.state],
    ...(data.stopsIn === undefined
      ? {}
      : { deadline: new Date(state.now() + data.stopsIn * MINUTE_MS).toISOString() }),
  });
  // Builds before: each ends as it is to be looked back on.
  const isBuiltNow = data.state !== "running" || data.builds > 1;
  for (let number = 2; number <= data.builds || (number === 2 && isBuiltNow); number++) {
    beginBuild(state, workspace, DONE[data.state], { initiator: owner.username });
    endBuild(state, workspace);
  }
  endAs(state, workspace, data);
  const latest = workspace["latest_build"] as Row;
  latest["build_number"] = data.builds;
  if (data.buildMinutesAgo > 0) {
    const at = ago(data.buildMinutesAgo / 1_440);
    const job = state.provisionerJobs.find(({ id }) => id === (latest["job"] as Row)["id"]);
    for (const row of [latest, latest["job"] as Row, job]) Object.assign(row ?? {}, { created_at: at });
  }
  latest["resources"] = data.state === "running" ? resourcesOf(data, ago) : [];
  const agents = ((latest["resources"] as Row[])[0]?.["agents"] ?? []) as Row[];
  const failing = agents.filter(({ status }) => status !== "connected").map(({ id }) => id);
  workspace["health"] = { healthy: failing.length === 0, failing_agents: failing };
  const id = String(latest["id"]);
  state.buildParameters.set(id, Object.entries(data.parameters).map(([name, value]) => ({ name, value })));
  for (const line of data.log) addLogLine(state, id, "Starting workspace", line, levelOf(line));
}

function endAs(
  state: FakeState,
  workspace: Row,
  { state: wanted, error = "it failed", tags }: WorkspaceData,
) {
  const build = workspace["latest_build"] as Row;
  const job = state.provisionerJobs.find(({ id }) => id === (build["job"] as Row)["id"]);
  const become = (status: string, jobStatus: string, error = "") => {
    const over = jobStatus === "pending" ? {} : { completed_at: state.time() };
    workspace["latest_build"] = {
      ...build,
      status,
      job: { ...(build["job"] as Row), status: jobStatus, error, ...over },
    };
    if (job !== undefined) {
      job["status"] = jobStatus;
      job["error"] = error;
      job["tags"] = { owner: "", scope: "organization", ...tags };
    }
  };
  if (wanted === "failed") become("failed", "failed", error);
  else if (wanted === "canceled") become("canceled", "canceled", "canceled");
  else if (wanted === "pending") {
    (build["job"] as Row)["tags"] = { owner: "", scope: "organization", ...tags };
    become("pending", "pending");
    const matching = state.provisionerDaemons.filter((daemon) =>
      tagsMatch(job?.["tags"] as Tags, daemon["tags"] as Tags)
    );
    // As it was when the build was asked for.
    (workspace["latest_build"] as Row)["matched_provisioners"] = {
      count: matching.length,
      available: matching.filter(({ status }) => status !== "offline").length,
      most_recently_seen: matching.length === 0 ? null : state.time(),
    };
  }
}

function resourcesOf({ agents }: WorkspaceData, ago: (days: number) => string): Row[] {
  if (agents.length === 0) return [];
  const minutes = (count: number) => ago(count / 1_440);
  const made = agents.map((one) => ({
    id: randomUUID(),
    name: one.name,
    status: one.status,
    lifecycle_state: one.lifecycle,
    created_at: minutes(60),
    ...(one.firstConnectedMinutesAgo === undefined
      ? {}
      : { first_connected_at: minutes(one.firstConnectedMinutesAgo) }),
    ...(one.lastConnectedMinutesAgo === undefined
      ? {}
      : { last_connected_at: minutes(one.lastConnectedMinutesAgo) }),
    operating_system: "linux",
    architecture: "amd64",
    version: "v2.30.0",
    health: {
      healthy: one.status === "connected",
      reason: one.status === "connected" ? "" : `agent is ${one.status}`,
    },
    apps: Object.entries(one.apps).map(([slug, health]) => ({
      id: randomUUID(),
      slug,
      display_name: slug,
      health,
    })),
  }));
  return [{ id: randomUUID(), name: "main", type: "kubernetes_pod", agents: made }];
}

function addLicense(state: FakeState, days: number): void {
  const jwt = fakeLicense({ license_expires: Math.floor((state.now() + days * DAY_MS) / 1_000) });
  const claims = JSON.parse(atob(jwt.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")));
  state.licenses.push({
    id: state.nextLicenseId++,
    uuid: randomUUID(),
    uploaded_at: state.time(),
    claims,
    jwt,
  });
}
