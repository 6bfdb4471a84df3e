/** Ingress and HTTPRoute. */
import type { ControlPlaneSpecInput } from "../../api/control_plane.ts";
import { HOST, WILDCARD_HOST } from "../../api/patterns.ts";
import { scalarText, type ValueReader } from "./value_reader.ts";
import { isFields } from "./values_text.ts";

type Exposure = NonNullable<ControlPlaneSpecInput["expose"]>;
type Ingress = NonNullable<Exposure["ingress"]>;
type Gateway = NonNullable<Exposure["gateway"]>;
type ParentReference = Gateway["parentRefs"][number];

/** `spec.expose`. */
export function exposureFields(values: ValueReader): ControlPlaneSpecInput {
  const ingress = ingressOf(values);
  const gateway = gatewayOf(values);
  listenerSet(values);
  if (ingress !== undefined && gateway !== undefined) {
    values.warn(
      "coder.httproute",
      "a control plane is exposed by an Ingress or by a Gateway: the Ingress was taken; make the HTTPRoute yourself",
    );
  }
  const expose = ingress !== undefined ? { ingress } : gateway !== undefined ? { gateway } : undefined;
  if (expose === undefined) return {};
  accessUrl(values, expose.ingress?.host ?? expose.gateway?.host ?? "");
  return { expose };
}

/** The chart's default is the address inside the cluster in every case. */
function accessUrl(values: ValueReader, host: string): void {
  const named = values.list("coder.env").some((each) =>
    isFields(each) && each["name"] === "CODER_ACCESS_URL"
  );
  if (named || !values.flag("coder.envUseClusterAccessURL")) return;
  values.remark(
    "coder.envUseClusterAccessURL",
    "spec.expose",
    `Coder's access URL becomes that of ${host}; with the chart it was the Service's. CODER_ACCESS_URL in extraEnv ` +
      "gives another one",
  );
}

function ingressOf(values: ValueReader): Ingress | undefined {
  const path = "coder.ingress";
  const enabled = values.flag(`${path}.enable`);
  const hosts = hostsOf(values, path, enabled);
  const className = values.text(`${path}.className`)?.trim();
  const annotations = values.textMap(`${path}.annotations`);
  const tls = values.flag(`${path}.tls.enable`);
  const secretName = values.text(`${path}.tls.secretName`)?.trim();
  const wildcardSecretName = values.text(`${path}.tls.wildcardSecretName`)?.trim();
  if (hosts === undefined) return undefined;
  const wildcard = wildcardSecretName !== undefined && hosts.wildcardHost !== undefined;
  if (tls && wildcardSecretName !== undefined && !wildcard) {
    values.warn(`${path}.tls.wildcardSecretName`, "was left out: there is no wildcardHost");
  }
  return {
    ...(className !== undefined && { className }),
    ...hosts,
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ...(tls && {
      tls: { ...(secretName !== undefined && { secretName }), ...(wildcard && { wildcardSecretName }) },
    }),
  };
}

function gatewayOf(values: ValueReader): Gateway | undefined {
  const path = "coder.httproute";
  const enabled = values.flag(`${path}.enable`);
  const hosts = hostsOf(values, path, enabled);
  const annotations = values.textMap(`${path}.annotations`);
  const parents = values.list(`${path}.parentRefs`);
  const redirect = values.flag(`${path}.httpsRedirect.enable`);
  for (const key of ["statusCode", "parentRefs"]) values.raw(`${path}.httpsRedirect.${key}`);
  if (hosts === undefined) return undefined;
  const parentRefs = parents.flatMap((item, index) =>
    parentReference(values, `${path}.parentRefs[${index}]`, item)
  );
  if (parentRefs.length === 0) {
    values.warn(`${path}.parentRefs`, "names no Gateway: the HTTPRoute was left out");
    return undefined;
  }
  if (Object.keys(annotations).length > 0) {
    values.warn(
      `${path}.annotations`,
      "annotate the HTTPRoute yourself: the operator leaves annotations of others alone",
    );
  }
  if (redirect) {
    values.warn(
      `${path}.httpsRedirect`,
      "make the HTTPRoute that redirects to HTTPS yourself, or let the Gateway do it",
    );
  }
  return { ...hosts, parentRefs };
}

function parentReference(values: ValueReader, path: string, item: unknown): ParentReference[] {
  const { name, namespace, sectionName, ...rest } = isFields(item) ? item : {};
  if (typeof name !== "string" || name.trim() === "") {
    values.warn(path, "has no name and was left out");
    return [];
  }
  const filled = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";
  const more = Object.entries(rest).filter(([key, value]) =>
    value !== null && !(key === "kind" && value === "Gateway") &&
    !(key === "group" && value === "gateway.networking.k8s.io")
  );
  for (const [key, value] of more) {
    values.warn(
      `${path}.${key}`,
      `${scalarText(value) ?? "this"} has no place: give sectionName, or make the HTTPRoute yourself`,
    );
  }
  return [{
    name,
    ...(filled(namespace) && { namespace }),
    ...(filled(sectionName) && { sectionName }),
  }];
}

function listenerSet(values: ValueReader): void {
  const enabled = values.flag("coder.listenerset.enable");
  for (const key of ["annotations", "parentRef", "listeners"]) values.raw(`coder.listenerset.${key}`);
  if (enabled) {
    values.warn("coder.listenerset", "keep the ListenerSet yourself: the operator makes the HTTPRoute alone");
  }
}

/** `host` and `wildcardHost`; undefined where the route is off, or cannot be made. */
function hostsOf(values: ValueReader, path: string, enabled: boolean) {
  const host = values.text(`${path}.host`)?.trim();
  const given = values.text(`${path}.wildcardHost`)?.trim();
  if (!enabled) return undefined;
  if (host === undefined || !new RegExp(HOST).test(host)) {
    values.warn(
      `${path}.host`,
      `${host === undefined ? "is empty" : "is not a host name"}: without it Coder is not exposed`,
    );
    return undefined;
  }
  // Only a whole label may be a wildcard; the chart cuts the rest of it off, too.
  const wildcardHost = given?.replace(/^\*[^.]*\./, "*.");
  if (wildcardHost !== undefined && !new RegExp(WILDCARD_HOST).test(wildcardHost)) {
    values.warn(`${path}.wildcardHost`, "is not a host name and was left out");
    return { host };
  }
  return { host, ...(wildcardHost !== undefined && { wildcardHost }) };
}
