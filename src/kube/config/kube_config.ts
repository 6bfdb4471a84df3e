/**
 * Finds the API server and our identity as kubectl does: `--kubeconfig`, `KUBECONFIG`, `~/.kube/config`, the pod's
 * service account.
 *
 * The entries are read by `@kubernetes/client-node`, through its narrow modules: its `KubeConfig` class would load
 * every generated model (measured, bundled: 25 MB of memory and 80 ms of start for nothing), and it merges several
 * files differently from kubectl (duplicates are an error, a missing file is an error, the last current context wins).
 */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import process from "node:process";
import {
  type Cluster,
  newClusters,
  newContexts,
  newUsers,
  type User,
} from "@kubernetes/client-node/dist/config_types.js";
import { parse } from "yaml";
import { isRecord } from "../rest/api_errors.ts";
import { type ClusterConnection, KubeConfigError } from "./connection.ts";
import { createCredentials } from "./credentials.ts";
import { proxyFor } from "./proxy.ts";

/** Where a pod finds its own identity. */
export const SERVICE_ACCOUNT_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface LoadOptions {
  /** `--kubeconfig`: this file and no other. */
  kubeconfig?: string | undefined;
  /** Use this context in place of the current one. */
  context?: string | undefined;
  /** @default {process.env} */
  env?: Readonly<Record<string, string | undefined>>;
  /** @default {"/var/run/secrets/kubernetes.io/serviceaccount"} */
  serviceAccountDirectory?: string;
  /** @default {os.homedir()} */
  home?: string;
}

/** Entries of one file, with paths made absolute, beside what `client-node` does not read. */
interface Loaded {
  file: string;
  clusters: (Cluster & { raw: Record<string, unknown> })[];
  users: (User & { raw: Record<string, unknown> })[];
  contexts: { name: string; cluster: string; user: string; namespace?: string }[];
  currentContext: string;
}

/** Loads the connection. Throws {@linkcode KubeConfigError} with the file, the context and what to do. */
export function loadKubeConfig(options: LoadOptions = {}): ClusterConnection {
  const { env = process.env } = options;
  const files = candidates(options, env);
  const loaded = files.map(readConfig);
  if (loaded.length === 0) {
    const inCluster = loadInCluster(options, env);
    if (inCluster !== undefined) return inCluster;
    throw new KubeConfigError(
      "No kubeconfig found: --kubeconfig is not given, KUBECONFIG names no existing file, " +
        `${homeConfig(options)} does not exist, and this is not a pod with a service account. ` +
        "Give --kubeconfig FILE or set KUBECONFIG.",
    );
  }
  return connect(loaded, options, env);
}

function candidates(options: LoadOptions, env: Readonly<Record<string, string | undefined>>): string[] {
  if (options.kubeconfig) {
    if (existsSync(options.kubeconfig)) return [options.kubeconfig];
    throw new KubeConfigError(`The kubeconfig ${options.kubeconfig} (from --kubeconfig) does not exist.`);
  }
  const listed = (env["KUBECONFIG"] ?? "").split(path.delimiter).filter((file) => file !== "");
  const files = listed.length > 0 ? listed : [homeConfig(options)];
  return files.filter((file) => existsSync(file));
}

function homeConfig(options: LoadOptions): string {
  return path.join(options.home ?? homedir(), ".kube", "config");
}

function readConfig(file: string): Loaded {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new KubeConfigError(`Cannot read the kubeconfig ${file}: ${words(cause)}`, { cause });
  }
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    throw new KubeConfigError(`The kubeconfig ${file} is not valid YAML: ${words(cause)}`, { cause });
  }
  if (!isRecord(content)) throw new KubeConfigError(`The kubeconfig ${file} is empty or not a mapping.`);
  const directory = path.dirname(path.resolve(file));
  const absolute = (name: string) => path.resolve(directory, name);
  const rawOf = (list: unknown, name: string, field: string): Record<string, unknown> => {
    const entry = Array.isArray(list) ? list.find((one) => isRecord(one) && one["name"] === name) : undefined;
    return isRecord(entry) && isRecord(entry[field]) ? entry[field] : {};
  };
  try {
    return {
      file,
      clusters: newClusters(content["clusters"]).map((cluster) => ({
        ...cluster,
        ...(cluster.caFile ? { caFile: absolute(cluster.caFile) } : {}),
        raw: rawOf(content["clusters"], cluster.name, "cluster"),
      })),
      users: newUsers(content["users"]).map((user) => {
        const raw = { ...rawOf(content["users"], user.name, "user") };
        if (typeof raw["tokenFile"] === "string") raw["tokenFile"] = absolute(raw["tokenFile"]);
        return {
          ...user,
          ...(user.certFile ? { certFile: absolute(user.certFile) } : {}),
          ...(user.keyFile ? { keyFile: absolute(user.keyFile) } : {}),
          ...(isRecord(user.exec) ? { exec: withAbsoluteCommand(user.exec, absolute) } : {}),
          raw,
        };
      }),
      contexts: newContexts(content["contexts"]).map((context) => ({ ...context })),
      currentContext: typeof content["current-context"] === "string" ? content["current-context"] : "",
    };
  } catch (cause) {
    throw new KubeConfigError(`The kubeconfig ${file} is not valid: ${words(cause)}`, { cause });
  }
}

