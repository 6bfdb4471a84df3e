/** Workspace proxies, and what Coder finds when it calls them. */
import { z } from "zod";
import type { ProxyFacts } from "../coder_facts.ts";
import type { CoderReader } from "../look.ts";
import { answerList, list, text, time } from "./lenient.ts";

const reportSchema = z.object({ errors: list(z.string()), warnings: list(z.string()) })
  .catch({ errors: [], warnings: [] });
const statusSchema = z.object({ status: text, report: reportSchema, checked_at: time })
  .catch({ status: "", report: { errors: [], warnings: [] }, checked_at: undefined });
const proxySchema = z.object({
  name: z.string().min(1),
  path_app_url: text,
  wildcard_hostname: text,
  version: text,
  status: statusSchema,
}).transform(({ name, path_app_url, wildcard_hostname, version, status }): ProxyFacts => ({
  name,
  status: status.status,
  pathAppUrl: path_app_url,
  wildcardHostname: wildcard_hostname,
  version,
  errors: status.report.errors,
  warnings: status.report.warnings,
  checkedAt: status.checked_at,
}));

const regionsSchema = z.object({ regions: answerList(proxySchema) }).transform(({ regions }) => regions);

/** Coder itself is among them, as `primary`. */
export async function readProxies(coder: CoderReader): Promise<readonly ProxyFacts[]> {
  return await coder.get({ route: "/api/v2/workspaceproxies", answer: regionsSchema });
}
