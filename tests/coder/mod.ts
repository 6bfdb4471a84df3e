/**
 * A real Coder deployment for tests: coderd (AGPL) on a real PostgreSQL with real Terraform, started on free loopback
 * ports in seconds, ended with the process that started it, SIGKILL included.
 *
 * ```ts
 * const coderd = await sharedCoderd(); // or: await using deployment = await startDeployment(); deployment.coderd
 * const { token } = await coderd.firstUser();
 * const template = await coderd.createTemplate({ files: plainTemplate() }); // agentTemplate(): a connected agent
 * const workspace = await coderd.createWorkspace({ template }); // runs
 * await coderd.request("GET", `/api/v2/workspaces/${workspace.id}`, { token });
 * await coderd.sql("select id from api_keys where user_id = :'user'", { params: { user: workspace.owner_id } });
 *
 * await using postgres = await startPostgres();
 * await using own = await startCoderd({ postgres, restartAfter: 1, env: { CODER_EXPERIMENTS: "…" } });
 * await postgres.kill(); // own now answers 401 to valid tokens
 * await postgres.start();
 * ```
 *
 * Stop, kill or restart what you have started yourself only: the shared one belongs to everybody.
 */
export { Coderd } from "./coderd.ts";
export type { CoderdState } from "./coderd_state.ts";
export type { FirstUser } from "./first_user.ts";
export { StartError } from "./instance.ts";
export { DEFAULT_DATABASE, Postgres, type PostgresOptions, startPostgres } from "./postgres.ts";
export type { PostgresState } from "./postgres_setup.ts";
export { type Row, SqlError, type SqlOptions } from "./psql.ts";
export { type Answer, RequestError, type RequestOptions } from "./request.ts";
export { SHARED_CODERD_VARIABLE, sharedCoderd, withSharedCoderd } from "./shared.ts";
export {
  type CoderdOptions,
  Deployment,
  type DeploymentOptions,
  startCoderd,
  startDeployment,
} from "./start.ts";
export {
  agentRunner,
  agentTemplate,
  type AgentTemplateOptions,
  brokenTemplate,
  plainTemplate,
  type TemplateFiles,
} from "./templates.ts";
export { type CoderTools, ensureCoderTools } from "./tools.ts";
export {
  type Build,
  type CallOptions,
  type CreateTemplateOptions,
  type CreateWorkspaceOptions,
  type Job,
  JobError,
  type Template,
  uniqueName,
  type Workspace,
} from "./workspaces.ts";
