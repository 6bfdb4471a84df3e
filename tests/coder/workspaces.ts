/** Templates and workspaces through coderd's API, with the waits that go with them. */
import { waitFor } from "../cluster/wait.ts";
import type { FirstUser } from "./first_user.ts";
import type { RequestOptions } from "./request.ts";
import { tar } from "./tar.ts";
import type { TemplateFiles } from "./templates.ts";

/** What these calls need of a coderd. */
export interface Calls {
  // deno-lint-ignore no-explicit-any -- tests look into answers of any kind
  request(method: string, path: string, options?: RequestOptions): Promise<any>;
  firstUser(): Promise<FirstUser>;
}

/** As whom, and how long. */
export interface CallOptions {
  /** @default the first user's */
  token?: string;
  /** Deadline of the wait, in milliseconds. @default {120_000} */
  timeoutMs?: number;
}

/** A template as coderd answers it; more fields than these. */
export interface Template {
  id: string;
  name: string;
  organization_id: string;
  active_version_id: string;
  // deno-lint-ignore no-explicit-any -- answers are looked at as they are
  [field: string]: any;
}

/** A provisioner job as coderd answers it; more fields than these. */
export interface Job {
  id: string;
  status: "pending" | "running" | "succeeded" | "canceling" | "canceled" | "failed" | "unknown";
  error?: string;
  // deno-lint-ignore no-explicit-any -- as above
  [field: string]: any;
}

/** A workspace build as coderd answers it; more fields than these. */
export interface Build {
  id: string;
  build_number: number;
  transition: "start" | "stop" | "delete";
  status: string;
  job: Job;
  // deno-lint-ignore no-explicit-any -- as above
  resources: any[];
  // deno-lint-ignore no-explicit-any -- as above
  [field: string]: any;
}

/** A workspace as coderd answers it; more fields than these. */
export interface Workspace {
  id: string;
  name: string;
  owner_name: string;
  template_id: string;
  latest_build: Build;
  // deno-lint-ignore no-explicit-any -- as above
  [field: string]: any;
}

/** An import or a build did not succeed. The message ends with what its log said. */
export class JobError extends Error {
  override name = "JobError";
  constructor(message: string, readonly job: Job) {
    super(message);
  }
}

/** Which template to make. */
export interface CreateTemplateOptions extends CallOptions {
  /** @default one of its own */
  name?: string;
  files: TemplateFiles;
  /** Organization, id or name. @default {"default"} */
  organization?: string;
  /** More fields of the template, such as `default_ttl_ms`. */
  fields?: Record<string, unknown>;
}

/** Which workspace to make. */
export interface CreateWorkspaceOptions extends CallOptions {
  template: Pick<Template, "id">;
  /** @default one of its own */
  name?: string;
  /** Whose, id or name. @default {"me"} */
  user?: string;
  /** More fields of the request, such as `rich_parameter_values` or `ttl_ms`. */
  fields?: Record<string, unknown>;
  /** Return as soon as it is created, its build pending. @default {false} */
  noWait?: boolean;
}

const POLL_MS = 100;
const TIMEOUT_MS = 120_000;

/** Uploads files, imports them as a version and waits until that succeeded; the version's id. @throws {JobError} */
export async function importVersion(
  coderd: Calls,
  options: Omit<CreateTemplateOptions, "name" | "fields"> & { template?: Pick<Template, "id"> },
): Promise<string> {
  const token = await tokenOf(coderd, options);
  const file = await coderd.request("POST", "/api/v2/files", {
    token,
    body: tar(options.files),
    headers: { "content-type": "application/x-tar" },
  });
  const organization = options.organization ?? "default";
  const version = await coderd.request("POST", `/api/v2/organizations/${organization}/templateversions`, {
    token,
    body: {
      storage_method: "file",
      file_id: file.hash,
      provisioner: "terraform",
      tags: {},
      ...(options.template ? { template_id: options.template.id } : {}),
    },
  });
  const path = `/api/v2/templateversions/${version.id}`;
  await finished(coderd, path, `the import of template version ${version.name}`, options);
  return version.id;
}

/** Imports files as the first version of a new template. @throws {JobError} when the import fails */
export async function createTemplate(coderd: Calls, options: CreateTemplateOptions): Promise<Template> {
  const version = await importVersion(coderd, options);
  return await coderd.request(
    "POST",
    `/api/v2/organizations/${options.organization ?? "default"}/templates`,
    {
      token: await tokenOf(coderd, options),
      body: { ...options.fields, name: options.name ?? uniqueName("template"), template_version_id: version },
    },
  );
}

