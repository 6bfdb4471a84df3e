/** Keys that replicas share, and the plans that are good once at all of them. */
import { ClusterClaims, createPlanBook, MemoryClaims } from "../../mcp/confirm/mod.ts";
import { createSharedKeys, processKeys, type SharedKeys } from "../../mcp/keys/mod.ts";
import type { ServingWorld } from "../../mcp/surface.ts";
import type { Runnable } from "../../reconciler/runnable.ts";
import type { Core } from "../part.ts";

export interface McpSecrets extends Pick<ServingWorld, "plans" | "keys"> {
  /** Resolves when it is known which keys count: nothing is to be served before. */
  whenReady(signal: AbortSignal): Promise<void>;
  readonly runnables: readonly Runnable[];
}

/** For replicas: a Secret with keys, and ConfigMaps of plans that were carried out, in the namespace of the process. */
export function sharedSecrets(
  { client, ownNamespace: namespace, redactor, metrics, log: parent }: Pick<
    Core,
    "client" | "ownNamespace" | "redactor" | "metrics" | "log"
  >,
): McpSecrets & { readonly shared: SharedKeys } {
  const log = parent.child({ part: "mcp" });
  const keepSecret = (text: string) => void redactor.add(text);
  const shared = createSharedKeys({ client, namespace, keepSecret, log, metrics });
  const claims = new ClusterClaims({ client, namespace, log });
  const keys = () => shared.keys();
  return {
    shared,
    keys,
    plans: createPlanBook({ keys, claims, log, metrics }),
    whenReady: (signal) => shared.whenReady(signal),
    runnables: [
      { name: "signing keys of MCP", phase: "serving", run: (signal) => shared.run(signal) },
      { name: "plans that were carried out", phase: "serving", run: (signal) => claims.run(signal) },
    ],
  };
}

/** For one process that nobody shares anything with. */
export function ownSecrets({ metrics, log }: Pick<Core, "metrics" | "log">): McpSecrets {
  const keys = processKeys();
  const claims = new MemoryClaims();
  return {
    keys,
    plans: createPlanBook({ keys, claims, log, metrics }),
    whenReady: () => Promise.resolve(),
    runnables: [{
      name: "plans that were carried out",
      phase: "serving",
      run: (signal) => claims.run(signal),
    }],
  };
}
