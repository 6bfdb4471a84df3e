/** One pod as a process of this machine, with its readiness probe. */
import { join } from "node:path";
import type { Cluster } from "../../cluster/mod.ts";
import { freePorts } from "../../cluster/ports.ts";
import { sleep } from "../../cluster/wait.ts";
import { type OperatorProcess, startOperator } from "../../operator/process.ts";
import { writeVolumes } from "./files.ts";
import {
  argumentsOf,
  environmentOf,
  modeOf,
  type PodTemplate,
  type ReadData,
  type ServerName,
  SERVERS,
  serves,
  withMoved,
} from "./template.ts";

/** Between two probes of a pod that is not ready, and of one that is, in milliseconds. */
const PROBE_MS = 100;
const PROBE_READY_MS = 250;
/** A probe without an answer; so many of them in a row make a pod unready, as a busy machine is no broken one. */
const PROBE_TIMEOUT_MS = 5_000;
const PROBE_FAILURES = 3;

export interface PodOptions {
  readonly name: string;
  readonly namespace: string;
  readonly deployment: string;
  readonly template: PodTemplate;
  /** A compiled binary; absent means from source. */
  readonly binary?: string | undefined;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: ((line: string) => void) | undefined;
}

export interface PlayedPod {
  readonly name: string;
  readonly namespace: string;
  readonly deployment: string;
  readonly template: PodTemplate;
  readonly process: OperatorProcess;
  /** What its readiness probe says. */
  readonly isReady: boolean;
  /** It was told to end. */
  readonly isTerminating: boolean;
  /** It has ended. */
  readonly isOver: boolean;
  /** Where a server of it listens on 127.0.0.1; undefined for one that it does not have. */
  port(server: ServerName): number | undefined;
  /** Sends a signal and waits for the end; the exit code. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number>;
}

/** Starts it. @throws {Error} where a kubelet would not: something that it names is not there */
export async function startPod(cluster: Cluster, directory: string, options: PodOptions): Promise<PlayedPod> {
  const { name, namespace, template } = options;
  const [container] = template.spec.containers as [PodTemplate["spec"]["containers"][number]];
  const serviceAccount = template.spec.serviceAccountName ?? "default";
  const read = readerOf(cluster, namespace);
  const facts = { name, namespace, serviceAccount, node: "node-0" };
  const given = await environmentOf(container, facts, read);
  const moved = await writeVolumes(template, join(directory, name), read);
  const [aggregated = 0, mcp = 0] = freePorts(2);
  const ports: Partial<Record<ServerName, number>> = {
    ...(serves(container, "aggregated") ? { aggregated } : {}),
    ...(serves(container, "mcp") ? { mcp } : {}),
  };
  const addresses = Object.entries(ports).map(([server, port]) =>
    `--${SERVERS[server as ServerName].setting}=127.0.0.1:${port}`
  );
  const process = await startOperator({
    kubeconfig: await cluster.serviceAccountKubeconfig({ namespace, name: serviceAccount }),
    mode: modeOf(container),
    ...(options.binary === undefined ? {} : { binary: options.binary }),
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
    env: {
      ...Object.fromEntries(Object.entries(given).map(([key, value]) => [key, withMoved(value, moved)])),
      ...options.env,
    },
    // What a pod's surroundings say: it is inside of the cluster, and others hear of its end a moment later.
    args: [
      "--coder-access=direct",
      "--shutdown-delay=1s",
      ...withoutAddresses(argumentsOf(container, moved)),
      ...addresses,
      ...options.args,
    ],
  });
  let isReady = false;
  let isOver = false;
  let isTerminating = false;
  const over = new AbortController();
  const ended = process.ended.then(() => {
    isOver = true;
    isReady = false;
    over.abort(new Error("the pod has ended"));
  });
  const probing = probe(process.healthUrl, over.signal, (ready) => isReady = ready && !isOver);
  return {
    name,
    namespace,
    deployment: options.deployment,
    template,
    process,
    get isReady() {
      return isReady;
    },
    get isTerminating() {
      return isTerminating;
    },
    get isOver() {
      return isOver;
    },
    port: (server) => ports[server],
    async end(signal) {
      isTerminating = true;
      const code = await process.stop(signal);
      await Promise.all([ended, probing]);
      return code;
    },
  };
}

/** The addresses of health and metrics are the player's: they stand first and would be overruled. */
export function withoutAddresses(args: readonly string[]): string[] {
  const settings = Object.values(SERVERS).map(({ setting }) => setting as string);
  return args.filter((arg, index) => {
    const before = args[index - 1];
    return !settings.some((setting) =>
      arg === `--${setting}` || arg.startsWith(`--${setting}=`) || before === `--${setting}`
    );
  });
}

async function probe(url: string, signal: AbortSignal, told: (ready: boolean) => void): Promise<void> {
  let failures = 0;
  let ready = false;
  while (!signal.aborted) {
    const answer = await ask(url, signal);
    failures = answer === "late" ? failures + 1 : 0;
    if (answer !== "late" || failures >= PROBE_FAILURES) ready = answer === "ready";
    told(ready);
    await sleep(ready ? PROBE_READY_MS : PROBE_MS, signal).catch(() => {});
  }
}

async function ask(url: string, signal: AbortSignal): Promise<"ready" | "unready" | "late"> {
  const timeout = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.any([signal, timeout]) });
    await response.body?.cancel();
    return response.ok ? "ready" : "unready";
  } catch {
    return timeout.aborted ? "late" : "unready";
  }
}

function readerOf(cluster: Cluster, namespace: string): ReadData {
  return async (kind, name) => {
    const found = await cluster.find(`/api/v1/namespaces/${namespace}/${kind}/${name}`);
    if (found === undefined) return undefined;
    if (kind === "configmaps") return found.data ?? {};
    const data: Record<string, string> = {};
    for (const [key, value] of Object.entries(found.data ?? {})) data[key] = textOf(value as string);
    return data;
  };
}

function textOf(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
}
