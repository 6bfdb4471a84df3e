/** The database that a visit is about, as Coder's own pod would find it. */
import type { Visit, VisitTools } from "../visit.ts";
import { type DatabaseLocation, findDatabase } from "./database_url.ts";

/** Finds it, and has its secrets kept out of everything. Throws what the API server refuses. */
export async function visitDatabase(
  { controlPlane, key: { namespace }, signal }: Pick<Visit, "controlPlane" | "key" | "signal">,
  { client, keepSecret }: Pick<VisitTools, "client" | "keepSecret">,
  clusterDomain: string,
): Promise<DatabaseLocation> {
  const found = await findDatabase(controlPlane, client, signal);
  if ("reason" in found) return found;
  keepSecret(...found.secrets);
  const searchDomains = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { ...found, address: { ...found.address, searchDomains } };
}
