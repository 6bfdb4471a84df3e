/** Credentials from a program that the kubeconfig names (client.authentication.k8s.io). */
import { spawn, type SpawnOptions } from "node:child_process";
import type https from "node:https";
import type { Cluster, User } from "@kubernetes/client-node/dist/config_types.js";
import { ExecAuth } from "@kubernetes/client-node/dist/exec_auth.js";
import { isRecord } from "../rest/api_errors.ts";
import { KubeConfigError } from "./connection.ts";

/** A plugin that takes longer is stopped, in milliseconds: a login prompt that nobody sees must not hang us. */
const PLUGIN_TIMEOUT_MS = 60_000;

/** One plugin. Its answer is kept until it expires. */
export interface ExecPlugin {
  readonly command: string;
  authenticate(options: { headers: Record<string, string>; cert?: string; key?: string }): Promise<void>;
  /** Forgets the kept answer: the next call runs the program again. */
  forget(): void;
}

export function createExecPlugin(
  user: User,
  cluster: Cluster & { raw: Record<string, unknown> },
  where: string,
): ExecPlugin {
  const exec: Record<string, unknown> = isRecord(user.exec) ? user.exec : {};
  const command = typeof exec["command"] === "string" ? exec["command"] : "";
  if (command === "") throw new KubeConfigError(`The exec plugin of ${where} has no command.`);
  const env = Array.isArray(exec["env"]) ? exec["env"] : [];
  const info = { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(execInfo(exec, cluster)) };
  const withInfo: User = { ...user, exec: { ...exec, args: exec["args"] ?? [], env: [...env, info] } };
  const hint = typeof exec["installHint"] === "string" ? ` ${exec["installHint"]}` : "";
  let auth = createAuth();
  let running: Promise<{ headers: Record<string, string>; cert?: string; key?: string }> | undefined;

  async function run() {
    const options: https.RequestOptions & { headers: Record<string, string> } = { headers: {} };
    try {
      await auth.applyAuthentication(withInfo, options);
    } catch (cause) {
      const said = (cause instanceof Error ? cause.message : String(cause)).trim();
      throw new KubeConfigError(
        `The exec plugin "${command}" of ${where} gave no credentials: ${
          said || "it failed without a word"
        }.${hint}`,
        { cause },
      );
    }
    const { headers, cert, key } = options;
    if (headers["Authorization"] === undefined && cert === undefined) {
      throw new KubeConfigError(
        `The exec plugin "${command}" of ${where} answered with neither token nor certificate.`,
      );
    }
    return {
      headers,
      ...(typeof cert === "string" ? { cert } : {}),
      ...(typeof key === "string" ? { key } : {}),
    };
  }

  return {
    command,
    async authenticate(options) {
      // Many calls may find the token expired at once; the program runs once for all of them.
      running ??= run().finally(() => running = undefined);
      const { headers, cert, key } = await running;
      Object.assign(options.headers, headers);
      if (cert !== undefined) options.cert = cert;
      if (key !== undefined) options.key = key;
    },
    forget() {
      auth = createAuth();
    },
  };
}

/** `client-node`'s, with its program cut off from the terminal and bounded in time. */
function createAuth(): ExecAuth {
  const auth = new ExecAuth();
  Object.assign(auth, {
    execFn(command: string, args: readonly string[], options: SpawnOptions) {
      const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
      const timer = setTimeout(() => child.kill("SIGKILL"), PLUGIN_TIMEOUT_MS);
      child.once("close", () => clearTimeout(timer));
      child.once("error", () => clearTimeout(timer));
      return child;
    },
  });
  return auth;
}

/** What the plugin is told, as client-go tells it. */
function execInfo(
  exec: Record<string, unknown>,
  cluster: Cluster & { raw: Record<string, unknown> },
): unknown {
  const { server, tlsServerName, skipTLSVerify, caData, proxyUrl, raw } = cluster;
  const extension = Array.isArray(raw["extensions"])
    ? raw["extensions"].find((one) => isRecord(one) && one["name"] === "client.authentication.k8s.io/exec")
    : undefined;
  return {
    apiVersion: exec["apiVersion"] ?? "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    spec: {
      interactive: false,
      ...(exec["provideClusterInfo"] === true
        ? {
          cluster: {
            server,
            "tls-server-name": tlsServerName,
            "insecure-skip-tls-verify": skipTLSVerify,
            "certificate-authority-data": caData,
            "proxy-url": proxyUrl,
            config: isRecord(extension) ? extension["extension"] : undefined,
          },
        }
        : {}),
    },
  };
}
