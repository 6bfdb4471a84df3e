/** What sessions reach of the network, as a worker is told: packages by its mirror, hosts by its proxy, or nothing. */
import { egressEnvironment, MIRROR_PORT, PROXY_PORT } from "../../sessions/egress/mod.ts";
import { findRegistries, openEgressProxy, openPackageMirror } from "../../sessions/egress/mod.ts";
import type { SandboxHostOptions } from "../../sessions/sandbox/types.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { SandboxConfig } from "./config.ts";
import type { Ends } from "./ends.ts";

export interface Egress extends Pick<SandboxHostOptions, "network" | "forwards" | "environment"> {
  /** Files of packages that a session has got, and how many of them from the cache. */
  readonly counts?: ((sessionId: string) => { readonly files: number; readonly cached: number }) | undefined;
}

/**
 * Opens it; `ends` ends it. Sessions never get the worker's own network, which has its loopback and the cloud's metadata.
 * `forbidden` hosts are not reached unless an address of the list is theirs: the coordinator.
 */
export async function openEgress(
  config:
    & { readonly forbidden?: readonly string[] }
    & Pick<SandboxConfig, "egress" | "packageMirror" | "pypiUrl" | "npmUrl" | "cacheDir" | "cacheBytes">,
  { log, metrics, signal }: { readonly log: Logger; readonly metrics: Metrics; readonly signal: AbortSignal },
  ends: Ends,
): Promise<Egress> {
  const hasProxy = config.egress.length > 0;
  if (!hasProxy && !config.packageMirror) return { network: "none", forwards: [], environment: {} };
  // Paths of sockets must be short, and nobody else's.
  const directory = await Deno.makeTempDir({ prefix: "coder-k8s-egress-" });
  ends.add("sockets of egress", () => Deno.remove(directory, { recursive: true }));
  const forwards: { readonly port: number; readonly socket: string }[] = [];
  let counts: Egress["counts"];
  if (hasProxy) {
    const socket = `${directory}/proxy`;
    const { egress: allow, forbidden = [] } = config;
    const proxy = await openEgressProxy({ socket, allow, forbidden, log, metrics });
    ends.add("egress", () => proxy.close());
    forwards.push({ port: PROXY_PORT, socket });
  }
  if (config.packageMirror) {
    const socket = `${directory}/mirror`;
    const mirror = await openPackageMirror({
      socket,
      directory: config.cacheDir,
      maxBytes: config.cacheBytes,
      registries: await findRegistries({ pypiUrl: config.pypiUrl, npmUrl: config.npmUrl }),
      log,
      metrics,
    }, signal);
    ends.add("package mirror", () => mirror.close());
    counts = (session) => mirror.counts(session);
    forwards.push({ port: MIRROR_PORT, socket });
  }
  return {
    network: "proxy",
    forwards,
    environment: egressEnvironment({
      ...(hasProxy ? { proxyPort: PROXY_PORT } : {}),
      ...(config.packageMirror ? { mirrorPort: MIRROR_PORT } : {}),
    }),
    counts,
  };
}
