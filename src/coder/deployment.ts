/** Configuration and figures of a whole deployment. They need the right to read them, which owners have. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { listOf, optionalText, timestamp } from "./schema_parts.ts";

const optionSchema = z.object({
  name: optionalText,
  /** Environment variable, such as `CODER_ACCESS_URL`. */
  env: optionalText,
  flag: optionalText,
  /** As coderd runs with it; absent where it is a secret or not set. */
  value: z.unknown().optional(),
});

export const deploymentConfigSchema = z.object({ options: listOf(optionSchema) });
export type DeploymentConfig = z.infer<typeof deploymentConfigSchema>;

const count = z.number().nullish().transform((value) => value ?? 0);

export const deploymentStatsSchema = z.object({
  aggregated_from: timestamp,
  collected_at: timestamp,
  workspaces: z.object({ pending: count, building: count, running: count, failed: count, stopped: count }),
  session_count: z.object({ vscode: count, ssh: count, jetbrains: count, reconnecting_pty: count }),
});
export type DeploymentStats = z.infer<typeof deploymentStatsSchema>;

const appsHostSchema = z.object({ host: optionalText });

export interface DeploymentCalls {
  config(options?: CallOptions): Promise<DeploymentConfig>;
  stats(options?: CallOptions): Promise<DeploymentStats>;
  /** The wildcard host of workspace apps, such as `*.apps.example.com`; empty where there is none. */
  appsHost(options?: CallOptions): Promise<string>;
}

export function deploymentCalls(call: Call): DeploymentCalls {
  return {
    config: (options) =>
      call({ method: "GET", route: "/api/v2/deployment/config", answer: deploymentConfigSchema }, options),
    stats: (options) =>
      call({ method: "GET", route: "/api/v2/deployment/stats", answer: deploymentStatsSchema }, options),
    async appsHost(options) {
      const { host } = await call(
        { method: "GET", route: "/api/v2/applications/host", answer: appsHostSchema },
        options,
      );
      return host;
    },
  };
}
