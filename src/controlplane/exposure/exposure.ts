/** What a control plane's spec asks for outside the cluster. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { Exposure, IngressSettings, RouteParent } from "../../workload/exposure.ts";
import { standardLabels } from "../../workload/labels.ts";
import { SpecError } from "../../workload/spec_error.ts";
import { controlPlaneAddress, plainPort } from "../../workload/urls.ts";
import type { Trouble } from "../../operator/pass/report.ts";

/** Not exposed, by an Ingress, or by a route. */
export type Wanted =
  | { by: "nothing" }
  | { by: "ingress"; exposure: Exposure; settings: IngressSettings }
  | { by: "gateway"; exposure: Exposure; parents: RouteParent[] };

type Expose = NonNullable<ControlPlane["spec"]["expose"]>;

/**
 * Reads `spec.expose`. White space around names is forgiven, as ever.
 * Throws {@linkcode SpecError} for what only objects stored before the CRD had its rules can say.
 */
export function wantedExposure(controlPlane: ControlPlane): Wanted {
  const { ingress, gateway } = controlPlane.spec.expose ?? {};
  if (ingress !== undefined && gateway !== undefined) {
    throw new SpecError("spec.expose", "choose one of ingress and gateway");
  }
  if (ingress !== undefined) {
    const exposure = exposed(controlPlane, ingress, "spec.expose.ingress");
    return { by: "ingress", exposure, settings: ingressSettings(ingress, exposure.hosts) };
  }
  if (gateway === undefined) return { by: "nothing" };
  const exposure = exposed(controlPlane, gateway, "spec.expose.gateway");
  return { by: "gateway", exposure, parents: routeParents(gateway) };
}

/** What works and should not be so: only objects stored before the CRD had its rules say that. */
export function exposureWarnings(wanted: Wanted): Trouble[] {
  if (wanted.by === "nothing") return [];
  const [host = "", wildcard] = wanted.exposure.hosts;
  const field = `spec.expose.${wanted.by}`;
  const warnings: Trouble[] = [];
  if (host.startsWith("*.")) {
    warnings.push({
      reason: "WildcardAsHost",
      message:
        `${field}.host is ${host}, which is no address that users could type: give Coder a name of its ` +
        "own, and put the wildcard into wildcardHost",
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

function exposed(
  controlPlane: ControlPlane,
  given: { host: string; wildcardHost?: string },
  field: string,
): Exposure {
  const { name = "", namespace = "" } = controlPlane.metadata;
  const host = given.host.trim();
  const wildcard = given.wildcardHost?.trim() ?? "";
  if (host === "") throw new SpecError(`${field}.host`, "is blank: name the host, such as coder.example.com");
  return {
    name,
    namespace,
    labels: standardLabels("coder-control-plane", name),
    hosts: wildcard === "" ? [host] : [host, wildcard],
    backend: { service: name, port: plainPort(controlPlaneAddress(controlPlane)) },
  };
}

function ingressSettings(
  ingress: NonNullable<Expose["ingress"]>,
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

function routeParents({ parentRefs }: NonNullable<Expose["gateway"]>): RouteParent[] {
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
