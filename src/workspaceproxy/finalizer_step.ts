/** Holds a workspace proxy as long as something of it may be in Coder. */
import { CoderWorkspaceProxies } from "../api/workspace_proxy.ts";
import { addFinalizer, dropFinalizer, isHeld } from "../operator/pass/finalizers.ts";
import { PROXY_FINALIZER } from "./ending.ts";
import { isRegisteredByOperator, recordOf } from "./registration/mod.ts";
import type { Pass, Step } from "./step.ts";

/** Adds the finalizer before anything is registered, and takes it away where nothing is registered any more. */
export const finalizerStep: Step = {
  name: "Finalizer",
  async run(pass, { client }) {
    if (mayBeRegistered(pass)) return await addFinalizer(pass, PROXY_FINALIZER, client);
    // A visit that has seen this very spec has let go of all that there was.
    if (!isHeld(pass, PROXY_FINALIZER) || !hasBeenVisited(pass)) return;
    const { key, kind, object, signal } = pass;
    const live = kind.informer.get(key) ?? object;
    await dropFinalizer(CoderWorkspaceProxies, live, PROXY_FINALIZER, { client, signal });
  },
};

function mayBeRegistered({ proxy }: Pass): boolean {
  return isRegisteredByOperator(proxy) || Object.keys(recordOf(proxy.status)).length > 0;
}

function hasBeenVisited({ object, result }: Pass): boolean {
  return result !== undefined && result.generation === (object.metadata.generation ?? 0);
}
