/** All calls to one Coder deployment under one identity, by noun. */
import type { RequestBudget } from "./budget.ts";
import { type BuildCalls, buildCalls } from "./builds.ts";
import { type Call, type CallerOptions, createCaller } from "./call.ts";
import { type DeploymentCalls, deploymentCalls } from "./deployment.ts";
import { type LicenseCalls, licenseCalls } from "./licenses.ts";
import { type OrganizationCalls, organizationCalls } from "./organizations.ts";
import { type ProvisionerJobCalls, provisionerJobCalls } from "./provisioner_jobs.ts";
import { type ProvisionerCalls, provisionerCalls } from "./provisioner_keys.ts";
import { type SystemCalls, systemCalls } from "./system.ts";
import { type TaskCalls, taskCalls } from "./tasks.ts";
import { type TemplateInputCalls, templateInputCalls } from "./template_inputs.ts";
import { type TemplateChangeCalls, templateChangeCalls } from "./template_changes.ts";
import { type TemplateCalls, templateCalls } from "./templates.ts";
import { type TerminalCalls, terminalCalls } from "./terminals.ts";
import { type TokenCalls, tokenCalls } from "./tokens.ts";
import { type UserCalls, userCalls } from "./users.ts";
import { type WorkspaceChangeCalls, workspaceChangeCalls } from "./workspace_changes.ts";
import { type WorkspaceProxyCalls, workspaceProxyCalls } from "./workspace_proxies.ts";
import { type WorkspaceCalls, workspaceCalls } from "./workspaces.ts";

/**
 * A client. Every call may throw a {@linkcode CoderError}; nothing else, save programming errors.
 *
 * @example
 * ```ts
 * const client = createCoderClient({ transport: createTransport({ url: "https://coder.example.com" }), token });
 * const { version } = await client.system.buildInfo();
 * const operator = await client.users.me({ signal, timeoutMs: 5_000 });
 * ```
 */
export interface CoderClient {
  /** Where it is, for messages. */
  readonly address: string;
  readonly system: SystemCalls;
  readonly users: UserCalls;
  readonly tokens: TokenCalls;
  readonly organizations: OrganizationCalls;
  readonly licenses: LicenseCalls;
  readonly provisioners: ProvisionerCalls;
  readonly provisionerJobs: ProvisionerJobCalls;
  readonly workspaceProxies: WorkspaceProxyCalls;
  readonly templates: TemplateCalls;
  readonly templateChanges: TemplateChangeCalls;
  readonly workspaces: WorkspaceCalls;
  readonly workspaceChanges: WorkspaceChangeCalls;
  readonly templateInputs: TemplateInputCalls;
  readonly builds: BuildCalls;
  readonly tasks: TaskCalls;
  readonly deployment: DeploymentCalls;
  readonly terminals: TerminalCalls;
  /** Any other call, with the same budget, metrics and errors. */
  readonly call: Call;
  /** The same for what somebody waits for, which does not wait for other requests; absent: there is no such way. */
  readonly prompt?: CoderClient;
  /** The same under another session token, over the same connections; absent: there is no such way. */
  readonly as?: (token: string, onTokenRefused?: () => void) => CoderClient;
}

export interface CoderClientOptions extends CallerOptions {
  /** Of what somebody waits for. @default none */
  readonly promptBudget?: RequestBudget | undefined;
}

/** Makes a client on a transport. Cheap: connections belong to the transport, limits to the budget. */
export function createCoderClient({ promptBudget, ...options }: CoderClientOptions): CoderClient {
  const call = createCaller(options);
  return {
    ...(promptBudget === undefined
      ? {}
      : { prompt: createCoderClient({ ...options, budget: promptBudget }) }),
    as: (token, onTokenRefused) => createCoderClient({ ...options, promptBudget, token, onTokenRefused }),
    address: options.transport.address,
    system: systemCalls(call),
    users: userCalls(call),
    tokens: tokenCalls(call),
    organizations: organizationCalls(call),
    licenses: licenseCalls(call),
    provisioners: provisionerCalls(call),
    provisionerJobs: provisionerJobCalls(call),
    workspaceProxies: workspaceProxyCalls(call),
    templates: templateCalls(call),
    templateChanges: templateChangeCalls(call),
    workspaces: workspaceCalls(call),
    workspaceChanges: workspaceChangeCalls(call),
    templateInputs: templateInputCalls(call),
    builds: buildCalls(call),
    tasks: taskCalls(call),
    deployment: deploymentCalls(call),
    terminals: terminalCalls(options, call),
    call,
  };
}
