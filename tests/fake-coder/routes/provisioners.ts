/** Provisioner keys (enterprise builds), daemons and jobs (all builds). */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { created, empty, notFound, ok, refuse, type Reply } from "../reply.ts";
import type { Context, FakeRoute } from "../route.ts";
import { type FakeOrganization, type FakeProvisionerKey, type FakeState, randomText } from "../state.ts";

const FEATURE = { name: "external_provisioner_daemons" };
const JOB_STATUSES = ["pending", "running", "succeeded", "canceling", "canceled", "failed", "unknown"];
const DAEMON_STATUSES = ["offline", "idle", "busy"];
const tags = z.record(z.string(), z.string());

/** Coder's own keys. Only the default organization has rows for them. */
const RESERVED = [
  { id: "00000000-0000-0000-0000-000000000001", name: "built-in" },
  { id: "00000000-0000-0000-0000-000000000002", name: "user-auth" },
  { id: "00000000-0000-0000-0000-000000000003", name: "psk" },
] as const;
const BUILT_IN = RESERVED[0];

type Row = Record<string, unknown>;
type Handler = (context: Context, organization: FakeOrganization) => Reply;

function inOrganization(handle: Handler): FakeRoute["handle"] {
  return (context) => {
    const organization = context.state.organization(context.parameters["organization"] ?? "");
    return organization === undefined ? notFound() : handle(context, organization);
  };
}

/** Who may see jobs may see daemons; for others there are none. */
function forJobReaders(handle: Handler): FakeRoute["handle"] {
  return inOrganization((context, organization) =>
    context.caller?.user.roles.includes("owner") === true ? handle(context, organization) : notFound()
  );
}

function keysOf({ provisionerKeys }: FakeState, organization: string): FakeProvisionerKey[] {
  return provisionerKeys.filter((key) => key.organization === organization);
}

function keyJson({ secret: _, ...key }: FakeProvisionerKey): Row {
  return key;
}

/** Names of keys are one name whatever their case. */
function isNamed(name: string): (key: { readonly name: string }) => boolean {
  return (key) => key.name.toLowerCase() === name.toLowerCase();
}

const keys = "/api/v2/organizations/{organization}/provisionerkeys";

