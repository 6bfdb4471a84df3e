/** The end of a provisioner in Coder: its keys are deleted with the credentials that made them, in bounded time. */
import { isNotFound } from "../../kube/errors.ts";
import { ownDeployment } from "../../operator/children/deployment.ts";
import { Deployments } from "../../api/kubernetes/resources.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { givesUp, podsMayRunMs } from "../ending.ts";
import { type KeyFacts, type KeyRecord, readRecord, revokeKeys } from "../keys/mod.ts";
import { NotYetError } from "../../operator/visit/visit.ts";
import { wayTo } from "./key_ports.ts";
import { bringsSecret, keyWanted } from "./key_wanted.ts";
import type { Visit, VisitTools } from "./visit.ts";

/** What is remembered of an end. */
export interface Ending {
  /** When keys could first be deleted. */
  readonly since: Date;
  /** What is left of them. */
  readonly record: KeyRecord;
}

/** Tries once. Returns what is to be remembered; throws, with what remains to be done, where that was not all. */
export async function endKeys(
  visit: Visit,
  tools: VisitTools,
  before: Ending | undefined,
  remember: (ending: Ending) => void,
): Promise<void> {
  const { key, object, provisioner, report, signal } = visit;
  const now = tools.now();
  await podsEnded(visit, tools, now);
  const since = before?.since ?? now;
  const record = before?.record ?? readRecord(provisioner.status, key.namespace);
  remember({ since, record });
  const outcome = await revokeKeys(
    { record, known: await strays(visit, tools), since, now, giveUp: givesUp(object) },
    { coder: (home) => wayTo(home, visit, tools) },
    { signal, random: tools.random, clock: () => tools.now() },
  );
  remember({ since, record: outcome.record });
  for (const { message, reason, type } of outcome.events) {
    tools.events.event(object, type, reason, tools.redact(message), "Delete");
  }
  if (outcome.done) return;
  if (outcome.lookAgainMs !== undefined) report.lookAgain(outcome.lookAgainMs);
  throw new Error(outcome.message);
}

/** Throws while pods may still use the keys. */
async function podsEnded(visit: Visit, tools: VisitTools, now: Date): Promise<void> {
  const { deploymentKey, object, report, signal } = visit;
  const waitMs = podsMayRunMs(object, ownDeployment(visit, tools), now);
  if (waitMs > 0) {
    report.lookAgain(waitMs);
    throw new NotYetError("its pods finish their builds first");
  }
  if (givesUp(object)) return;
  // The cache may not know yet of a Deployment that was just made.
  let live;
  try {
    live = await tools.client.get(Deployments, deploymentKey, { signal });
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  if (!isControlledBy(live, object) || podsMayRunMs(object, live, now) === 0) return;
  throw new NotYetError("its pods finish their builds first");
}

/** With what Coder lists, keys are found that are on no record. Nothing depends on it. */
async function strays(
  visit: Visit,
  tools: VisitTools,
): Promise<Pick<KeyFacts, "wanted" | "listing"> | undefined> {
  const { controlPlane, provisioner, signal } = visit;
  if (!controlPlane.found || bringsSecret(provisioner)) return undefined;
  const access = await tools.access.open(controlPlane, signal);
  if (!access.ready) return undefined;
  const { client, credentials, deploymentId } = access.coder;
  const place = {
    controlPlane: `${controlPlane.key.namespace}/${controlPlane.key.name}`,
    deploymentId: await deploymentId(signal),
    credential: credentials,
    client,
  };
  const name = provisioner.spec.organizationName || "default";
  const organization = await tools.listings.organization(place, name, { signal });
  const id = organization.latest?.organization?.id;
  if (id === undefined) return undefined;
  const { latest: listing } = await tools.listings.keys(place, id, { signal });
  visit.organizationID = id;
  return { wanted: keyWanted(visit), listing };
}
