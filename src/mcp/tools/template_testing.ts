/** Templates in memory, for tests of tools: as the API server would serve them, as far as tools look. */
import { CONTROL_PLANE_NAME_LABEL } from "../../api/aggregated.ts";
import type { Condition } from "../../api/kubernetes/types.ts";
import type { CoderTemplate } from "../../api/template.ts";
import type { PatchBody } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import type { CallerCluster, CallerCoders } from "../../caller/types.ts";
import type { CoderClient } from "../../coder/mod.ts";

const UID = "0f8fad5b-d9cb-469f-a165-70867728950e";
export const VERSION = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

export interface TemplateParts {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly spec?: Partial<CoderTemplate["spec"]>;
  readonly status?: Partial<CoderTemplate["status"]>;
}

/** One, as it is served. */
export function templateOf(
  { name = "acme.docker", namespace = "lab", uid = UID, ...parts }: TemplateParts = {},
) {
  return {
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderTemplate",
    metadata: { name, namespace, uid, labels: { [CONTROL_PLANE_NAME_LABEL]: "main" } },
    spec: {
      organization: name.split(".").at(-2) ?? "",
      versionID: VERSION,
      settings: { deprecationMessage: "" },
      ...parts.spec,
    },
    status: {
      id: uid,
      activeVersionID: parts.spec?.versionID ?? VERSION,
      updatedAt: "2026-01-02T03:04:05Z",
      ...parts.status,
    },
  } as CoderTemplate;
}

/** A condition of a template. */
export function conditionOf(type: string, status: string, message = "", reason = type): Condition {
  return { type, status, reason, message, lastTransitionTime: "2026-01-02T03:04:05Z" };
}

export interface FakeTemplatesOptions {
  /** What becomes of a template that was patched. @default {nothing more} */
  readonly after?: (template: CoderTemplate) => CoderTemplate;
  readonly mayList?: boolean;
  /** Names that mean another one. */
  readonly aliases?: Readonly<Record<string, string>>;
}

/** Merges as RFC 7396 has it. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === "object" && target !== null && !Array.isArray(target);
  const result: Record<string, unknown> = isObject ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

export class FakeTemplates {
  readonly calls: string[] = [];
  readonly #options: FakeTemplatesOptions;
  items: CoderTemplate[];
  missing: string[] = [];

  constructor(items: CoderTemplate[], options: FakeTemplatesOptions = {}) {
    this.items = items;
    this.#options = options;
  }

  /** The cluster; other calls fail. */
  get cluster(): CallerCluster {
    const { mayList = true, after = (template) => template } = this.#options;
    const list: CallerCluster["list"] = (_type, { namespace, fieldSelector = "" } = {}) => {
      this.calls.push(`list ${namespace ?? ""} ${fieldSelector}`.trim());
      if (!mayList) return Promise.reject(refusal(403, "Forbidden", "you may not list"));
      const [field, value] = fieldSelector.split("=");
      const items = this.items.filter(({ metadata, spec }) =>
        (namespace === undefined || metadata.namespace === namespace) &&
        (field !== "metadata.name" || metadata.name === value) &&
        (field !== "spec.organization" || spec.organization === value)
      ).map((one) => ({ ...one, spec: { ...one.spec, files: undefined } }));
      return Promise.resolve({ items, resourceVersion: "1" }) as never;
    };
    const found = (namespace: string, name: string) => {
      const meant = this.#options.aliases?.[name] ?? name;
      const one = this.items.find(({ metadata }) =>
        metadata.namespace === namespace && metadata.name === meant
      );
      if (one !== undefined) return one;
      throw refusal(404, "NotFound", `codertemplates "${name}" not found`);
    };
    const asked = (run: () => CoderTemplate) => Promise.try(run) as Promise<never>;
    const patch = (
      _type: unknown,
      { namespace, name }: { namespace: string; name: string },
      { body }: PatchBody,
      { dryRun = false }: { dryRun?: boolean } = {},
    ) => {
      this.calls.push(`patch ${name} ${JSON.stringify(body)}${dryRun ? " dry" : ""}`);
      return asked(() => {
        const before = found(namespace, name);
        const changed = merged(before, body) as CoderTemplate;
        if (dryRun) return changed;
        const now = after(changed);
        this.items = this.items.map((one) => one === before ? now : one);
        return now;
      });
    };
    const own = {
      list,
      get: (_: unknown, { namespace, name }: { namespace: string; name: string }) => {
        this.calls.push(`get ${name}`);
        return asked(() => ({
          ...found(namespace, name),
          metadata: { ...found(namespace, name).metadata, name },
        }));
      },
      patch,
      missing: () => this.missing,
    };
    return own as unknown as CallerCluster;
  }
}

function refusal(code: number, reason: string, message: string): KubeApiError {
  return new KubeApiError(code, reason, message, { method: "GET", path: "/" });
}

/** One Coder that anybody may ask. */
export function codersOf(client: CoderClient): CallerCoders & { readonly opened: string[] } {
  const ref = { id: "lab/main", namespace: "lab", controlPlane: "main" };
  const opened: string[] = [];
  return {
    opened,
    list: () => Promise.resolve([ref]),
    open(choice, need) {
      opened.push(`${choice.namespace}/${choice.controlPlane ?? ""} ${need.verb}`);
      return Promise.resolve({ ref, client, as: "operator" });
    },
  };
}
