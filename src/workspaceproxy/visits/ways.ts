/** The way to the Coder where a proxy is registered, or is to be. */
import { keyText, type ObjectKey } from "../../api/object.ts";
import type { OpenCoder } from "../../operator/visit/control_plane_access.ts";
import { hasPods } from "../../operator/visit/controller.ts";
import type { ControlPlaneAccess, Place, ProxyWay } from "../registration/mod.ts";
import { isSamePlace } from "../registration/record.ts";
import { ClosedWayError } from "./closed_way.ts";
import { listedCalls } from "./listed_calls.ts";
import type { ProxyMemory } from "./memory.ts";
import type { Visit, VisitTools } from "./visit.ts";

type Asking = Pick<Visit, "key" | "proxy" | "signal">;
type Tools = Pick<VisitTools, "access" | "kinds" | "listings" | "now" | "sleep">;

/** The Coder of the spec. */
export interface WantedCoder {
  readonly coder: OpenCoder;
  /** See {@linkcode deploymentName}. */
  readonly name: string;
  /** Of the control plane that the spec names. */
  readonly access: ControlPlaneAccess | undefined;
}

/** What visits share of a Coder goes by this name: its control plane, or its address. */
export function deploymentName({ controlPlaneName, controlPlaneNamespace, coderURL }: Place): string {
  return controlPlaneName === undefined
    ? coderURL
    : keyText({ namespace: controlPlaneNamespace ?? "", name: controlPlaneName });
}

/** Opens the Coder of the spec. Throws {@linkcode ClosedWayError}; undefined where the spec names none. */
export async function openWanted(
  { key, proxy, signal }: Asking,
  { access }: Tools,
): Promise<WantedCoder | undefined> {
  const { bootstrap, controlPlaneRef } = proxy.spec;
  if (controlPlaneRef !== undefined) {
    const found = access.find(controlPlaneRef, key);
    if (!found.found) {
      throw new ClosedWayError(found.reason, found.message, found.reason === "ControlPlaneDeleting");
    }
    const opened = await access.open(found, signal);
    if (!opened.ready) {
      throw new ClosedWayError(opened.reason, opened.message, opened.reason === "OperatorAccessNotReady");
    }
    const { secret, key: tokenKey } = opened.coder.tokenSecret;
    return {
      coder: opened.coder,
      name: keyText(found.key),
      access: { key: found.key, url: found.url, tokenSecret: { ...secret, key: tokenKey } },
    };
  }
  if (bootstrap === undefined) return undefined;
  const { name, key: secretKey } = bootstrap.credentialsSecretRef;
  const url = bootstrap.coderURL.trim();
  const kept = { url, tokenSecret: { name: name.trim(), key: secretKey || "token" } };
  if (!isHttp(url)) {
    const message = `spec.bootstrap.coderURL is ${JSON.stringify(url)}, which is no http or https address`;
    throw new ClosedWayError("AddressInvalid", message, false);
  }
  const way = await access.openKept(kept, key, signal);
  if (way.way === "open") return { coder: way.coder, name: url, access: undefined };
  throw new ClosedWayError(way.way === "closed" ? way.reason : "CredentialsMissing", way.message, false);
}

/** The way to a Coder on record, or to the wanted one, which is open already. */
export async function wayTo(
  place: Place,
  visit: Asking,
  tools: Tools,
  { memory, wanted }: {
    memory: ProxyMemory;
    wanted?: { readonly place: Place; readonly coder: WantedCoder } | undefined;
  },
): Promise<ProxyWay> {
  const name = deploymentName(place);
  if (wanted !== undefined && isSamePlace(place, wanted.place)) {
    return { way: "open", calls: listedCalls(name, wanted.coder.coder, memory, tools) };
  }
  const { controlPlaneName, controlPlaneNamespace = "", coderURL: url, tokenSecretRef: tokenSecret } = place;
  const controlPlane = controlPlaneName === undefined
    ? undefined
    : { namespace: controlPlaneNamespace, name: controlPlaneName };
  if (controlPlane === undefined && !isHttp(url)) {
    return { way: "gone", message: `${JSON.stringify(url)} is no http or https address` };
  }
  if (isEnding(controlPlane, tools)) {
    return { way: "gone", message: `CoderControlPlane ${name} is being deleted, and its pods are gone` };
  }
  const way = await tools.access.openKept({ controlPlane, url, tokenSecret }, visit.key, visit.signal);
  if (way.way === "open") return { way: "open", calls: listedCalls(name, way.coder, memory, tools) };
  return way.way === "closed" && isNamespaceEnding(visit.key.namespace, tools)
    ? { way: "gone", message: `The namespace is being deleted: ${way.message}` }
    : way;
}

/** Nothing answers there any more, and nothing will. */
function isEnding(controlPlane: ObjectKey | undefined, { kinds }: Tools): boolean {
  if (controlPlane === undefined) return false;
  const object = kinds.controlPlanes.get(controlPlane);
  return object?.metadata.deletionTimestamp !== undefined && !hasPods(kinds.deployments.get(controlPlane));
}

/** What is gone from it does not come back. */
function isNamespaceEnding(namespace: string, { kinds }: Tools): boolean {
  const object = kinds.namespaces?.get({ namespace: "", name: namespace });
  return object?.metadata.deletionTimestamp !== undefined;
}

/** The operator reaches more than addresses on the network: what users give must be one of those. */
function isHttp(url: string): boolean {
  return URL.canParse(url) && ["http:", "https:"].includes(new URL(url).protocol);
}
