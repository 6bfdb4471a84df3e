/** What `kubectl coder` works with: the API server by the kubeconfig, with the rights of whoever typed. */
import { loadKubeConfig } from "../kube/config/kube_config.ts";
import { createCaller } from "../kube/rest/caller.ts";
import { createRestClient } from "../kube/rest/rest_client.ts";
import { createTransport } from "../kube/rest/transport.ts";
import { systemClock } from "../kube/clock.ts";
import type { PluginWorld } from "../plugin/world.ts";
import { dropPermissions } from "./permissions.ts";
import { buildInfo } from "./version.ts";

/** kubectl's own flags, as far as they are understood. */
export interface PluginConnectionRequest {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Who is impersonated. */
  readonly as?: string | undefined;
  readonly asGroups: readonly string[];
  readonly asUid?: string | undefined;
  readonly requestTimeoutMs: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly warn: (text: string) => void;
  /** A program that is started later on: without one, that permission is dropped. */
  readonly program?: string | undefined;
  /** Another command goes on in this process, and drops permissions itself. @default {false} */
  readonly goesOn?: boolean;
}

export interface PluginConnection extends Disposable {
  readonly world: PluginWorld;
}

/** Nothing is asked yet. Rejects where the kubeconfig cannot be used, with a message that says which. */
export async function openPlugin(request: PluginConnectionRequest): Promise<PluginConnection> {
  const { kubeconfig, context, environment, requestTimeoutMs, warn } = request;
  const connection = loadKubeConfig({ kubeconfig, context, env: environment });
  if (request.goesOn !== true) {
    await dropPermissions("kubectl-coder", connection.execCommand ?? request.program);
  }
  const userAgent = `kubectl-coder/${buildInfo().version}`;
  const own = createRestClient({ connection, userAgent });
  const transport = createTransport(connection);
  const caller = createCaller(transport, { userAgent });
  const identity = impersonation(request);
  return {
    world: {
      client: identity === undefined ? own : own.as(identity),
      async stream(path, target, { signal, timeoutMs = requestTimeoutMs, maxRetries, onWarning }) {
        const call = {
          method: "GET",
          path,
          target,
          accept: "*/*",
          identity,
          signal,
          timeoutMs,
          maxRetries,
          onWarning,
        };
        return (await caller.stream(call)).body;
      },
      namespace: connection.namespace,
      clock: systemClock,
      requestTimeoutMs,
      warn,
    },
    [Symbol.dispose]() {
      own.close();
      transport.close();
    },
  };
}

/** As kubectl sends it; undefined where nobody is impersonated. */
export function impersonation(
  { as, asGroups, asUid }: Pick<PluginConnectionRequest, "as" | "asGroups" | "asUid">,
): Readonly<Record<string, string | string[]>> | undefined {
  if (as === undefined) return undefined;
  return {
    "impersonate-user": as,
    ...(asGroups.length === 0 ? {} : { "impersonate-group": [...asGroups] }),
    ...(asUid === undefined ? {} : { "impersonate-uid": asUid }),
  };
}
