/** What happens to workspaces: builds that begin and end, deletions. */
import { randomUUID } from "node:crypto";
import { addJob } from "./routes/provisioners.ts";
import type { FakeState } from "./state.ts";

type Row = Record<string, unknown>;
export type Transition = "start" | "stop" | "delete";

const UNDER_WAY = { start: "starting", stop: "stopping", delete: "deleting" };
const DONE = { start: "running", stop: "stopped", delete: "deleted" };

const buildOf = (workspace: Row) => workspace["latest_build"] as Row;

/** Whether a build is not over: as long as one is not, Coder takes no other. */
export function isActive(build: Row): boolean {
  return ["pending", "running", "canceling"].includes(String((build["job"] as Row | undefined)?.["status"]));
}

/** Begins a build, `pending`. The workspace's own `updated_at` stays as it is, as coderd has it. */
export function beginBuild(state: FakeState, workspace: Row, transition: Transition, more: {
  /** @default {that of the build before} */
  version?: string | undefined;
  /** @default {nobody in particular} */
  initiator?: string | undefined;
} = {}): void {
  const now = state.time();
  const before = buildOf(workspace);
  // Long benchmarks build without end.
  if (state.pastBuilds.length >= 1_000) state.pastBuilds.shift();
  if (before["id"] !== undefined) state.pastBuilds.push({ ...before, workspace_id: workspace["id"] });
  const id = randomUUID();
  // A build keeps the values of the one before, whoever asks for it.
  const values = state.buildParameters.get(String(before["id"]));
  if (values !== undefined) state.buildParameters.set(id, values);
  const job = addJob(state, {});
  job["input"] = { workspace_build_id: id };
  job["metadata"] = { workspace_id: workspace["id"], workspace_name: workspace["name"] };
  workspace["latest_build"] = {
    ...before,
    id,
    build_number: Number(before["build_number"]) + 1,
    transition,
    ...(more.version === undefined ? {} : { template_version_id: more.version }),
    ...(more.initiator === undefined ? {} : { initiator_name: more.initiator, reason: "initiator" }),
    status: "pending",
    created_at: now,
    updated_at: now,
    job: { id: job["id"], status: "pending", tags: {} },
    resources: [],
  };
}

/** A daemon takes the build: only the statuses change. */
export function pickUpBuild(state: FakeState, workspace: Row): void {
  const build = buildOf(workspace);
  workspace["latest_build"] = {
    ...build,
    status: UNDER_WAY[build["transition"] as Transition],
    job: { ...(build["job"] as Row), status: "running" },
  };
  setJob(state, workspace, "running");
}

/** Ends the build; one that deletes takes the workspace with it. */
export function endBuild(state: FakeState, workspace: Row, failure?: string): void {
  const build = buildOf(workspace);
  const now = state.time();
  const status = failure === undefined ? "succeeded" : "failed";
  workspace["latest_build"] = {
    ...build,
    status: failure === undefined ? DONE[build["transition"] as Transition] : "failed",
    updated_at: now,
    job: { ...(build["job"] as Row), status, completed_at: now, error: failure ?? "" },
  };
  setJob(state, workspace, status);
  if (failure === undefined && build["transition"] === "delete") workspace["deleted"] = true;
}

function setJob(state: FakeState, workspace: Row, status: string): void {
  const id = (buildOf(workspace)["job"] as Row)["id"];
  const job = state.provisionerJobs.find((one) => one["id"] === id);
  if (job !== undefined) job["status"] = status;
}
