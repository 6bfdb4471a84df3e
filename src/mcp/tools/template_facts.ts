/** What tools say of a template. */
import { z } from "zod";
import type { CoderTemplate } from "../../api/template.ts";
import { toldConditions } from "./conditions.ts";
import { plainUrl } from "./workspace_facts.ts";

/** As lists have it: cheap. */
export const TEMPLATE_BRIEF = {
  name: z.string(),
  namespace: z.string(),
  running: z.boolean().describe("false: deprecated"),
  autoShutdown: z.string().optional(),
  displayName: z.string().optional(),
};
export type TemplateBrief = z.output<z.ZodObject<typeof TEMPLATE_BRIEF>>;

const briefs = new WeakMap<CoderTemplate, TemplateBrief>();

/** Made once for each object: those of a cache are never changed. */
export function briefOf(object: CoderTemplate): TemplateBrief {
  const known = briefs.get(object);
  if (known !== undefined) return known;
  const { metadata, spec, status } = object;
  const brief = {
    name: metadata.name ?? "",
    namespace: metadata.namespace ?? "",
    running: status?.deprecated !== true,
    ...given("autoShutdown", status?.autoShutdown),
    ...given("displayName", spec?.displayName),
  };
  briefs.set(object, brief);
  return brief;
}

/** What one template has beside that. */
export const TEMPLATE_DETAILS = {
  ...TEMPLATE_BRIEF,
  description: z.string().optional(),
  versionID: z.string().optional(),
  pendingVersionID: z.string().optional(),
  problem: z.string().optional(),
  deprecationMessage: z.string().optional(),
  source: z.string().optional(),
  defaultTTLMinutes: z.number().optional(),
  updatedAt: z.string().optional(),
  url: z.string().optional(),
};
export type TemplateDetails = z.output<z.ZodObject<typeof TEMPLATE_DETAILS>>;

/** Everything that somebody would ask next, without files. */
export function detailsOf(object: CoderTemplate): TemplateDetails {
  const { spec, status } = object;
  const { defaultTTLMillis = 0 } = spec.settings ?? {};
  return {
    ...briefOf(object),
    ...given("description", spec.description),
    ...given("versionID", activeVersionOf(object)),
    ...given("pendingVersionID", status?.pendingVersionID),
    ...given("problem", problemOf(object)),
    ...given("deprecationMessage", status?.deprecationMessage),
    ...given("source", sourceText(object)),
    ...(defaultTTLMillis > 0 ? { defaultTTLMinutes: defaultTTLMillis / 60_000 } : {}),
    ...given("updatedAt", status?.updatedAt ?? undefined),
    ...given("url", status?.accessURL === undefined ? undefined : plainUrl(status.accessURL)),
  };
}

/** The version that new workspaces are built of. */
export function activeVersionOf({ spec, status }: CoderTemplate): string {
  return status?.activeVersionID ?? spec.versionID ?? "";
}

/** A condition, if it is there. */
export function conditionOf({ status }: CoderTemplate, type: string) {
  return toldConditions(status?.conditions).find((condition) => condition.type === type);
}

function problemOf(object: CoderTemplate): string | undefined {
  const stalled = conditionOf(object, "Stalled");
  if (stalled?.status !== "True") return undefined;
  return [stalled.reason, stalled.message].filter((part) => part !== undefined).join(": ");
}

function sourceText({ spec: { source }, status }: CoderTemplate): string | undefined {
  const url = source?.git?.url ?? source?.oci?.url;
  if (url === undefined) return undefined;
  const revision = status?.source?.revision;
  return `${withoutCredentials(url)}${revision === undefined ? "" : ` at ${revision}`}`;
}

/** What stands before an `@` may be a password. */
function withoutCredentials(url: string): string {
  const [, scheme = "", rest = url] = /^([a-z+]+:\/\/)(.*)$/is.exec(url) ?? [];
  const host = rest.slice(0, rest.search(/[/?#]|$/));
  return `${scheme}${rest.slice(host.includes("@") ? host.lastIndexOf("@") + 1 : 0)}`.replace(/[?#].*$/s, "");
}

function given<N extends string, T>(name: N, value: T | undefined): { [K in N]?: T } {
  return (value === undefined || value === "" ? {} : { [name]: value }) as { [K in N]?: T };
}
