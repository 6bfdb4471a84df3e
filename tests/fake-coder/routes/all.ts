/** Every route that the fake knows. */
import type { FakeRoute } from "../route.ts";
import { buildRoutes } from "./builds.ts";
import { deploymentRoutes } from "./deployment.ts";
import { licenseRoutes } from "./licenses.ts";
import { organizationRoutes } from "./organizations.ts";
import { provisionerRoutes } from "./provisioners.ts";
import { proxyRoutes } from "./proxies.ts";
import { quotaRoutes } from "./quota.ts";
import { systemRoutes } from "./system.ts";
import { templateChangeRoutes } from "./template_changes.ts";
import { templateRoutes } from "./templates.ts";
import { tokenRoutes } from "./tokens.ts";
import { userRoutes } from "./users.ts";
import { templateInputRoutes, workspaceChangeRoutes } from "./workspace_changes.ts";
import { workspaceRoutes } from "./workspaces.ts";

export const allRoutes: readonly FakeRoute[] = [
  ...systemRoutes,
  ...userRoutes,
  ...tokenRoutes,
  ...organizationRoutes,
  ...licenseRoutes,
  ...provisionerRoutes,
  ...proxyRoutes,
  ...quotaRoutes,
  ...templateRoutes,
  ...templateChangeRoutes,
  ...workspaceRoutes,
  ...workspaceChangeRoutes,
  ...templateInputRoutes,
  ...buildRoutes,
  ...deploymentRoutes,
];
