/** What the life of keys needs of the world, with the clients and caches of the operator. */
import { CoderProvisioners, parseProvisioner } from "../../api/provisioner.ts";
import { CoderNotSentError } from "../../coder/mod.ts";
import { isNotFound } from "../../kube/errors.ts";
import { hasFinalizer } from "../../operator/pass/finalizers.ts";
import type { OpenCoder } from "../../operator/visit/control_plane_access.ts";
import { KEY_FINALIZER } from "../ending.ts";
import {
  type CoderWay,
  isOwnKeyName,
  type KeyCalls,
  type KeyHome,
  type KeyPorts,
  type KeyRecord,
  readRecord,
} from "../keys/mod.ts";
import { type KnownSecret, readKeySecret, writeKeySecret } from "./key_secret.ts";
import type { Visit, VisitTools } from "./visit.ts";

/** The ports of one visit. */
export interface VisitPorts extends KeyPorts {
  /** What was read of the Secret last. */
  readonly known: KnownSecret | undefined;
}

/** Makes them. `rolled`: all pods are of the present template. */
export function keyPorts(
  visit: Visit,
  tools: VisitTools,
  { known: before, rolled }: { known: KnownSecret | undefined; rolled: boolean },
): VisitPorts {
  let known = before;
  let fresh = false;
  return {
    get known() {
      return known;
    },
    storedRecord: () => storedRecord(visit, tools),
    async readSecret() {
      const read = await readKeySecret(visit, tools, { known, fresh });
      known = read.known;
      return read.view;
    },
    async writeSecret(key) {
      // Whatever becomes of it, what was known before does not count any more.
      fresh = true;
      known = await writeKeySecret(visit, tools, { ...key, isNew: known === undefined, keepOthers: !rolled });
    },
    coder: (home) => wayTo(home, visit, tools),
  };
}

/** The way to a deployment that keys are, or were, at. */
export async function wayTo(home: KeyHome, visit: Visit, tools: VisitTools): Promise<CoderWay> {
  const { controlPlane, coder, closed = "", key, signal } = visit;
  const isNamed = home.namespace === controlPlane.key.namespace && home.name === controlPlane.key.name;
  if (isNamed && visit.object.metadata.deletionTimestamp === undefined) {
    return coder === undefined ? { way: "closed", message: closed } : await openWay(coder, home, visit);
  }
  const { namespace, name, tokenSecret, url } = home;
  const way = await tools.access.openKept(
    { controlPlane: { namespace, name }, url, tokenSecret },
    key,
    signal,
  );
  return way.way === "open" ? await openWay(way.coder, home, visit) : way;
}

async function openWay(coder: OpenCoder, home: KeyHome, visit: Visit): Promise<CoderWay> {
  const { provisioners } = coder.client;
  const deploymentId = await coder.deploymentId(visit.signal);
  const keys = home.namespace === visit.key.namespace ? provisioners : ownKeysOnly(provisioners, visit);
  return { way: "open", keys, deploymentId };
}

/**
 * Whoever can write a status can name any key of any control plane: in other namespaces, only keys with names that this
 * operator gave to this very provisioner are deleted.
 */
function ownKeysOnly(keys: KeyCalls, { object }: Visit): KeyCalls {
  return {
    createKey: (...given) => keys.createKey(...given),
    listKeys: (...given) => keys.listKeys(...given),
    async deleteKey(organization, name, options) {
      if (isOwnKeyName(name, object.metadata.uid ?? "")) {
        return await keys.deleteKey(organization, name, options);
      }
      const call = { method: "DELETE", route: "/api/v2/organizations/{organization}/provisionerkeys/{name}" };
      throw new CoderNotSentError(`Key ${name} is not one that was made for this provisioner`, {
        kind: "invalid",
        call,
      });
    },
  };
}

/** Undefined also while nothing holds the provisioner: it could go before its key does. */
async function storedRecord(
  { key, object, signal }: Visit,
  { client }: VisitTools,
): Promise<KeyRecord | undefined> {
  try {
    const live = await client.get(CoderProvisioners, key, { signal });
    const { deletionTimestamp, uid } = live.metadata;
    const isThis = uid === object.metadata.uid && deletionTimestamp === undefined;
    if (!isThis || !hasFinalizer(live, KEY_FINALIZER)) return undefined;
    return readRecord(parseProvisioner(live).status, key.namespace);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
