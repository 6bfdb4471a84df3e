/** Credentials from a program that the kubeconfig names (client.authentication.k8s.io). */
import { spawn, type SpawnOptions } from "node:child_process";
import type https from "node:https";
import type { Cluster, User } from "@kubernetes/client-node/dist/config_types.js";
import { ExecAuth } from "@kubernetes/client-node/dist/exec_auth.js";
import { isRecord } from "../rest/api_errors.ts";
import { KubeConfigError } from "./connection.ts";

/** A plugin that takes longer is stopped, in milliseconds: a login prompt that nobody sees must not hang us. */
const PLUGIN_TIMEOUT_MS = 60_000;

/** What it is put into. */
interface Answer {
  headers: Record<string, string>;
  cert?: string;
  key?: string;
}

/** The program at work, for all who wait for it. */
interface Run {
  readonly answer: Promise<Answer>;
  waiting: number;
  end(): void;
}

/** One plugin. Its answer is kept until it expires. */
export interface ExecPlugin {
  readonly command: string;
  /** Who aborts waits no longer; a program for which nobody waits is ended. Rejects with the signal's reason then. */
  authenticate(options: Answer, signal?: AbortSignal): Promise<void>;
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
  let running: Run | undefined;

  function start(): Run {
    const over = new AbortController();
    const run: Run = {
      answer: ask(over.signal).finally(() => leave(run)),
      waiting: 0,
      end() {
        leave(run);
        over.abort();
      },
    };
    // Of one that was ended nobody wants to hear.
    run.answer.catch(() => {});
    return run;
  }

  /** Who comes from now on starts another one. */
  function leave(run: Run): void {
    if (running === run) running = undefined;
  }

  async function ask(over: AbortSignal): Promise<Answer> {
    const options: https.RequestOptions & { headers: Record<string, string> } = { headers: {} };
    try {
      await auth.ask(withInfo, options, over);
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
    async authenticate(options, signal) {
      signal?.throwIfAborted();
      // Many calls may find the token expired at once; the program runs once for all of them.
      const run = running ??= start();
      const { headers, cert, key } = await waitFor(run, signal);
      Object.assign(options.headers, headers);
      if (cert !== undefined) options.cert = cert;
      if (key !== undefined) options.key = key;
    },
    forget() {
      auth = createAuth();
    },
  };
}

async function waitFor(run: Run, signal: AbortSignal | undefined): Promise<Answer> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = () => {
    if (--run.waiting === 0) run.end();
    reject(signal?.reason);
  };
  run.waiting++;
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([run.answer, stopped]);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** `client-node`'s, with its program cut off from the terminal and bounded in time. */
function createAuth() {
  const auth = new ExecAuth();
  let over: AbortSignal;
  Object.assign(auth, {
    execFn(command: string, args: readonly string[], options: SpawnOptions) {
      const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
      const ends = over;
      const kill = () => void child.kill("SIGKILL");
      const timer = setTimeout(kill, PLUGIN_TIMEOUT_MS);
      ends.addEventListener("abort", kill, { once: true });
      const ended = () => {
        clearTimeout(timer);
        ends.removeEventListener("abort", kill);
      };
      child.once("close", ended);
      child.once("error", ended);
      return child;
    },
  });
  return {
    /** The program is started before this comes back, and killed when `signal` ends. */
    ask(user: User, options: https.RequestOptions, signal: AbortSignal): Promise<void> {
      over = signal;
      return auth.applyAuthentication(user, options);
    },
  };
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
