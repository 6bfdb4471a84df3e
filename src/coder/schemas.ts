/** The forms of all answers, by noun. Fields that are not named here may come and are dropped. */
export { buildLogLineSchema, buildStateSchema } from "./builds.ts";
export { deploymentConfigSchema, deploymentStatsSchema } from "./deployment.ts";
export { entitlementsSchema, licenseSchema } from "./licenses.ts";
export { organizationSchema } from "./organizations.ts";
export { provisionerJobSchema } from "./provisioner_jobs.ts";
export { provisionerDaemonSchema, provisionerKeySchema } from "./provisioner_keys.ts";
export { buildInfoSchema } from "./system.ts";
export { dryRunSchema, presetSchema, templateParameterSchema } from "./template_inputs.ts";
export { templateSchema } from "./templates.ts";
export { apiKeySchema } from "./tokens.ts";
export { authMethodsSchema, userPageSchema, userSchema } from "./users.ts";
export { parameterValueSchema } from "./workspace_changes.ts";
export { workspaceProxySchema } from "./workspace_proxies.ts";
export { workspaceBuildSchema, workspacePageSchema, workspaceSchema } from "./workspaces.ts";
