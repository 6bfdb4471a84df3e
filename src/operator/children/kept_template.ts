/** Moves the ownership of a pod template on the API server; see `held_fields.ts` for why. */
import { Deployments } from "../../api/kubernetes/resources.ts";
import type { Deployment, ManagedFieldsEntry } from "../../api/kubernetes/types.ts";
import { FIELD_MANAGER } from "../../kube/applier.ts";
import { isConflict, KubeApiError } from "../../kube/errors.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { keptTemplateHash } from "../../workload/deployment_facts.ts";
import { managedFieldsPatch, setAside, takeBack } from "../../workload/held_fields.ts";
import type { PassState, Tools } from "../pass/step.ts";

const ATTEMPTS = 5;

type TemplatePass = Pick<PassState, "deploymentKey" | "object" | "signal">;
type TemplateTools = Pick<Tools, "client" | "kinds">;

/**
 * Gives the template that is there to the holder. Returns its hash; undefined where nobody of ours wrote it, so that there
 * is nothing to keep.
 */
export async function holdTemplate(pass: TemplatePass, tools: TemplateTools): Promise<string | undefined> {
  const live = await moveFields(pass, tools, setAside);
  return live === undefined ? undefined : keptTemplateHash(live);
}

/** Gives the template back to our apply, which follows and replaces it. */
export async function returnTemplate(pass: TemplatePass, tools: TemplateTools): Promise<void> {
  await moveFields(pass, tools, takeBack);
}

/** Undefined where the Deployment is another one by now. */
async function moveFields(
  { deploymentKey: key, object, signal }: TemplatePass,
  { client, kinds }: TemplateTools,
  move: (live: Deployment) => ManagedFieldsEntry[] | undefined,
): Promise<Deployment | undefined> {
  for (let attempt = 1;; attempt++) {
    const live = await client.get(Deployments, key, { signal });
    if (!isControlledBy(live, object)) return undefined;
    const entries = move(live);
    if (entries === undefined) return live;
    try {
      const body = managedFieldsPatch(live, entries);
      const stored = await client.patch(Deployments, key, { type: "json", body }, {
        fieldManager: FIELD_MANAGER,
        signal,
      });
      kinds.deployments.observe(stored);
      return stored;
    } catch (error) {
      // The patch holds for one resource version; a lost race is a 422 or a 409.
      const raced = isConflict(error) || (error instanceof KubeApiError && error.code === 422);
      if (!raced || attempt >= ATTEMPTS) throw error;
    }
  }
}
