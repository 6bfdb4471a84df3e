/** What may come next in an argument: names that begin so, of what the caller may see. */
import { CoderControlPlanes } from "../api/control_plane.ts";
import type { KubeObject, ResourceType } from "../api/object.ts";
import { CoderTemplates } from "../api/template.ts";
import { CoderWorkspaces } from "../api/workspace.ts";
import { promptNamed } from "./prompts/mod.ts";
import { namespacesOf, RESOURCE_TEMPLATES, visible } from "./resources/mod.ts";
import type { CompletionQuestion, Surface, SurfaceCall } from "./surface.ts";
import { within } from "../caller/within.ts";

/** Somebody is typing, in milliseconds. */
const ANSWER_MS = 2_000;
/** As the protocol has it. */
const MOST = 100;

const KINDS = {
  workspace: CoderWorkspaces,
  template: CoderTemplates,
  controlPlane: CoderControlPlanes,
} as const satisfies Record<string, ResourceType>;

type Asked = "namespace" | "path" | keyof typeof KINDS;

/** Makes the function. What cannot be found out in time completes nothing: it is no failure. */
export function createCompletions(): Surface["complete"] {
  return async (question, call) => {
    const asked = askedFor(question);
    if (asked === undefined) return { values: [], hasMore: false };
    try {
      const values = await within(
        call.signal,
        ANSWER_MS,
        (signal) => valuesOf(asked, question.context, { ...call, signal }),
      );
      return beginning(values, question.argument.value);
    } catch {
      call.signal.throwIfAborted();
      return { values: [], hasMore: false };
    }
  };
}

function askedFor({ ref, argument: { name } }: CompletionQuestion): Asked | undefined {
  if (ref.type === "prompt") {
    const kind = promptNamed(ref.name)?.arguments.find((one) => one.name === name)?.kind;
    return kind === "days" || kind === "words" ? undefined : kind;
  }
  const isKnown = RESOURCE_TEMPLATES.some(({ uriTemplate }) => uriTemplate === ref.uri);
  if (!isKnown || !ref.uri.includes(`{${name}}`)) return undefined;
  if (name !== "name") return name as "namespace" | "path";
  return ref.uri.startsWith("coder://workspaces/") ? "workspace" : "template";
}

async function valuesOf(
  asked: Asked,
  context: Readonly<Record<string, string>>,
  call: SurfaceCall,
): Promise<readonly string[]> {
  const namespace = context["namespace"] || undefined;
  switch (asked) {
    case "namespace":
      return await namespaces(call);
    case "path":
      return await paths(namespace, context["name"], call);
    default:
      return (await visible<KubeObject>(call, KINDS[asked], namespace, ANSWER_MS)).map(({ metadata }) =>
        metadata.name ?? ""
      );
  }
}

/** Those of Coders, and those of control planes that have none yet. */
async function namespaces(call: SurfaceCall): Promise<readonly string[]> {
  const [ofCoders, ofControlPlanes] = await Promise.allSettled([
    namespacesOf(call, call.signal),
    visible(call, CoderControlPlanes, undefined, ANSWER_MS),
  ]);
  return [
    ...(ofCoders.status === "fulfilled" ? ofCoders.value : []),
    ...(ofControlPlanes.status === "fulfilled"
      ? ofControlPlanes.value.map(({ metadata }) => metadata.namespace ?? "")
      : []),
  ];
}

async function paths(
  namespace: string | undefined,
  name: string | undefined,
  { cluster, signal }: SurfaceCall,
): Promise<readonly string[]> {
  if (namespace === undefined || name === undefined || name === "") return [];
  const { spec } = await cluster.get(CoderTemplates, { namespace, name }, { signal, timeoutMs: ANSWER_MS });
  return Object.keys(spec.files ?? {});
}

/** Sorted, each once, whatever the case of what was typed. */
function beginning(values: readonly string[], typed: string): { values: string[]; hasMore: boolean } {
  const start = typed.toLowerCase();
  const fitting = [...new Set(values)].filter((value) =>
    value !== "" && value.toLowerCase().startsWith(start)
  )
    .sort();
  return { values: fitting.slice(0, MOST), hasMore: fitting.length > MOST };
}
