/** Which Coder the pods of a proxy belong to, and with which token. */
import type { Deployment } from "../api/kubernetes/types.ts";
import type { WorkspaceProxy } from "../api/workspace_proxy.ts";
import type { Trouble } from "../operator/pass/report.ts";
import { told } from "../workload/env.ts";
import { SpecError } from "../workload/spec_error.ts";
import { CONTAINER, PRIMARY_URL, primaryUrl, type ProxyConnection, SESSION_TOKEN } from "./pod_template.ts";
import { isRegisteredByOperator, tokenSecretOf } from "./registration/mod.ts";
import { NO_TOKEN, type ProxyResult, TOKEN_ANNOTATION } from "./results.ts";

/** What pods can be made with. */
export interface ReadyConnection extends ProxyConnection {
  readonly ready: true;
  /** Names the token, for the template; undefined where the operator does not keep it, or does not know it yet. */
  readonly tokenHash: string | undefined;
}

/** Or what is waited for. Pods that run go on as they are. */
export type Connection = ReadyConnection | { readonly ready: false; readonly why: Trouble };

/** What is known beside the spec. */
export interface ConnectionFacts {
  /** Of the last visit. */
  readonly result: ProxyResult | undefined;
  /** Nobody visits Coder. */
  readonly unvisited: boolean;
  /** Our Deployment as it is now. */
  readonly live: Deployment | undefined;
}

/** Throws {@linkcode SpecError} where the spec names no Coder, or no token. */
export function connectionOf(proxy: WorkspaceProxy, facts: ConnectionFacts): Connection {
  const token = tokenSecretOf(proxy);
  if (token === undefined) {
    throw new SpecError(
      "spec.proxySessionTokenSecretRef",
      "is not set: name the Secret with the proxy's token, or a control plane in spec.controlPlaneRef, which registers " +
        "the proxy",
    );
  }
  if (!isRegisteredByOperator(proxy)) {
    const primaryURL = primaryUrl(proxy, undefined);
    if (primaryURL === undefined) {
      throw new TypeError("a proxy without a control plane has an address or an error");
    }
    return { ready: true, primaryURL, token, tokenHash: undefined };
  }
  return registered(proxy, token, facts);
}

function registered(
  proxy: WorkspaceProxy,
  wanted: ProxyConnection["token"],
  { result, unvisited, live }: ConnectionFacts,
): Connection {
  const known = live?.metadata.annotations?.[TOKEN_ANNOTATION];
  // What the pods of another operator run with is written down before anything else happens to the token.
  if (live !== undefined && known === undefined && result === undefined && !unvisited) {
    return waiting("RegistrationPending", "The registration is looked at before the pods are");
  }
  if (live === undefined && !unvisited && (result?.token === undefined || result.token.hash === NO_TOKEN)) {
    return result === undefined
      ? waiting("RegistrationPending", "The proxy is being registered with Coder")
      : waiting("TokenMissing", "The proxy has no token yet: condition Registered says why");
  }
  const primaryURL = result?.primaryURL ?? told(live, CONTAINER, PRIMARY_URL) ??
    (unvisited ? primaryUrl(proxy, undefined) : undefined);
  if (primaryURL === undefined) {
    return waiting(
      "AddressUnknown",
      "The control plane's Coder has not told its address yet: condition Registered says why, or set " +
        "spec.primaryAccessURL",
    );
  }
  // Pods keep the token that they have until there is another one.
  const { hash, name, key } = result?.token ?? { ...(tokenOf(live) ?? wanted), hash: known };
  return { ready: true, primaryURL, token: { name, key }, tokenHash: hash };
}

/** Where the pods of a Deployment take their token from. */
export function tokenOf(live: Deployment | undefined): ProxyConnection["token"] | undefined {
  const { name, key } = live?.spec?.template.spec?.containers.find((one) => one.name === CONTAINER)
    ?.env?.find((entry) => entry.name === SESSION_TOKEN)?.valueFrom?.secretKeyRef ?? {};
  return name === undefined || key === undefined ? undefined : { name, key };
}

function waiting(reason: string, message: string): Connection {
  return { ready: false, why: { reason, message } };
}
