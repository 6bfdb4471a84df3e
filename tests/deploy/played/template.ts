/** What a Deployment's pod template says, read as a kubelet reads it: arguments, environment, files, ports. Pure. */
import { MODES } from "../../../src/app/config.ts";

/** The part of a pod template that is played: its first container. */
export interface PodTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly containers: readonly Container[];
    readonly volumes?: readonly Volume[];
  };
}

export interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly args?: readonly string[];
  readonly env?: readonly EnvironmentEntry[];
  readonly envFrom?: readonly {
    readonly prefix?: string;
    readonly configMapRef?: { readonly name: string; readonly optional?: boolean };
    readonly secretRef?: { readonly name: string; readonly optional?: boolean };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
  }[];
}

export interface EnvironmentEntry {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly configMapKeyRef?: KeyReference;
    readonly secretKeyRef?: KeyReference;
    readonly resourceFieldRef?: unknown;
  };
}

interface KeyReference {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

export interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string; readonly items?: readonly VolumeItem[] };
  readonly secret?: { readonly secretName: string; readonly items?: readonly VolumeItem[] };
  readonly emptyDir?: object;
  readonly persistentVolumeClaim?: object;
  readonly projected?: { readonly sources: readonly Omit<Volume, "name">[] };
}

interface VolumeItem {
  readonly key: string;
  readonly path: string;
}

/** Facts of one pod, for `fieldRef`. */
export interface PodFacts {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly node: string;
}

/** The servers of one process; the numbers are those of its container ports. */
export const SERVERS = {
  health: { port: 8081, setting: "health-bind-address" },
  metrics: { port: 8080, setting: "metrics-bind-address" },
  aggregated: { port: 6443, setting: "aggregated-bind-address" },
  mcp: { port: 8090, setting: "mcp-bind-address" },
} as const;

export type ServerName = keyof typeof SERVERS;

/** Modes that serve the aggregated API, and MCP. */
const SERVING: Readonly<Partial<Record<ServerName, readonly string[]>>> = {
  aggregated: ["all", "aggregated-apiserver"],
  mcp: ["all", "mcp-http"],
};

/** The words that say what a process is. */
const WORDS: readonly string[] = [...MODES, "coordinator", "worker"];

/** Whether a Deployment's pods are the product itself, and no coordinator, worker or somebody else's. */
export function isPlayable(template: PodTemplate): boolean {
  const [container] = template.spec.containers;
  return /(^|\/)coder-k8s([:@]|$)/.test(container?.image ?? "") &&
    !["coordinator", "worker"].includes(modeOf(container!));
}

/** The mode that its arguments or its environment ask for. */
export function modeOf({ args = [], env = [] }: Container): string {
  return args.find((arg) => WORDS.includes(arg)) ?? lastFlag(args, "app") ??
    env.find(({ name }) => name === "CODER_K8S_APP")?.value ?? "all";
}

/** Whether it serves there at all: its mode does, and nobody has turned it off. */
export function serves(container: Container, server: ServerName): boolean {
  const { setting } = SERVERS[server];
  const variable = `CODER_K8S_${setting.toUpperCase().replaceAll("-", "_")}`;
  const said = lastFlag(container.args ?? [], setting) ??
    container.env?.find(({ name }) => name === variable)?.value;
  return said !== "0" && (SERVING[server]?.includes(modeOf(container)) ?? true);
}

/** The last `--flag=value` or `--flag value`, as the product reads it. */
function lastFlag(args: readonly string[], flag: string): string | undefined {
  const at = args.findLastIndex((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`));
  if (at === -1) return undefined;
  return args[at] === `--${flag}` ? args[at + 1] : args[at]!.slice(flag.length + 3);
}

/** Arguments without the mode, with paths of files where those of the volumes are. */
export function argumentsOf(container: Container, moved: ReadonlyMap<string, string>): string[] {
  const mode = container.args?.findIndex((arg) => WORDS.includes(arg)) ?? -1;
  return (container.args ?? []).filter((_, index) => index !== mode).map((arg) => withMoved(arg, moved));
}

/** Text in which each mount path, as a whole directory, is the one that plays it. */
export function withMoved(text: string, moved: ReadonlyMap<string, string>): string {
  const longestFirst = [...moved].sort(([a], [b]) => b.length - a.length);
  for (const [mountPath, directory] of longestFirst) {
    const escaped = mountPath.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    text = text.replaceAll(new RegExp(`(^|[=,:\\s])${escaped}(?=$|[/,:\\s])`, "g"), `$1${directory}`);
  }
  return text;
}

/** Reads the data of a ConfigMap or a Secret of the pod's namespace; undefined where there is none. */
export type ReadData = (
  kind: "configmaps" | "secrets",
  name: string,
) => Promise<Readonly<Record<string, string>> | undefined>;

/** The container's environment. @throws {Error} where a kubelet would not start it: what it names is not there */
export async function environmentOf(
  container: Container,
  facts: PodFacts,
  read: ReadData,
): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const reference = configMapRef ?? secretRef;
    if (reference === undefined) continue;
    const data = await read(configMapRef === undefined ? "secrets" : "configmaps", reference.name);
    if (data === undefined && reference.optional !== true) throw missing("envFrom", reference.name);
    for (const [key, value] of Object.entries(data ?? {})) env[`${prefix}${key}`] = value;
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const reference = valueFrom?.configMapKeyRef ?? valueFrom?.secretKeyRef;
    if (reference !== undefined) {
      const data = await read(
        valueFrom?.secretKeyRef === undefined ? "configmaps" : "secrets",
        reference.name,
      );
      const found = data?.[reference.key];
      if (found !== undefined) env[name] = found;
      else if (reference.optional !== true) throw missing(name, `${reference.name}, key ${reference.key}`);
    } else if (valueFrom?.fieldRef !== undefined) {
      env[name] = fieldOf(valueFrom.fieldRef.fieldPath, facts);
    } else if (valueFrom !== undefined) {
      throw new Error(`the variable ${name}: such a source is not played: ${JSON.stringify(valueFrom)}`);
    } else env[name] = value ?? "";
  }
  return env;
}

function fieldOf(path: string, { name, namespace, serviceAccount, node }: PodFacts): string {
  const fields: Readonly<Record<string, string>> = {
    "metadata.name": name,
    "metadata.namespace": namespace,
    "metadata.uid": name,
    "spec.serviceAccountName": serviceAccount,
    "spec.nodeName": node,
    "status.podIP": "127.0.0.1",
    "status.hostIP": "127.0.0.1",
  };
  const value = fields[path];
  if (value === undefined) throw new Error(`the field ${path} is not played`);
  return value;
}

function missing(where: string, what: string): Error {
  return new Error(`${where} names ${what}, which is not there`);
}

/** Which of the process' servers a Service's port leads to; undefined where it leads to none. */
export function serverBehind(
  targetPort: number | string | undefined,
  port: number,
  container: Container,
): ServerName | undefined {
  const target = targetPort ?? port;
  const number = typeof target === "number"
    ? target
    : container.ports?.find(({ name }) => name === target)?.containerPort;
  return (Object.keys(SERVERS) as ServerName[]).find((server) => SERVERS[server].port === number);
}

/** Whether a selector, which is not empty, selects pods with these labels. */
export function selects(
  selector: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => labels?.[key] === value);
}
