/** The objects of coder.com with their status, and all conditions in one table. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { keyOf, keyText, type KubeObject, type ResourceType } from "../../api/object.ts";
import { CoderProvisioners } from "../../api/provisioner.ts";
import { CoderWorkspaceProxies } from "../../api/workspace_proxy.ts";
import { oneLine, type SubjectKind } from "../../diagnosis/mod.ts";
import type { Gatherer } from "../gatherer.ts";

export const OWN_KINDS: readonly { readonly type: ResourceType; readonly subject: SubjectKind }[] = [
  { type: CoderControlPlanes, subject: "controlplane" },
  { type: CoderProvisioners, subject: "provisioner" },
  { type: CoderWorkspaceProxies, subject: "proxy" },
];

/** One of them. */
export interface OwnObject {
  readonly subject: SubjectKind;
  readonly namespace: string;
  readonly name: string;
}

/** `namespaces/<namespace>/<kind>/<name>.yaml`, `conditions.txt`; which there are. */
export async function gatherKinds(gatherer: Gatherer): Promise<OwnObject[]> {
  const { world, options } = gatherer;
  const scope = options.namespace === undefined ? {} : { namespace: options.namespace };
  const lists = await Promise.all(OWN_KINDS.map(async ({ type, subject }) => {
    const page = await gatherer.tried(
      `list of ${type.plural}`,
      (signal) => world.cluster.list(type, { ...scope, signal }),
    );
    return { type, subject, items: page?.items ?? [] };
  }));
  const lines: string[] = [];
  const found: OwnObject[] = [];
  for (const { type, subject, items } of lists) {
    for (const object of items) {
      const key = keyOf(object);
      found.push({ subject, ...key });
      gatherer.yaml(
        `namespaces/${key.namespace}/${type.plural}/${key.name}.yaml`,
        `${type.kind} as it is`,
        1,
        object,
      );
      lines.push(`${type.kind} ${keyText(key)}`, ...conditionLines(object), "");
    }
  }
  gatherer.text("conditions.txt", "conditions of all objects of coder.com", 1, lines.join("\n"));
  return found;
}

function conditionLines(object: KubeObject & { status?: unknown }): string[] {
  const status = object.status as { conditions?: unknown } | undefined;
  if (!Array.isArray(status?.conditions)) return ["  no conditions"];
  return status.conditions.map((one: Record<string, unknown> | null) => {
    const text = (name: string) => oneLine(String(one?.[name] ?? ""));
    return `  ${text("type")}=${text("status")} since ${text("lastTransitionTime")} ${text("reason")}: ${
      text("message")
    }`;
  });
}