export const provisionerRoutes: readonly FakeRoute[] = [
  {
    method: "GET",
    template: keys,
    feature: FEATURE,
    owner: true,
    handle: inOrganization(({ state }, { id }) => ok(keysOf(state, id).map(keyJson))),
  },
  {
    method: "POST",
    template: keys,
    feature: FEATURE,
    owner: true,
    // Coder refuses longer names; we must not try.
    body: z.strictObject({ name: z.string().min(1).max(64), tags }),
    handle: inOrganization(({ state, body }, { id }) => {
      if (RESERVED.some(isNamed(body.name))) {
        const detail = `Name cannot be reserved name '${body.name}'`;
        return refuse(400, detail, { validations: [{ field: "name", detail }] });
      }
      if (keysOf(state, id).some(isNamed(body.name))) {
        return refuse(409, `Provisioner key with name '${body.name}' already exists in organization`);
      }
      const secret = randomText(43);
      state.provisionerKeys.push({
        id: randomUUID(),
        created_at: state.time(),
        organization: id,
        name: body.name.toLowerCase(),
        tags: body.tags,
        secret,
      });
      return created({ key: secret });
    }),
  },
  {
    method: "GET",
    template: `${keys}/daemons`,
    feature: FEATURE,
    owner: true,
    handle: inOrganization(({ state }, { id, is_default }) => {
      const reserved = RESERVED.filter(({ name }) => is_default || name === "user-auth").map((key) => ({
        ...key,
        created_at: "0001-01-01T00:00:00Z",
        organization: id,
        tags: {},
      }));
      const daemons = daemonsOf(state, id).filter(({ status }) => status !== "offline");
      return ok([...reserved, ...keysOf(state, id).map(keyJson)].map((key) => ({
        key,
        daemons: daemons
          .filter((daemon) => daemon["key_id"] === key["id"])
          // This route does not know what they do.
          .map((daemon) => ({
            ...daemon,
            key_name: null,
            status: null,
            current_job: null,
            previous_job: null,
          })),
      })));
    }),
  },
  {
    method: "DELETE",
    template: `${keys}/{name}`,
    feature: FEATURE,
    owner: true,
    handle: inOrganization(({ state, parameters }, { id, is_default }) => {
      const { name = "" } = parameters;
      const reserved = RESERVED.find(isNamed(name));
      if (reserved !== undefined && is_default) {
        return refuse(400, `Cannot delete reserved '${reserved.name}' provisioner key`);
      }
      const key = keysOf(state, id).find(isNamed(name));
      if (key === undefined) return notFound();
      state.provisionerKeys.splice(state.provisionerKeys.indexOf(key), 1);
      // Its daemons go with it.
      for (const daemon of state.provisionerDaemons.filter((one) => one["key_id"] === key.id)) {
        state.provisionerDaemons.splice(state.provisionerDaemons.indexOf(daemon), 1);
      }
      return empty(204);
    }),
  },
  {
    method: "GET",
    template: "/api/v2/organizations/{organization}/provisionerdaemons",
    query: ["limit", "offline", "status", "ids", "tags"],
    handle: forJobReaders(({ state, query }, { id }) => {
      const filter = readFilter(query);
      if ("refusal" in filter) return filter.refusal;
      const statuses = listIn(query, "status");
      if (statuses?.some((status) => !DAEMON_STATUSES.includes(status))) return badQuery("status");
      const offline = query.get("offline") === "true" || statuses?.includes("offline") === true;
      const found = daemonsOf(state, id).filter((daemon) =>
        (offline || daemon["status"] !== "offline") &&
        (statuses?.includes(String(daemon["status"])) ?? true) &&
        (filter.ids?.includes(String(daemon["id"])) ?? true) &&
        (filter.tags === undefined || takes(daemon["tags"] as Tags, filter.tags))
      );
      return ok(found.reverse().slice(0, filter.limit));
    }),
  },
  {
    method: "GET",
    template: "/api/v2/organizations/{organization}/provisionerjobs",
    query: ["limit", "status", "ids", "tags"],
    handle: forJobReaders(({ state, query }, { id }) => {
      const filter = readFilter(query);
      if ("refusal" in filter) return filter.refusal;
      const statuses = listIn(query, "status");
      const unknown = statuses?.find((status) => !JOB_STATUSES.includes(status));
      if (unknown !== undefined) {
        // coderd knows no better.
        return refuse(500, "Internal error fetching provisioner jobs.", {
          detail: `pq: invalid input value for enum provisioner_job_status: "${unknown}"`,
        });
      }
      const found = jobsOf(state, id).filter((job) =>
        (statuses?.includes(String(job["status"])) ?? true) &&
        (filter.ids?.includes(String(job["id"])) ?? true) &&
        (filter.tags === undefined || takes(filter.tags, job["tags"] as Tags))
      );
      return ok(found.reverse().slice(0, filter.limit));
    }),
  },
];

type Tags = Record<string, string>;

/** coderd's own rule: a job without tags of its own goes to daemons without tags of their own alone. */
function takes(daemon: Tags, job: Tags): boolean {
  const names = Object.keys(job);
  const isPlain = names.length === 2 && job["scope"] === "organization" && job["owner"] === "";
  return names.every((name) => daemon[name] === job[name]) &&
    (!isPlain || Object.keys(daemon).length === names.length);
}

interface Filter {
  /** Undefined: all, which a limit of 0 stands for. */
  limit: number | undefined;
  ids: string[] | undefined;
  tags: Tags | undefined;
}

function readFilter(query: URLSearchParams): Filter | { refusal: Reply } {
  const limit = query.get("limit") ?? "50";
  if (!/^\d{1,9}$/.test(limit)) return { refusal: badQuery("limit") };
  const ids = listIn(query, "ids");
  if (ids?.some((id) => !z.guid().safeParse(id).success)) return { refusal: badQuery("ids") };
  const wanted = query.get("tags");
  const common = { limit: Number(limit) || undefined, ids };
  if (wanted === null) return { ...common, tags: undefined };
  try {
    return { ...common, tags: tags.parse(JSON.parse(wanted)) };
  } catch {
    return { refusal: badQuery("tags") };
  }
}

