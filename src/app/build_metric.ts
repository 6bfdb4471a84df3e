/** Which build this is, among the figures. */
import type { Metrics } from "../telemetry/metrics.ts";
import { buildInfo } from "./version.ts";

/** Adds `coder_k8s_build_info`. */
export function registerBuild(metrics: Metrics): void {
  const { version, commit } = buildInfo();
  metrics.gauge("coder_k8s_build_info", "Always 1; the labels say which build this is.", [
    "version",
    "commit",
    "deno",
  ]).set({ version, commit, deno: Deno.version.deno }, 1);
}
