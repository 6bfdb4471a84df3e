/** What a `spec.expose` asks for, and under which address that is reached. */
import type { ExposeSettings } from "../api/control_plane_parts.ts";
import type { Exposure, IngressSettings, RouteParent } from "./exposure.ts";
import { type GatewayLookup, routeScheme } from "./exposure_listeners.ts";
import { SpecError } from "./spec_error.ts";

/** Not exposed, by an Ingress, or by a route. */
export type WantedExposure =
  | { by: "nothing" }
  | { by: "ingress"; exposure: Exposure; settings: IngressSettings }
  | { by: "gateway"; exposure: Exposure; parents: RouteParent[] };

/** Works, and should not be so. */
export interface ExposureWarning {
  reason: string;
  message: string;
}

/**
 * Reads `spec.expose`. White space around names is forgiven, as ever. `target`: what is exposed, but for its hosts.
 * Throws {@linkcode SpecError} for what only objects stored before the CRD had its rules can say.
 */
export function wantedExposure(
  expose: ExposeSettings | undefined,
  target: Omit<Exposure, "hosts">,
): WantedExposure {
  const { ingress, gateway } = expose ?? {};
  if (ingress !== undefined && gateway !== undefined) {
    throw new SpecError("spec.expose", "choose one of ingress and gateway");
  }
  if (ingress !== undefined) {
    const hosts = hostsOf(ingress, "spec.expose.ingress");
    return { by: "ingress", exposure: { ...target, hosts }, settings: ingressSettings(ingress, hosts) };
  }
  if (gateway === undefined) return { by: "nothing" };
  const hosts = hostsOf(gateway, "spec.expose.gateway");
  return { by: "gateway", exposure: { ...target, hosts }, parents: routeParents(gateway) };
}

/** What `read` gives. What cannot be exposed is the exposure's trouble: pods run all the same, as if nothing were asked for. */
export function possibleExposure(read: () => WantedExposure): WantedExposure {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return { by: "nothing" };
  }
}

/** What only objects stored before the CRD had its rules say. */
export function exposureWarnings(wanted: WantedExposure): ExposureWarning[] {
  if (wanted.by === "nothing") return [];
  const [host = "", wildcard] = wanted.exposure.hosts;
  const field = `spec.expose.${wanted.by}`;
  const warnings: ExposureWarning[] = [];
  if (host.startsWith("*.")) {
    warnings.push({
      reason: "WildcardAsHost",
      message:
        `${field}.host is ${host}, which is no address that users could type: name one host there, and put ` +
        "the wildcard into wildcardHost",
    });
  }
  if (wildcard !== undefined && !wildcard.startsWith("*.")) {
    warnings.push({
      reason: "WildcardHostWithoutWildcard",
      message:
        `${field}.wildcardHost is ${wildcard}, which is one name: workspace apps, of which each has its ` +
        `own, are not reached. Example: *.${host}`,
    });
  }
  return warnings;
}

/**
 * The address outside the cluster, without a port: which one leads to an Ingress or a Gateway from outside, only its
 * installation knows, and it is nearly always the scheme's own. Undefined where there is no host to type.
 */
export function exposedUrl(wanted: WantedExposure, lookup: GatewayLookup): string | undefined {
  if (wanted.by === "nothing") return undefined;
  const [host = ""] = wanted.exposure.hosts;
  if (host.startsWith("*.")) return undefined;
  const scheme = wanted.by === "gateway"
    ? routeScheme(host, wanted.parents, lookup)
    : wanted.settings.certificates.some(({ hosts }) => hosts.includes(host))
    ? "https"
    : "http";
  return `${scheme}://${host}`;
}

/** The wildcard host. Coder takes a name whose first label is the wildcard; anything else keeps it from starting. */
export function exposedWildcard(wanted: WantedExposure): string | undefined {
  if (wanted.by === "nothing") return undefined;
  const [, wildcard] = wanted.exposure.hosts;
  return wildcard?.startsWith("*.") ? wildcard : undefined;
}

/**
 * What the spec says about addresses, as text; undefined where it says nothing. Only what the user changes counts, not
 * what Gateways do.
 */
export function exposureText(wanted: WantedExposure): string | undefined {
  if (wanted.by === "nothing") return undefined;
  const secured = wanted.by === "ingress" && wanted.settings.certificates.length > 0;
  return [wanted.by, ...wanted.exposure.hosts, ...(secured ? ["TLS"] : [])].join(" ");
}

function hostsOf(given: { host: string; wildcardHost?: string }, field: string): string[] {
  const host = given.host.trim();
  const wildcard = given.wildcardHost?.trim() ?? "";
  if (host === "") throw new SpecError(`${field}.host`, "is blank: name the host, such as coder.example.com");
  return wildcard === "" ? [host] : [host, wildcard];
}

function ingressSettings(
  ingress: NonNullable<ExposeSettings["ingress"]>,
  [host = "", wildcard]: readonly string[],
): IngressSettings {
  const secretName = ingress.tls?.secretName?.trim() ?? "";
  const wildcardSecret = ingress.tls?.wildcardSecretName?.trim() ?? "";
  if (wildcardSecret !== "" && wildcard === undefined) {
    throw new SpecError(
      "spec.expose.ingress.tls.wildcardSecretName",
      "is the certificate of wildcardHost, which is not set: set it, or remove this",
    );
  }
  return {
    className: ingress.className?.trim() ?? "",
    annotations: ingress.annotations,
    certificates: [
      ...(secretName === "" ? [] : [{ secretName, hosts: [host] }]),
      ...(wildcardSecret === "" || wildcard === undefined
        ? []
        : [{ secretName: wildcardSecret, hosts: [wildcard] }]),
    ],
  };
}

function routeParents({ parentRefs }: NonNullable<ExposeSettings["gateway"]>): RouteParent[] {
  const field = "spec.expose.gateway.parentRefs";
  if (parentRefs.length === 0) throw new SpecError(field, "is empty: name the Gateway to attach to");
  return parentRefs.map((parent, index) => {
    const part = (name: "name" | "namespace" | "sectionName") => {
      const value = parent[name]?.trim();
      if (value === "") {
        throw new SpecError(`${field}[${index}].${name}`, "is blank: give it, or leave it out");
      }
      return value;
    };
    const [name = "", namespace, sectionName] = [part("name"), part("namespace"), part("sectionName")];
    return {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(sectionName !== undefined && { sectionName }),
    };
  });
}