/** Makes a workspace and waits until it runs. @throws {JobError} when its build fails */
export async function createWorkspace(
  coderd: Calls,
  options: CreateWorkspaceOptions,
): Promise<Workspace> {
  const token = await tokenOf(coderd, options);
  const workspace: Workspace = await coderd.request(
    "POST",
    `/api/v2/users/${options.user ?? "me"}/workspaces`,
    {
      token,
      body: {
        ...options.fields,
        name: options.name ?? uniqueName("ws"),
        template_id: options.template.id,
      },
    },
  );
  if (options.noWait) return workspace;
  await waitForBuild(coderd, workspace.latest_build.id, options);
  return await getWorkspace(coderd, workspace.id, options);
}

/** A workspace as it is now. */
export async function getWorkspace(
  coderd: Calls,
  id: string,
  options: CallOptions = {},
): Promise<Workspace> {
  return await coderd.request("GET", `/api/v2/workspaces/${id}`, { token: await tokenOf(coderd, options) });
}

/** Starts, stops or deletes a workspace and waits until that is done. @throws {JobError} when the build fails */
export async function buildWorkspace(
  coderd: Calls,
  id: string,
  transition: Build["transition"],
  options: CallOptions & { fields?: Record<string, unknown> } = {},
): Promise<Build> {
  const build = await coderd.request("POST", `/api/v2/workspaces/${id}/builds`, {
    token: await tokenOf(coderd, options),
    body: { ...options.fields, transition },
  });
  return await waitForBuild(coderd, build.id, options);
}

/** Waits until a build succeeded. @throws {JobError} when it fails or is cancelled @throws {WaitTimeoutError} */
export async function waitForBuild(
  coderd: Calls,
  id: string,
  options: CallOptions = {},
): Promise<Build> {
  return await finished(
    coderd,
    `/api/v2/workspacebuilds/${id}`,
    `the workspace build ${id}`,
    options,
  ) as Build;
}

/** Waits until every agent of a workspace is connected and ready; its agents. @throws {WaitTimeoutError} */
// deno-lint-ignore no-explicit-any -- answers are looked at as they are
export async function waitForAgents(coderd: Calls, id: string, options: CallOptions = {}): Promise<any[]> {
  const token = await tokenOf(coderd, options);
  return await waitFor(async () => {
    const workspace = await getWorkspace(coderd, id, { token });
    const agents = workspace.latest_build.resources.flatMap((resource) => resource.agents ?? []);
    const ready = agents.every(({ status, lifecycle_state }) =>
      status === "connected" && lifecycle_state === "ready"
    );
    if (agents.length > 0 && ready) return agents;
    throw new Error(
      `agents: ${JSON.stringify(agents.map(({ status, lifecycle_state }) => [status, lifecycle_state]))}`,
    );
  }, {
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    intervalMs: POLL_MS,
    what: `the agents of workspace ${id}`,
  });
}

/** A name that no other test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Waits for the job of a version or a build. What cannot be read now (coderd restarts, say) is read again. */
async function finished(
  coderd: Calls,
  path: string,
  what: string,
  options: CallOptions,
): Promise<{ job: Job }> {
  const token = await tokenOf(coderd, options);
  const found = await waitFor(async () => {
    const answer: { job: Job } = await coderd.request("GET", path, { token });
    if (["succeeded", "failed", "canceled"].includes(answer.job.status)) return answer;
    throw new Error(`its job is ${answer.job.status}`);
  }, { timeoutMs: options.timeoutMs ?? TIMEOUT_MS, intervalMs: POLL_MS, what });
  if (found.job.status === "succeeded") return found;
  const logs: { output: string }[] | null = await coderd.request("GET", `${path}/logs`, { token });
  const said = (logs ?? []).map(({ output }) => output).filter((line) => line !== "").slice(-20);
  const { job } = found;
  throw new JobError(`${what} ended as ${job.status}: ${job.error ?? ""}\n${said.join("\n")}`.trimEnd(), job);
}

async function tokenOf(coderd: Calls, { token }: CallOptions): Promise<string> {
  return token ?? (await coderd.firstUser()).token;
}
