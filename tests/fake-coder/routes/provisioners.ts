/** Provisioner keys (enterprise builds), daemons and jobs (all builds). */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { created, empty, notFound, ok, refuse } from "../reply.ts";
import type { Context, FakeRoute } from "../route.ts";
import { type FakeOrganization, randomText } from "../state.ts";

const FEATURE = { name: "external_provisioner_daemons" };
const RESERVED = ["built-in", "user-auth", "psk"];
const JOB_STATUSES = ["pending", "running", "succeeded", "canceling", "canceled", "failed", "unknown"];
const tags = z.record(z.string(), z.string());

function inOrganization(
  handle: (context: Context, organization: FakeOrganization) => ReturnType<FakeRoute["handle"]>,
): FakeRoute["handle"] {
  return (context) => {
    const organization = context.state.organization(context.parameters["organization"] ?? "");
    return organization === undefined ? notFound() : handle(context, organization);
  };
}

const keys = "/api/v2/organizations/{organization}/provisionerkeys";

export const provisionerRoutes: readonly FakeRoute[] = [
  {
    method: "GET",
    template: keys,
    feature: FEATURE,
    owner: true,
    handle: inOrganization(({ state }, { id }) =>
      ok(state.provisionerKeys.filter((key) => key.organization === id).map(({ secret: _, ...key }) => key))
    ),
  },
  {
    method: "POST",
    template: keys,
    feature: FEATURE,
    owner: true,
    body: z.strictObject({ name: z.string().min(1).max(64), tags }),
    handle: inOrganization(({ state, body }, { id }) => {
      if (RESERVED.includes(body.name)) {
        const detail = `Name cannot be reserved name '${body.name}'`;
        return refuse(400, detail, { validations: [{ field: "name", detail }] });
      }
      if (state.provisionerKeys.some((key) => key.organization === id && key.name === body.name)) {
        return refuse(409, `Provisioner key with name '${body.name}' already exists in organization`);
      }
      const secret = randomText(43);
      state.provisionerKeys.push({
        id: randomUUID(),
        created_at: state.time(),
        organization: id,
        name: body.name,
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
    handle: inOrganization(({ state }, { id }) =>
      ok(
        state.provisionerKeys.filter((key) => key.organization === id).map(({ secret: _, ...key }) => ({
          key,
          daemons: state.provisionerDaemons.filter((daemon) => daemon["key_id"] === key.id),
        })),
      )
    ),
  },
  {
    method: "DELETE",
    template: `${keys}/{name}`,
    feature: FEATURE,
    owner: true,
    handle: inOrganization(({ state, parameters }, { id }) => {
      const { name = "" } = parameters;
      if (RESERVED.includes(name)) return refuse(400, `Cannot delete reserved '${name}' provisioner key`);
      const index = state.provisionerKeys.findIndex((key) => key.organization === id && key.name === name);
      if (index < 0) return notFound();
      state.provisionerKeys.splice(index, 1);
      return empty(204);
    }),
  },
  {
    method: "GET",
    template: "/api/v2/organizations/{organization}/provisionerdaemons",
    query: ["limit", "offline", "tags"],
    handle: inOrganization(({ state, query }, { id }) => {
      const limit = Number(query.get("limit") ?? 50);
      const ours = state.provisionerDaemons.filter((daemon) => daemon["organization_id"] === id);
      return ok(
        ours.filter((one) => query.get("offline") === "true" || one["status"] !== "offline").slice(0, limit),
      );
    }),
  },
  {
    method: "GET",
    template: "/api/v2/organizations/{organization}/provisionerjobs",
    query: ["limit", "status"],
    handle: inOrganization(({ state, query, caller }, { id }) => {
      if (caller?.user.roles.includes("owner") !== true) return notFound();
      const statuses = query.get("status")?.split(",");
      // coderd knows no better.
      if (statuses?.some((status) => !JOB_STATUSES.includes(status))) return refuse(500, "Internal error.");
      const limit = Number(query.get("limit") ?? 50);
      const ours = state.provisionerJobs.filter((job) => job["organization_id"] === id).reverse();
      return ok(
        ours.filter((job) => statuses?.includes(String(job["status"])) ?? true).slice(0, limit),
      );
    }),
  },
];

/** Adds a job, as a build that was asked for. */
export function addJob(
  state: Context["state"],
  job: { status?: string; tags?: Record<string, string>; worker_name?: string; organization_id?: string },
): Record<string, unknown> {
  const made = {
    id: randomUUID(),
    created_at: state.time(),
    status: "pending",
    worker_name: "",
    file_id: randomUUID(),
    tags: { owner: "", scope: "organization" },
    queue_position: 0,
    queue_size: 0,
    organization_id: state.defaultOrganization.id,
    initiator_id: randomUUID(),
    input: { workspace_build_id: randomUUID() },
    type: "workspace_build",
    logs_overflowed: false,
    ...job,
  };
  state.provisionerJobs.push(made);
  return made;
}

/** Adds a daemon, as one that connected. */
export function addDaemon(
  state: Context["state"],
  daemon: {
    name: string;
    key_id?: string;
    status?: "idle" | "busy" | "offline";
    tags?: Record<string, string>;
  },
): Record<string, unknown> {
  const made = {
    id: randomUUID(),
    organization_id: state.defaultOrganization.id,
    key_id: "00000000-0000-0000-0000-000000000001",
    key_name: "built-in",
    created_at: state.time(),
    last_seen_at: state.time(),
    version: "v2.30.0",
    api_version: "1.14",
    provisioners: ["terraform"],
    status: "idle",
    current_job: null,
    previous_job: null,
    tags: { owner: "", scope: "organization" },
    ...daemon,
  };
  state.provisionerDaemons.push(made);
  return made;
}
