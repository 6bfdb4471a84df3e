/** Routes without a token. */
import { z } from "zod";
import { ok } from "../reply.ts";
import type { FakeRoute } from "../route.ts";

export const systemRoutes: readonly FakeRoute[] = [
  {
    method: "GET",
    template: "/api/v2/buildinfo",
    auth: "none",
    handle: ({ state, settings }) =>
      ok({
        external_url: "https://github.com/coder/coder/commit/43e67d12",
        version: settings.version,
        dashboard_url: state.environment.get("CODER_ACCESS_URL") ?? "",
        telemetry: false,
        workspace_proxy: false,
        agent_api_version: "1.0",
        provisioner_api_version: "1.14",
        upgrade_message: "",
        deployment_id: state.deploymentId,
        webpush_public_key: "BF",
      }),
  },
  { method: "GET", template: "/healthz", auth: "none", handle: () => ({ status: 200, text: "OK" }) },
  {
    method: "GET",
    template: "/api/v2/users/authmethods",
    auth: "none",
    handle: () =>
      ok({
        terms_of_service_url: "",
        password: { enabled: true },
        github: { enabled: false, default_provider_configured: false },
        oidc: { enabled: false, signInText: "OpenID Connect", iconUrl: "" },
      }),
  },
  {
    method: "POST",
    template: "/api/v2/authcheck",
    body: z.strictObject({
      checks: z.record(
        z.string(),
        z.strictObject({
          action: z.string().min(1),
          object: z.strictObject({
            resource_type: z.string().min(1),
            owner_id: z.string().optional(),
            organization_id: z.guid().optional(),
            resource_id: z.guid().optional(),
            any_org: z.boolean().optional(),
          }),
        }),
      ),
    }),
    handle: ({ state, body, caller }) => {
      const all = caller!.user.roles.includes("owner") && caller!.key.scopes.includes("coder:all");
      const known = [
        "workspace",
        "template",
        "user",
        "license",
        "workspace_proxy",
        "provisioner_daemon",
        "api_key",
      ];
      const checks = Object.entries<{ object: { resource_type: string; resource_id?: string } }>(body.checks);
      // Whatever else members are, they are masters of their own workspaces.
      const isOwn = ({ resource_type, resource_id }: { resource_type: string; resource_id?: string }) =>
        resource_type === "workspace" && resource_id !== undefined &&
        state.workspaces.some(({ id, owner_id }) => id === resource_id && owner_id === caller!.user.id);
      return ok(
        Object.fromEntries(
          checks.map(([key, { object }]) => [
            key,
            known.includes(object.resource_type) && (all || isOwn(object)),
          ]),
        ),
      );
    },
  },
];
