/** Every route that the fake knows. */
import type { FakeRoute } from "../route.ts";
import { deploymentRoutes } from "./deployment.ts";
import { licenseRoutes } from "./licenses.ts";
import { organizationRoutes } from "./organizations.ts";
import { provisionerRoutes } from "./provisioners.ts";
import { proxyRoutes } from "./proxies.ts";
import { systemRoutes } from "./system.ts";
import { templateRoutes } from "./templates.ts";
import { tokenRoutes } from "./tokens.ts";
import { userRoutes } from "./users.ts";
import { workspaceRoutes } from "./workspaces.ts";

export const allRoutes: readonly FakeRoute[] = [
  ...systemRoutes,
  ...userRoutes,
  ...tokenRoutes,
  ...organizationRoutes,
  ...licenseRoutes,
  ...provisionerRoutes,
  ...proxyRoutes,
  ...templateRoutes,
  ...workspaceRoutes,
  ...deploymentRoutes,
];