function listIn(query: URLSearchParams, name: string): string[] | undefined {
  return query.get(name)?.split(",");
}

function badQuery(field: string): Reply {
  const detail = `Query param "${field}" has invalid value`;
  return refuse(400, "Invalid query parameters.", { validations: [{ field, detail }] });
}

/** As coderd sees them now, the oldest first: who is connected was seen just now. */
function daemonsOf(state: FakeState, organization: string): Row[] {
  return state.provisionerDaemons
    .filter((daemon) => daemon["organization_id"] === organization)
    .map((daemon) => daemon["status"] === "offline" ? daemon : { ...daemon, last_seen_at: state.time() });
}

/** With their places in the queue, which all organizations share, the oldest first. */
function jobsOf(state: FakeState, organization: string): Row[] {
  const queue = state.provisionerJobs.filter(({ status }) => status === "pending");
  return state.provisionerJobs.filter((job) => job["organization_id"] === organization).map((job) => {
    if (job["status"] !== "pending") return job;
    const workers = daemonsOf(state, organization)
      .filter((daemon) => takes(daemon["tags"] as Tags, job["tags"] as Tags))
      .map(({ id }) => id);
    return {
      ...job,
      queue_position: queue.indexOf(job) + 1,
      queue_size: queue.length,
      available_workers: workers,
    };
  });
}

/** Adds a job, as a build that was asked for. */
export function addJob(
  state: FakeState,
  job: { status?: string; tags?: Tags; worker_name?: string; organization_id?: string },
): Row {
  const made = {
    id: randomUUID(),
    created_at: state.time(),
    status: "pending",
    worker_name: "",
    file_id: randomUUID(),
    queue_position: 0,
    queue_size: 0,
    organization_id: state.defaultOrganization.id,
    initiator_id: randomUUID(),
    input: { workspace_build_id: randomUUID() },
    type: "workspace_build",
    available_workers: null,
    metadata: { template_version_name: "v1", template_id: randomUUID(), template_name: "t" },
    logs_overflowed: false,
    ...job,
    // As builds have them, whatever else they ask for.
    tags: { owner: "", scope: "organization", ...job.tags },
  };
  state.provisionerJobs.push(made);
  return made;
}

/**
 * Adds a daemon, as one that connected and stays connected, unless it is `offline`. With a `key_id` it has what its key
 * gives it: organization, name of the key, tags. One of the same name takes the place of the one before.
 */
export function addDaemon(
  state: FakeState,
  daemon: {
    name: string;
    key_id?: string;
    status?: "idle" | "busy" | "offline";
    tags?: Tags;
    organization_id?: string;
    version?: string;
  },
): Row {
  const { key_id = BUILT_IN.id } = daemon;
  const key = state.provisionerKeys.find(({ id }) => id === key_id) ??
    RESERVED.find(({ id }) => id === key_id);
  if (key === undefined) throw new Error(`no daemon can connect: there is no key ${key_id}`);
  const own = "secret" in key ? key : undefined;
  const made: Row = {
    id: randomUUID(),
    organization_id: own?.organization ?? state.defaultOrganization.id,
    key_id,
    key_name: key.name,
    created_at: state.time(),
    last_seen_at: state.time(),
    version: "v2.30.0",
    api_version: "1.14",
    provisioners: ["terraform"],
    status: "idle",
    current_job: null,
    previous_job: null,
    ...daemon,
    tags: { owner: "", scope: "organization", ...own?.tags, ...daemon.tags },
  };
  const before = state.provisionerDaemons.findIndex((one) =>
    one["name"] === made["name"] && one["organization_id"] === made["organization_id"]
  );
  if (before >= 0) state.provisionerDaemons.splice(before, 1);
  state.provisionerDaemons.push(made);
  return made;
}
