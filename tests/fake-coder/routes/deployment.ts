/** Configuration and figures. */
import { ok } from "../reply.ts";
import type { FakeRoute } from "../route.ts";

export const deploymentRoutes: readonly FakeRoute[] = [
  {
    method: "GET",
    template: "/api/v2/applications/host",
    handle: ({ state }) => ok({ host: state.environment.get("CODER_WILDCARD_ACCESS_URL") ?? "" }),
  },
  {
    method: "GET",
    template: "/api/v2/deployment/config",
    owner: true,
    handle: ({ state }) =>
      ok({
        config: { access_url: state.environment.get("CODER_ACCESS_URL") ?? "" },
        options: [...state.environment].map(([env, value]) => ({
          name: env.replace(/^CODER_/, "").replaceAll("_", " "),
          description: "…",
          flag: env.replace(/^CODER_/, "").toLowerCase().replaceAll("_", "-"),
          env,
          value,
          hidden: false,
        })),
      }),
  },
  {
    method: "GET",
    template: "/api/v2/deployment/stats",
    owner: true,
    handle: ({ state }) => {
      const count = (status: string) =>
        state.workspaces.filter((one) => (one["latest_build"] as { status: string }).status === status)
          .length;
      return ok({
        aggregated_from: state.time(),
        collected_at: state.time(),
        next_update_at: state.time(),
        workspaces: {
          pending: count("pending"),
          building: count("starting"),
          running: count("running"),
          failed: count("failed"),
          stopped: count("stopped"),
          connection_latency_ms: { P50: -1, P95: -1 },
          rx_bytes: 0,
          tx_bytes: 0,
        },
        session_count: { vscode: 0, ssh: 0, jetbrains: 0, reconnecting_pty: 0 },
      });
    },
  },
];
