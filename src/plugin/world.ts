/** What the plugin works with: the API server, with the rights of whoever typed. */
import type { CallOptions, KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";

export interface PluginWorld {
  readonly client: KubeClient;
  /** GET of any path, piece by piece; rejects where it is refused. The deadline is for the beginning alone. */
  readonly stream: (path: string, target: string, options: CallOptions) => Promise<AsyncIterable<Uint8Array>>;
  /** Of the kubeconfig's context. */
  readonly namespace: string;
  readonly clock: Clock;
  /** Deadline of one call, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Hears what servers warn of. */
  readonly warn: (text: string) => void;
}

/** Where somebody looks: one namespace, or all. */
export type Scope = { readonly namespace: string } | "all";

/** Refusals that name a wait are waited for so often: somebody sits there. */
const RETRIES = 3;

/** Options of every call. */
export function callOptions({ requestTimeoutMs, warn }: PluginWorld, signal: AbortSignal): CallOptions {
  return { signal, timeoutMs: requestTimeoutMs, maxRetries: RETRIES, onWarning: warn };
}

/** What cannot be done, in words for whoever typed. */
export class PluginError extends Error {
  override readonly name = "PluginError";
}
