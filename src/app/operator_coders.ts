/**
 * Coder with the operator's access for somebody who may read its token: with their own rights to the control plane and to
 * the Secret, and to what is asked for. Nothing is done for them that they could not do by hand.
 */
import { CoderControlPlanes } from "../api/control_plane.ts";
import type { CallerCluster, CallerCoders } from "../caller/types.ts";
import type { KubeClient } from "../kube/client.ts";
import { isForbidden } from "../kube/errors.ts";
import { away, chosen, isForeign, refOf } from "../mcp/coder/mod.ts";
import { ToolError, toolError } from "../mcp/errors.ts";
import type { Redactor } from "../telemetry/redactor.ts";
import type { CoderAccess } from "./coder_calls.ts";
import { reachedCoders } from "./mcp/reached_coders.ts";

export interface OperatorCodersOptions {
  /** As the person. */
  readonly cluster: Pick<CallerCluster, "list" | "may">;
  /** The same, for the Secret. */
  readonly client: Pick<KubeClient, "get">;
  readonly coder: CoderAccess;
  readonly redactor: Pick<Redactor, "add">;
}

const HOW_ELSE = "give --coder-url and CODER_SESSION_TOKEN to ask Coder as yourself";

/** Makes it; nothing is asked before somebody asks. */
export function operatorCoders({ cluster, client, coder, redactor }: OperatorCodersOptions): CallerCoders {
  const known = async (namespace: string | undefined, signal: AbortSignal) => {
    const scope = namespace === undefined ? {} : { namespace };
    const { items } = await cluster.list(CoderControlPlanes, { ...scope, signal });
    return reachedCoders({ controlPlanes: { list: () => items }, client, coder, redactor }).list();
  };
  return {
    async list(namespace, signal) {
      try {
        return (await known(namespace, signal)).map(refOf);
      } catch (error) {
        throw toolError(error, "list Coders");
      }
    },
    async open(choice, need, signal) {
      const { namespace } = choice;
      if (choice.as === "caller") {
        throw new ToolError("forbidden", `this needs your own Coder user: ${HOW_ELSE}`);
      }
      try {
        const asked = "path" in need ? need : { ...need, namespace };
        const [backends, { allowed, reason }] = await Promise.all([
          known(namespace, signal),
          cluster.may(asked, { signal }),
        ]);
        if (!allowed) {
          throw new ToolError(
            "forbidden",
            `Kubernetes does not let you do that${reason === "" ? "" : `: ${reason}`}`,
          );
        }
        const backend = chosen(backends, choice);
        const ref = refOf(backend);
        if (backend.waiting !== undefined) throw away(ref, backend.waiting);
        const client = await backend.open(signal);
        return { ref, client: client.prompt ?? client, as: "operator" };
      } catch (error) {
        signal.throwIfAborted();
        throw withHelp(error, namespace);
      }
    },
  };
}

/** What stands in the way, and what to do about it. */
function withHelp(error: unknown, namespace: string): ToolError {
  const told = tellable(error);
  const message = `Coder of namespace ${namespace} with the operator's access: ${told.message}`;
  return new ToolError(told.code, told.code === "forbidden" ? `${message}; ${HOW_ELSE}` : message, {
    cause: told.cause ?? told,
  });
}

function tellable(error: unknown): ToolError {
  // A right that is missing is the person's here, not the operator's.
  if (error instanceof Error && isForbidden(error.cause)) return toolError(error.cause);
  return isForeign(error) ? new ToolError("unavailable", error.message, { cause: error }) : toolError(error);
}
