/** The coordinator's way to Coder: as whoever shows a session token, and with no access of its own. */
import { type CoderClient, createDeployments, createTransport } from "../../coder/mod.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { readCoderAuthorities } from "../coder_authorities.ts";
import { buildInfo } from "../version.ts";
import type { CoordinatorConfig } from "./config.ts";

export interface CoderWay {
  /** Without a slash at the end: for messages. */
  readonly address: string;
  /** Cheap. For what somebody waits for. */
  client(sessionToken: string): CoderClient;
  close(): void;
}

/**
 * Undefined where `--coder-url` names none. Nothing is asked yet.
 * @throws where the address or the file of authorities cannot be used
 */
export function openCoderWay(
  { coderUrl: url, coderCaFile }: Pick<CoordinatorConfig, "coderUrl" | "coderCaFile">,
  metrics: Metrics,
): CoderWay | undefined {
  if (url === undefined) return undefined;
  const ca = coderCaFile === undefined ? undefined : readCoderAuthorities(coderCaFile);
  const deployments = createDeployments({
    metrics,
    userAgent: `coder-k8s/${buildInfo().version} (coordinator)`,
    connect: (_key, address) => createTransport(ca === undefined ? address : { ca, ...address }),
  });
  const client = (token?: string) => {
    const made = deployments.client("coder", { url }, token);
    return made.prompt ?? made;
  };
  return { address: client().address, client, close: () => deployments.close() };
}
