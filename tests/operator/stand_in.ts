/** The smallest controller there can be: it asks Coder once a pass and says in the status that all is well. */
import type { KubeObject, ResourceType } from "../../src/api/object.ts";
import type { CoderClient } from "../../src/coder/mod.ts";
import { type Controller, createController } from "../../src/reconciler/controller.ts";
import { primary } from "../../src/reconciler/source.ts";
import type { CoderHome } from "./coder_home.ts";
import type { OperatorParts } from "./controllers.ts";
import type { CustomObject } from "./custom_objects.ts";

/** For tests of the ground itself, before and beside the product's own controllers. */
export function standIn<T extends KubeObject & CustomObject>(
  parts: OperatorParts,
  type: ResourceType<T>,
  home: CoderHome,
  ask: (coder: CoderClient, signal: AbortSignal) => Promise<unknown>,
): Controller {
  const { cache, client, deployments, namespaces, reach } = parts;
  const objects = cache.informer(type, { namespaces });
  return createController({
    name: `${type.kind.toLowerCase()}-stand-in`,
    watches: [primary(objects)],
    log: parts.log,
    async reconcile(key, { signal }) {
      const object = objects.get(key);
      if (object === undefined) return;
      parts.keepSecret(home.token);
      const url = reach.endpoints.get(home.key) ?? "";
      await ask(deployments.client(home.key, { url }, home.token), signal);
      const observedGeneration = object.metadata.generation;
      const conditions = [["Ready", "True"], ["Degraded", "False"]].map(([type, status]) => ({
        type,
        status,
        reason: "StandIn",
        message: "",
        observedGeneration,
        lastTransitionTime: "2026-01-01T00:00:00Z",
      }));
      const status = { ...object.status, observedGeneration, conditions };
      await client.update(type, { ...object, status } as T, { subresource: "status", signal });
      parts.recorder.event(object, "Normal", "StandIn", `asked with ${home.token}`);
    },
  });
}