/** As client-go: a command with a slash that is not absolute is looked for beside the kubeconfig. */
function withAbsoluteCommand(exec: Record<string, unknown>, absolute: (name: string) => string) {
  const { command } = exec;
  return typeof command === "string" && command.includes("/")
    ? { ...exec, command: absolute(command) }
    : exec;
}

function connect(
  loaded: readonly Loaded[],
  options: LoadOptions,
  env: Readonly<Record<string, string | undefined>>,
): ClusterConnection {
  const source = loaded.map((one) => one.file).join(", ");
  const name = options.context ?? loaded.find((one) => one.currentContext !== "")?.currentContext ?? "";
  const contexts = loaded.flatMap((one) => one.contexts);
  if (name === "") {
    throw new KubeConfigError(`The kubeconfig ${source} has no current-context. ${choices(contexts)}`);
  }
  const context = contexts.find((one) => one.name === name);
  if (context === undefined) {
    throw new KubeConfigError(`The kubeconfig ${source} has no context "${name}". ${choices(contexts)}`);
  }
  const cluster = loaded.flatMap((one) => one.clusters).find((one) => one.name === context.cluster);
  if (cluster === undefined) {
    throw new KubeConfigError(
      `Context "${name}" of ${source} names the cluster "${context.cluster}", which is missing.`,
    );
  }
  const user = loaded.flatMap((one) => one.users).find((one) => one.name === context.user);
  if (user === undefined && context.user) {
    throw new KubeConfigError(
      `Context "${name}" of ${source} names the user "${context.user}", which is missing.`,
    );
  }
  return toConnection({
    cluster,
    user: user ?? { name: "", raw: {} },
    context: name,
    namespace: context.namespace || "default",
    source,
    env,
  });
}

function choices(contexts: readonly { name: string }[]): string {
  if (contexts.length === 0) return "It has no contexts at all.";
  return `Its contexts: ${[...new Set(contexts.map((context) => context.name))].join(", ")}.`;
}

interface Resolved {
  cluster: Cluster & { raw: Record<string, unknown> };
  user: User & { raw: Record<string, unknown> };
  context: string;
  namespace: string;
  source: string;
  env: Readonly<Record<string, string | undefined>>;
}

function toConnection(resolved: Resolved): ClusterConnection {
  const { cluster, user, context, namespace, source, env } = resolved;
  const server = parseServer(cluster.server, `cluster "${cluster.name}" of ${source}`);
  const proxy = proxyFor(server, cluster.proxyUrl, env, source);
  return {
    server,
    namespace,
    context,
    source,
    ...(cluster.tlsServerName ? { tlsServerName: cluster.tlsServerName } : {}),
    ...(cluster.skipTLSVerify ? { skipTlsVerify: true } : {}),
    ...(proxy === undefined ? {} : { proxy }),
    ...createCredentials({ cluster, user, source }),
  };
}

function parseServer(text: string, where: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw new KubeConfigError(`The server "${text}" of ${where} is not an https:// or http:// address.`);
}

/** The identity of the pod that this runs in, or undefined where it is none. */
function loadInCluster(
  options: LoadOptions,
  env: Readonly<Record<string, string | undefined>>,
): ClusterConnection | undefined {
  const directory = options.serviceAccountDirectory ?? SERVICE_ACCOUNT_DIRECTORY;
  const host = env["KUBERNETES_SERVICE_HOST"];
  const tokenFile = path.join(directory, "token");
  if (!host || !existsSync(tokenFile)) return undefined;
  const port = env["KUBERNETES_SERVICE_PORT"] || "443";
  const name = "in-cluster";
  return toConnection({
    cluster: {
      name,
      server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      caFile: path.join(directory, "ca.crt"),
      skipTLSVerify: false,
      raw: {},
    },
    user: { name, raw: { tokenFile } },
    context: name,
    namespace: readNamespace(directory) ?? "default",
    source: name,
    env,
  });
}

/** The namespace in a service account's directory, trimmed; undefined where there is none. */
export function readNamespace(directory: string = SERVICE_ACCOUNT_DIRECTORY): string | undefined {
  try {
    return readFileSync(path.join(directory, "namespace"), "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
