/** How a worker proves who it is, at each of its coordinators. */
import type { ClientTls } from "../../sessions/wire/tls.ts";
import { workspaceToken } from "../../sessions/wire/workspace_token.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Redactor } from "../../telemetry/redactor.ts";
import type { WorkerConfig } from "./config.ts";

/** The token for the coordinator at an address; asked for each call. */
export type WorkerTokens = (url: string) => () => Promise<string>;

/** Variables that hold secrets of the worker, whatever they were taken for. */
export const SECRETS: readonly string[] = [
  "WORKER_TOKEN",
  "CODER_K8S_WORKER_TOKEN",
  "CODER_WORKSPACE_OWNER_SESSION_TOKEN",
  "CODER_K8S_WORKER_CODER_TOKEN",
];

/** Takes them out of this process' environment, and so out of those that it starts. */
export function forgetSecrets(environment: Pick<Deno.Env, "delete"> = Deno.env): void {
  for (const name of SECRETS) environment.delete(name);
}

/**
 * A token of its own, read anew each time where it is in a file; or in a Coder workspace one that each coordinator gives for
 * a session token of the workspace's owner. Rejects where a file cannot be read.
 */
export async function openWorkerTokens(
  config: WorkerConfig,
  { log, redactor }: { readonly log: Logger; readonly redactor: Pick<Redactor, "add"> },
): Promise<WorkerTokens> {
  const exchange = config.workspace?.exchange;
  if (exchange === undefined) {
    const { token, tokenFile } = config;
    const read = secret(token, "--token-file", tokenFile, "A worker needs --token-file, or WORKER_TOKEN.");
    redactor.add(await read());
    return () => read;
  }
  const { workspaceId, coderToken, coderTokenFile } = exchange;
  const sessionToken = secret(
    coderToken,
    "--coder-token-file",
    coderTokenFile,
    "A worker in a Coder workspace needs --coder-token-file, or CODER_WORKSPACE_OWNER_SESSION_TOKEN.",
  );
  redactor.add(await sessionToken());
  // Another one with each renewal, and few of them at a time.
  const hidden: (() => void)[] = [];
  return (url) =>
    workspaceToken({
      url,
      allowInsecure: config.insecure,
      tls: () => workerTls(config),
      workspaceId,
      sessionToken,
      keepSecret(value) {
        hidden.push(redactor.add(value));
        if (hidden.length > MOST_HIDDEN) hidden.shift()?.();
      },
      log,
    });
}

const MOST_HIDDEN = 64;

/** What the worker's side of TLS is made of; read for each connection. */
export async function workerTls(
  { caFile, certFile, keyFile }: Pick<WorkerConfig, "caFile" | "certFile" | "keyFile">,
): Promise<ClientTls> {
  const read = (file: string | undefined) =>
    file === undefined ? Promise.resolve(undefined) : Deno.readTextFile(file);
  const [caPem, certPem, keyPem] = await Promise.all([read(caFile), read(certFile), read(keyFile)]);
  return { caPem, certPem, keyPem };
}

function secret(
  value: string | undefined,
  flag: string,
  file: string | undefined,
  missing: string,
): () => Promise<string> {
  return async () => {
    if (value !== undefined) return value;
    if (file === undefined) throw new Error(missing);
    try {
      return (await Deno.readTextFile(file)).trim();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${flag}: ${file} cannot be read: ${why}`, { cause });
    }
  };
}
