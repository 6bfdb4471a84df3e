/** A person at a terminal: their kubeconfig, and Coder as far as they may. For commands that look once and end. */
import { clientCluster } from "../mcp/caller/client_cluster.ts";
import { type AnswerRedaction, answerRedaction } from "../mcp/answers/redacted.ts";
import type { CallerCluster, CallerCoders } from "../caller/types.ts";
import { loadKubeConfig } from "../kube/config/kube_config.ts";
import { createRestClient, type RestClient } from "../kube/rest/rest_client.ts";
import { createLogger } from "../telemetry/log.ts";
import { noMetrics } from "../telemetry/metrics.ts";
import { Redactor } from "../telemetry/redactor.ts";
import type { RunOptions } from "./app.ts";
import { coderAccess } from "./coder_calls.ts";
import type { Config } from "./config.ts";
import { givenCoder } from "./given_coder.ts";
import { operatorCoders } from "./operator_coders.ts";
import { dropPermissions, type OneLook } from "./permissions.ts";
import { givenSessionToken } from "./session_token.ts";
import { buildInfo } from "./version.ts";

/** What such a command works with. */
export interface Person {
  /** Of the kubeconfig's context. */
  readonly namespace: string;
  /** Calls are theirs. */
  readonly client: RestClient;
  readonly cluster: CallerCluster;
  /**
   * With a session token as themselves; without one with the operator's access, where they may read its token by
   * themselves and do what is asked for.
   */
  readonly coders: CallerCoders;
  /** Of all that is shown. */
  readonly redaction: AnswerRedaction;
  close(): void;
}

export type PersonOptions = Pick<RunOptions, "log" | "redactor" | "environment" | "drop">;

/**
 * Makes it; nothing is asked yet. Rejects where the kubeconfig or a file that options name cannot be used, with a message
 * that says which.
 *
 * @param command drops the permissions that it does not need
 * @param writes it writes a file
 */
export async function personAt(
  command: OneLook,
  config: Config,
  { log, redactor, environment, drop = dropPermissions }: PersonOptions,
  writes = false,
): Promise<Person> {
  const connection = loadKubeConfig({
    kubeconfig: config.kubeconfig,
    context: config.context,
    env: environment,
  });
  const token = await givenSessionToken(config);
  if (token !== undefined) redactor.add(token);
  await drop(command, connection.execCommand, writes);
  const client = createRestClient({
    connection,
    userAgent: `coder-k8s/${buildInfo().version} (${command})`,
    qps: config.kubeApiQps,
    burst: Math.max(1, config.kubeApiBurst),
    logger: log,
  });
  const access = coderAccess({ config, client, metrics: noMetrics });
  const cluster = clientCluster(client);
  return {
    namespace: connection.namespace,
    client,
    cluster,
    coders: givenCoder(access, config, environment, token) ??
      operatorCoders({ cluster, client, coder: access, redactor }),
    redaction: answerRedaction(redactor),
    close() {
      access.deployments.close();
      client.close();
    },
  };
}

/** Of such a command: what fails on the way is told in what it shows, and logged only with `--debug`. */
export function ownLog({ debug, logFormat }: Pick<Config, "debug" | "logFormat">) {
  const redactor = new Redactor();
  const log = createLogger({ level: debug ? "debug" : "error", format: logFormat ?? "text", redactor });
  return { log, redactor };
}
