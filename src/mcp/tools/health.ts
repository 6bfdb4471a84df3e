/** What answers, and what does not. */
import { z } from "zod";
import { AGGREGATION_GROUP } from "../../api/aggregated.ts";
import { Namespaces } from "../../api/kubernetes/resources.ts";
import { CoderError } from "../../coder/mod.ts";
import { KubeApiError } from "../../kube/errors.ts";
import type { CallerCoders, CoderChoice, CoderRef, CoderSession } from "../../caller/types.ts";
import { ToolError, toolError } from "../errors.ts";
import { readTool, type Tool, type ToolCall } from "../tool.ts";
import { within } from "../../caller/within.ts";

/** For each that is asked, in milliseconds. */
const ASKED_MS = 900;
const MOST_CODERS = 50;
const WHAT = "list namespaces for connectivity check";

/** Who may do either may know of a Coder. */
const CONTROL_PLANES = { verb: "get", group: "coder.com", resource: "codercontrolplanes" };
const WORKSPACES = { verb: "list", group: AGGREGATION_GROUP, resource: "coderworkspaces" };

const CODER = z.object({
  controlPlane: z.string(),
  state: z.enum(["reachable", "unreachable", "unknown"]),
  version: z.string().optional(),
  message: z.string().optional(),
});
type CoderHealth = z.output<typeof CODER>;

/** `check_health`. @param version of this build */
export function checkHealth(version: string): Tool {
  return readTool({
    name: "check_health",
    description: "Whether Kubernetes and each Coder answer",
    toolset: "core",
    input: z.object({}),
    output: z.object({
      status: z.enum(["ok", "degraded"]),
      version: z.string(),
      kubernetes: z.string(),
      coders: z.array(CODER),
    }),
    idempotent: true,
    async read(_input, call) {
      const [kubernetes, coders] = await Promise.all([kubernetesHealth(call), codersHealth(call)]);
      if (kubernetes !== undefined) {
        const rest = coders.map(({ controlPlane, state }) => `, Coder of ${controlPlane}: ${state}`).join("");
        throw new ToolError(kubernetes.code, `${kubernetes.message} (coder-k8s ${version}${rest})`);
      }
      const status = coders.every(({ state }) => state === "reachable") ? "ok" as const : "degraded" as const;
      return { status, version, kubernetes: "reachable", coders };
    },
  });
}

/** What is wrong. Undefined where the API server answers, and be it that the caller may not. */
async function kubernetesHealth({ cluster, signal }: ToolCall): Promise<ToolError | undefined> {
  try {
    await within(
      signal,
      ASKED_MS,
      (signal) => cluster.list(Namespaces, { limit: 1, signal, timeoutMs: ASKED_MS }),
    );
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof KubeApiError && error.code < 500) return undefined;
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return new ToolError("timeout", `${WHAT}: the Kubernetes API server does not answer`, { cause: error });
    }
    return toolError(error, WHAT);
  }
}

async function codersHealth(call: ToolCall): Promise<CoderHealth[]> {
  let refs: readonly CoderRef[];
  try {
    refs = await within(call.signal, ASKED_MS, (signal) => call.coders.list(undefined, signal));
  } catch (error) {
    call.signal.throwIfAborted();
    call.warn(`which Coders there are is not known now: ${reasonOf(error)}`);
    return [];
  }
  if (refs.length > MOST_CODERS) {
    call.warn(`only ${MOST_CODERS} of ${refs.length} Coders were asked`);
  }
  return await Promise.all(refs.slice(0, MOST_CODERS).map((ref) => coderHealth(ref, call)));
}

async function coderHealth(ref: CoderRef, { coders, signal }: ToolCall): Promise<CoderHealth> {
  const { id: controlPlane, namespace, controlPlane: name } = ref;
  try {
    const { version } = await within(signal, ASKED_MS, async (signal) => {
      const { client } = await opened(coders, { namespace, controlPlane: name }, signal);
      return await (client.prompt ?? client).system.buildInfo({ signal, timeoutMs: ASKED_MS });
    });
    return { controlPlane, state: "reachable", version };
  } catch (error) {
    signal.throwIfAborted();
    // Whoever is not let in has learnt nothing of Coder.
    const isUnknown = error instanceof ToolError && !["unavailable", "timeout"].includes(error.code);
    return { controlPlane, state: isUnknown ? "unknown" : "unreachable", message: reasonOf(error) };
  }
}

/** Preferably so that no token is made for the caller: the question needs none. */
async function opened(
  coders: CallerCoders,
  choice: CoderChoice,
  signal: AbortSignal,
): Promise<CoderSession> {
  for (const need of [CONTROL_PLANES, WORKSPACES]) {
    const asked = { ...need, namespace: choice.namespace };
    try {
      return await coders.open({ ...choice, as: "operator" }, asked, signal);
    } catch (error) {
      if (!(error instanceof ToolError) || error.code !== "forbidden") throw error;
    }
  }
  return await coders.open(choice, { ...WORKSPACES, namespace: choice.namespace }, signal);
}

function reasonOf(error: unknown): string {
  if (error instanceof ToolError || error instanceof CoderError) return error.message;
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return "it does not answer";
  }
  return toolError(error).message;
}
