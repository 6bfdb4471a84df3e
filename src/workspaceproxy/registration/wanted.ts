/** What a proxy's spec asks for of its registration. */
import type { WorkspaceProxy } from "../../api/workspace_proxy.ts";
import type { ObjectKey } from "../../api/object.ts";
import { workspaceProxyTokenSecretName } from "../../workload/names.ts";
import { ADOPT_PROXY_ANNOTATION, type WantedRegistration } from "./decide.ts";

/** How the Coder of a control plane is called. */
export interface ControlPlaneAccess {
  readonly key: ObjectKey;
  /** Where callers inside the cluster reach it. */
  readonly url: string;
  readonly tokenSecret: { readonly namespace: string; readonly name: string; readonly key: string };
}

/**
 * Undefined where the operator registers nothing. `access`: of the control plane that the spec names; undefined while it
 * has none, which is for the caller to tell.
 */
export function wantedRegistration(
  { metadata, spec }: WorkspaceProxy,
  access: ControlPlaneAccess | undefined,
): WantedRegistration | undefined {
  const given = spec.controlPlaneRef === undefined ? spec.bootstrap : spec.registration ?? {};
  const place = placeOf(spec, access);
  if (given === undefined || place === undefined) return undefined;
  const name = given.proxyName || (metadata.name ?? "");
  return {
    name,
    displayName: given.displayName ?? "",
    icon: given.icon ?? "",
    place,
    adopt: metadata.annotations?.[ADOPT_PROXY_ANNOTATION] === name,
  };
}

function placeOf(
  { bootstrap, controlPlaneRef }: WorkspaceProxy["spec"],
  access: ControlPlaneAccess | undefined,
): WantedRegistration["place"] | undefined {
  if (controlPlaneRef !== undefined) {
    return access === undefined ? undefined : {
      coderURL: access.url,
      controlPlaneName: access.key.name,
      controlPlaneNamespace: access.key.namespace,
      tokenSecretRef: { ...access.tokenSecret },
    };
  }
  if (bootstrap === undefined) return undefined;
  const { name, key } = bootstrap.credentialsSecretRef;
  return {
    coderURL: bootstrap.coderURL.trim(),
    tokenSecretRef: { name: name.trim(), key: key || "token" },
  };
}

/** Whether the operator registers the proxy and keeps its token. */
export function isRegisteredByOperator({ spec }: WorkspaceProxy): boolean {
  return spec.controlPlaneRef !== undefined || spec.bootstrap !== undefined;
}

/**
 * The Secret, in the proxy's namespace, that the pods take their token from. Undefined where the spec names none and the
 * operator makes none.
 */
export function tokenSecretOf(proxy: WorkspaceProxy): { name: string; key: string } | undefined {
  const { metadata, spec } = proxy;
  if (isRegisteredByOperator(proxy)) {
    const { generatedTokenSecretName } =
      (spec.controlPlaneRef === undefined ? spec.bootstrap : spec.registration) ?? {};
    return {
      name: workspaceProxyTokenSecretName(metadata.name ?? "", generatedTokenSecretName),
      key: "token",
    };
  }
  const { name, key } = spec.proxySessionTokenSecretRef ?? {};
  return name === undefined || name.trim() === "" ? undefined : { name: name.trim(), key: key || "token" };
}
