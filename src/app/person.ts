/** A person at this machine: their kubeconfig, and Coder as far as they may. For what they start for themselves. */
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
import { operatorCoders, type OperatorCodersOptions } from "./operator_coders.ts";
import { dropPermissions, type OneLook } from "./permissions.ts";
import { givenSessionToken } from "./session_token.ts";
import { buildInfo } from "./version.ts";

/** What such a process works with. */
export interface Person {
  /** Of the kubeconfig's context. */
  readonly namespace: string;
  /** The API server, and what names it: for messages. */
  readonly server: string;
  /** Calls are theirs. */
  readonly client: RestClient;
  readonly cluster: CallerCluster;
  /** With a session token as themselves; without one as {@linkcode PersonNeeds} say. */
  readonly coders: CallerCoders;
  /** Of all that is shown. */
  readonly redaction: AnswerRedaction;
  close(): void;
}

export type PersonOptions = Pick<RunOptions, "log" | "redactor" | "environment" | "drop">;

export interface PersonNeeds {
  /** A file is written. @default {false} */
  readonly writes?: boolean;
  /**
   * Coder for somebody who has given no session token.
   *
   * @default {operatorCoders}: where they may read the operator's token by themselves, and do what is asked for
   */
  readonly withoutToken?: (parts: OperatorCodersOptions) => CallerCoders;
}

/**
 * Makes it; nothing is asked yet. Rejects where the kubeconfig or a file that options name cannot be used, with a message
 * that says which.
 *
 * @param command drops the permissions that it does not need
 */
export async function personAt(
  command: OneLook | "mcp-stdio",
  config: Config,
  { log, redactor, environment, drop = dropPermissions }: PersonOptions,
  { writes = false, withoutToken = operatorCoders }: PersonNeeds = {},
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
    server: `${shown(connection.server)} by ${connection.source}`,
    client,
    cluster,
    coders: givenCoder(access, config, environment, token) ??
      withoutToken({ cluster, client, coder: access, redactor }),
    redaction: answerRedaction(redactor),
    close() {
      access.deployments.close();
      client.close();
    },
  };
}

/** Without user and password, which some write into it. */
function shown({ origin, pathname }: URL): string {
  return origin + pathname;
}

/** Of such a command: what fails on the way is told in what it shows, and logged only with `--debug`. */
export function ownLog({ debug, logFormat }: Pick<Config, "debug" | "logFormat">) {
  const redactor = new Redactor();
  const log = createLogger({ level: debug ? "debug" : "error", format: logFormat ?? "text", redactor });
  return { log, redactor };
}
