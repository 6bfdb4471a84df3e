/** Whether an Ingress or HTTPRoute leads anywhere, as its controller reports it. */
import type { HTTPRoute, RouteParentReference } from "../api/gateway.ts";
import type { Condition, Ingress } from "../api/kubernetes/types.ts";
import { keyOf, keyText, type KubeObject } from "../api/object.ts";

/** Reasons of the condition `Exposed`. Stable: alerts and scripts may rely on them. */
export type ExposureReason =
  | "AddressAssigned"
  | "RouteAccepted"
  /** The Ingress is young, and has no address yet. */
  | "WaitingForAddress"
  /** The Ingress has been there for a while and has no address, which some controllers never set. */
  | "AddressNotReported"
  /** No gateway controller has said anything yet about the route as it is now. */
  | "WaitingForGateway"
  | "GatewayNotFound"
  | "RouteNotAccepted"
  | "BackendNotResolved";

/** How an exposure fares. */
export interface ExposureState {
  /** `Unknown`: it may well work, and nobody says so. */
  status: "True" | "False" | "Unknown";
  reason: ExposureReason;
  /** For people. Holds words of controllers: to be redacted. */
  message: string;
  /** Somebody has to act. */
  needsAction: boolean;
  /** When time alone changes the answer, in milliseconds from now. */
  lookAgainMs?: number;
}

/** How long an Ingress may be without an address before that counts as its controller's way, in milliseconds. */
const ADDRESS_PATIENCE_MS = 300_000;
/** How long a Gateway that a route names may come later than the route, in milliseconds. */
const GATEWAY_PATIENCE_MS = 30_000;

const CODER = "Coder";

/** What is known beside the object. */
export interface ExposureFacts {
  /** What is exposed, for people, such as `the proxy`. @default {"Coder"} */
  noun?: string;
  /** What users type; undefined where the hosts give none. */
  url: string | undefined;
  now: Date;
}

/** The state of an Ingress. */
export function ingressState(ingress: Ingress, { noun, url, now }: ExposureFacts): ExposureState {
  const what = `Ingress ${keyText(keyOf(ingress))}`;
  const addresses = (ingress.status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname)
    .filter((address) => address !== undefined && address !== "");
  if (addresses.length > 0) {
    return state(
      "True",
      "AddressAssigned",
      `${served(url, noun, what)}, which is at ${addresses.join(", ")}`,
    );
  }
  const left = ADDRESS_PATIENCE_MS - age(ingress, now);
  if (left > 0) {
    const message = `No ingress controller has given ${what} an address yet`;
    return { ...state("False", "WaitingForAddress", message), lookAgainMs: left };
  }
  return state(
    "Unknown",
    "AddressNotReported",
    `${what} is in place, and no ingress controller has reported an address. Some never do, as on bare metal: then ` +
      `nothing is wrong if ${
        url ?? "its host"
      } answers. Otherwise see whether its class exists and a controller ` +
      "serves it: kubectl get ingressclass",
  );
}

/** What is known beside a route. */
export interface RouteFacts extends ExposureFacts {
  /** Whether the Gateway is there; undefined where that is not known. */
  exists(parent: RouteParentReference): boolean | undefined;
  /** Of the Gateways, as far as they are known. */
  addresses: readonly string[];
}

