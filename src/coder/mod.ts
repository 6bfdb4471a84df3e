/** The door of the room: calls to Coder. */
export { CoderAddressError } from "./address.ts";
export { type BudgetOptions, createBudget, type RequestBudget } from "./budget.ts";
export { type BuildLogLine, type BuildState, isJobOver, type LogRange } from "./builds.ts";
export type { Call, CallerOptions, CallOptions, CallSpec } from "./call.ts";
export { type CoderClient, createCoderClient } from "./client.ts";
export { type DeploymentConfig, type DeploymentStats } from "./deployment.ts";
export {
  createDeployments,
  type DeploymentAddress,
  type Deployments,
  type DeploymentsOptions,
} from "./deployments.ts";
export * from "./errors.ts";
export { type Entitlements, type License, type LicenseClaims, readLicenseClaims } from "./licenses.ts";
export type { Organization } from "./organizations.ts";
export type { ProvisionerJob } from "./provisioner_jobs.ts";
export type { ProvisionerDaemon, ProvisionerKey, ProvisionerKeyDaemons } from "./provisioner_keys.ts";
export { daemonTags, type Tags, tagsMatch, tagText } from "./provisioner_tags.ts";
export { createServiceProxyTransport, type ServiceProxyOptions } from "./service_proxy.ts";
export type { BuildInfo } from "./system.ts";
export type { NewTask, Task, TaskCalls, TaskLogEntry } from "./tasks.ts";
export type { DryRun, PlannedResource, Preset, TemplateParameter } from "./template_inputs.ts";
export type { NewTemplate, NewVersion, TemplateChangeCalls, TemplatePatch } from "./template_changes.ts";
export type {
  ListedTemplateVersion,
  ReadableTemplates,
  Template,
  TemplateVariable,
  TemplateVersion,
} from "./templates.ts";
export type { OpenTerminal, Terminal, TerminalEnd, TerminalRequest } from "./terminal.ts";
export { type ApiKey, type NewToken, tokenId } from "./tokens.ts";
export {
  type BodySource,
  type CoderTransport,
  createTransport,
  type TransportAnswer,
  type TransportOptions,
  type TransportRequest,
} from "./transport.ts";
export { TransportFailure } from "./transport_failure.ts";
export {
  createSockets,
  type SocketAnswer,
  type SocketRequest,
  type Sockets,
  type SocketTarget,
} from "./web_socket.ts";
export type { AuthCheck, AuthMethods, NewFirstUser, NewTokenUser, User, UserPage } from "./users.ts";
export type { ProxyFace, WorkspaceProxy } from "./workspace_proxies.ts";
export type { WorkspaceAgent, WorkspaceApp } from "./workspace_agents.ts";
export type { ReadableWorkspacePage, Workspace, WorkspaceBuild, WorkspacePage } from "./workspaces.ts";
export type {
  NewBuild,
  NewWorkspace,
  ParameterValue,
  Transition,
  WorkspaceChangeCalls,
} from "./workspace_changes.ts";
