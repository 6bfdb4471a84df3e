/** Whether anything can be written in a namespace, and to which Coder something new belongs. */
import { type ObjectKey, resourceText, type ResourceType } from "../../api/object.ts";
import type { Backend } from "../../inventory/mod.ts";
import { isForbidden, KubeApiError, KubeConnectionError } from "../../kube/errors.ts";
import { prefixedName } from "../names.ts";
import { badRequest, serviceUnavailable, StatusError } from "../serving/status_errors.ts";
import type { RequestContext } from "../serving/storage.ts";
import type { Admission } from "../writing/target.ts";
import { ambiguity, type ParsedName } from "./find.ts";
import { coderName } from "./naming.ts";
import type { Resources } from "./resources.ts";
import type { NamespaceState, WriteWorld } from "./write_world.ts";

/**
 * What the lifecycle of namespaces says to a write, in the words of the API server, which does not ask it for resources
 * of other servers.
 *
 * @throws {StatusError} 404 where there is no such namespace, 403 where it is being deleted and something is to be made,
 * 503 where nobody knows: a delete could be one of those that come with the end of a namespace
 */
export async function admitted(
  type: ResourceType,
  verb: "create" | "update" | "delete",
  { namespace = "", name }: ObjectKey,
  { signal }: Pick<RequestContext, "signal">,
  world: Pick<WriteWorld, "namespaceState" | "isActive">,
): Promise<Admission> {
  // What is there already may be changed in the moment before its end is heard of, as anywhere else.
  if (verb === "update" && world.isActive?.(namespace) === true) return "yes";
  const state = await stateOf(namespace, signal, world);
  if (state === "missing") {
    throw new StatusError(404, "NotFound", `namespaces ${JSON.stringify(namespace)} not found`, {
      name: namespace,
      kind: "namespaces",
    });
  }
  if (state === "active") return "yes";
  if (verb === "delete") return "ending";
  const what = name === "" ? resourceText(type) : `${resourceText(type)} ${JSON.stringify(name)}`;
  const message = `unable to ${verb} new content in namespace ${namespace} because it is being terminated`;
  throw new StatusError(403, "Forbidden", `${what} is forbidden: ${message}`, {
    ...(name === "" ? {} : { name }),
    group: type.group,
    kind: type.plural,
    causes: [{
      reason: "NamespaceTerminating",
      message: `namespace ${namespace} is being terminated`,
      field: "metadata.namespace",
    }],
  });
}

async function stateOf(
  namespace: string,
  signal: AbortSignal,
  world: Pick<WriteWorld, "namespaceState">,
): Promise<NamespaceState> {
  try {
    return await world.namespaceState(namespace, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof KubeApiError) && !(error instanceof KubeConnectionError)) throw error;
    const why = isForbidden(error)
      ? "coder-k8s may not get it: its role needs that right"
      : "the cluster's API server does not say";
    const message = `whether namespace ${JSON.stringify(namespace)} is being deleted is not known: ${why}`;
    throw serviceUnavailable(message, 1, { cause: error });
  }
}

/**
 * The Coder in which something new is made.
 *
 * @throws {StatusError} 400 where the namespace has none, or several and the name says none; 503 where it is not ready
 */
export function backendFor(
  resources: Pick<Resources, "backends">,
  namespace: string,
  { plain, controlPlane }: ParsedName,
): Backend {
  const all = resources.backends(namespace);
  const [backend, ...others] = controlPlane === undefined
    ? all
    : all.filter((one) => one.controlPlane?.name === controlPlane);
  if (backend === undefined) {
    throw badRequest(
      controlPlane === undefined
        ? `namespace ${namespace} has no Coder: there is no CoderControlPlane in it that is served`
        : `namespace ${namespace} has no Coder of a CoderControlPlane ${JSON.stringify(controlPlane)}`,
    );
  }
  if (others.length > 0) {
    const choices = [backend, ...others].map((one) => prefixedName(one.controlPlane?.name ?? one.id, plain));
    throw badRequest(ambiguity(plain, choices.sort()));
  }
  if (backend.waiting !== undefined) {
    throw serviceUnavailable(`the Coder of ${coderName(backend)} is not ready: ${backend.waiting}`, 5);
  }
  return backend;
}