/** The state of an HTTPRoute: all of its parents must have accepted it as it is now. */
export function routeState(route: HTTPRoute, facts: RouteFacts): ExposureState {
  const what = `HTTPRoute ${keyText(keyOf(route))}`;
  const namespace = route.metadata.namespace ?? "";
  const parents = (route.spec?.parentRefs ?? []).map((parent) => ({
    parent,
    name: parentText(parent, namespace),
    ...verdict(route, parent),
  }));
  const withVerdict = (wanted: Verdict["verdict"]) => parents.filter(({ verdict }) => verdict === wanted);
  const [refused, unresolved, pending] = [
    withVerdict("refused"),
    withVerdict("unresolved"),
    withVerdict("pending"),
  ];
  if (refused.length > 0) {
    const words = refused.map(({ name, words }) => `${name} does not accept ${what}: ${words}`).join("; ");
    return { ...state("False", "RouteNotAccepted", words), needsAction: true };
  }
  if (unresolved.length > 0) {
    const words = unresolved.map(({ name, words }) =>
      `${name} finds no way from ${what} to ${facts.noun ?? CODER}: ${words}`
    );
    return { ...state("False", "BackendNotResolved", words.join("; ")), needsAction: true };
  }
  const missing = pending.filter(({ parent }) => facts.exists(parent) === false);
  const left = GATEWAY_PATIENCE_MS - age(route, facts.now);
  if (missing.length > 0 && left <= 0) {
    const names = missing.map(({ name }) => name).join(", ");
    const message = `${names} does not exist: create it, or correct spec.expose.gateway.parentRefs`;
    return { ...state("False", "GatewayNotFound", message), needsAction: true };
  }
  if (pending.length > 0 || parents.length === 0) {
    const names = pending.map(({ name }) => name).join(", ");
    const message = `No gateway controller has said yet whether ${names} accepts ${what}`;
    const waiting = state("False", "WaitingForGateway", message);
    return missing.length > 0 ? { ...waiting, lookAgainMs: left } : waiting;
  }
  const at = facts.addresses.length > 0 ? `, which is at ${facts.addresses.join(", ")}` : "";
  const names = parents.map(({ name }) => name).join(" and ");
  return state("True", "RouteAccepted", `${served(facts.url, facts.noun, what)}, accepted by ${names}${at}`);
}

interface Verdict {
  verdict: "accepted" | "refused" | "unresolved" | "pending";
  /** The controllers', where they say no. */
  words: string;
}

/** What the controllers of one parent say. More than one may; a single yes is enough. */
function verdict(route: HTTPRoute, parent: RouteParentReference): Verdict {
  const namespace = route.metadata.namespace ?? "";
  const wanted = parentKey(parent, namespace);
  const verdicts = (route.status?.parents ?? [])
    .filter(({ parentRef }) => parentKey(parentRef, namespace) === wanted)
    .map(({ conditions }) => verdictOf(conditions ?? [], route.metadata.generation ?? 0));
  for (const first of ["accepted", "unresolved", "refused"] as const) {
    const those = verdicts.filter((each) => each.verdict === first);
    if (those.length > 0) return { verdict: first, words: those.map(({ words }) => words).join("; ") };
  }
  return { verdict: "pending", words: "" };
}

function verdictOf(conditions: readonly Condition[], generation: number): Verdict {
  const current = (type: string) =>
    conditions.find((each) => each.type === type && (each.observedGeneration ?? generation) >= generation);
  const stale = (type: string) =>
    conditions.some((each) => each.type === type) && current(type) === undefined;
  const accepted = current("Accepted");
  const resolved = current("ResolvedRefs");
  if (accepted?.status === "False") return { verdict: "refused", words: wordsOf(accepted) };
  if (resolved?.status === "False") return { verdict: "unresolved", words: wordsOf(resolved) };
  const settled = accepted?.status === "True" && !stale("ResolvedRefs");
  return { verdict: settled ? "accepted" : "pending", words: "" };
}

function wordsOf({ reason, message }: Condition): string {
  return message === "" ? reason : `${reason}: ${message}`;
}

/** What makes two references one, with the API's defaults. */
function parentKey(parent: RouteParentReference, namespace: string): string {
  return JSON.stringify([
    parent.group ?? "gateway.networking.k8s.io",
    parent.kind ?? "Gateway",
    parent.namespace ?? namespace,
    parent.name,
    parent.sectionName ?? "",
    parent.port ?? 0,
  ]);
}

function parentText(parent: RouteParentReference, namespace: string): string {
  const key = keyText({ namespace: parent.namespace ?? namespace, name: parent.name });
  return `Gateway ${key}${parent.sectionName === undefined ? "" : ` (listener ${parent.sectionName})`}`;
}

function state(
  status: ExposureState["status"],
  reason: ExposureReason,
  message: string,
): ExposureState {
  return { status, reason, message, needsAction: false };
}

function served(url: string | undefined, noun = CODER, what: string): string {
  return `${url ?? noun.charAt(0).toUpperCase() + noun.slice(1)} is served by ${what}`;
}

/** In milliseconds; 0 where the object does not say. */
function age({ metadata }: KubeObject, now: Date): number {
  const created = Date.parse(metadata.creationTimestamp ?? "");
  return Number.isNaN(created) ? 0 : now.getTime() - created;
}
