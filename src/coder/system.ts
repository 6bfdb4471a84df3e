/** What a deployment says about itself, without a token. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { nonEmpty, optionalFlag, optionalText } from "./schema_parts.ts";

export const buildInfoSchema = z.object({
  /** With a leading `v`, such as `v2.30.0+43e67d1`. */
  version: nonEmpty,
  /** Where this build's source is. */
  external_url: optionalText,
  /** The access URL. */
  dashboard_url: optionalText,
  deployment_id: optionalText,
  agent_api_version: optionalText,
  provisioner_api_version: optionalText,
  upgrade_message: optionalText,
  /** True where a workspace proxy answers, not coderd itself. */
  workspace_proxy: optionalFlag,
  telemetry: optionalFlag,
});
export type BuildInfo = z.infer<typeof buildInfoSchema>;

/** Calls that work without a token and without Coder's database. */
export interface SystemCalls {
  buildInfo(options?: CallOptions): Promise<BuildInfo>;
  /** True where coderd's process answers. Says nothing about its database. */
  isAlive(options?: CallOptions): Promise<boolean>;
}

export function systemCalls(call: Call): SystemCalls {
  return {
    buildInfo: (options) =>
      call({ method: "GET", route: "/api/v2/buildinfo", answer: buildInfoSchema, signedIn: false }, options),
    async isAlive(options) {
      const text = await call<string>(
        { method: "GET", route: "/healthz", answer: "text", signedIn: false },
        options,
      );
      // Builds without a dashboard answer 200 to every path: only the word itself is a proof.
      return text.trim() === "OK";
    },
  };
}
