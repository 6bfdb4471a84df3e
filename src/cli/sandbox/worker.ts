/** `coder-k8s worker`: options → its configuration, with the rules that concern more than one of them. */
import type { WorkerConfig } from "../../app/sandbox/config.ts";
import { boundWorkerId } from "../../app/sandbox/rules.ts";
import { isLoopback } from "../../telemetry/loopback.ts";
import type { Mistake } from "../mistake.ts";
import { certificatePair } from "../certificate_pair.ts";
import { loadOptions } from "./load.ts";
import type { Values } from "./option.ts";
import type { ReadConfig, ReadSources } from "./read.ts";
import { sandboxConfig } from "./sandbox_config.ts";
import { workerId } from "./values.ts";
import { workspaceOf } from "./workspace_options.ts";
import { WORKER, type workerTable } from "./worker_options.ts";

type WorkerValues = Values<typeof workerTable>;

/** Where documents of others have the coordinator; it is the port of its clients. */
const CLIENTS_PORT = "8080";

/** Reads it. */
export async function readWorker(sources: ReadSources): Promise<ReadConfig<WorkerConfig>> {
  const { values, where, isGiven, ...found } = await loadOptions(WORKER, sources);
  const { workspace, mistakes: misplaced } = workspaceOf({ values, where, isGiven });
  const isInWorkspace = workspace !== undefined || misplaced.length > 0;
  // What a workspace's worker writes is in the home directory, also as root.
  const machine = isInWorkspace ? { ...sources.machine, isRoot: false } : sources.machine;
  const sandbox = sandboxConfig(values, machine, sources.environment);
  const id = isInWorkspace ? workspaceWorkerId(workspace) : idOf(values.workerId ?? sources.machine.hostname);
  const mistakes: Mistake[] = [
    ...found.mistakes,
    ...misplaced,
    ...connectionChecks(values, where, isGiven("coordinator"), isInWorkspace),
    ...sandbox.mistakes,
  ];
  if (id === undefined && !isGiven("workerId")) {
    mistakes.push({
      where: "--id",
      what: `is needed: the host's name ${JSON.stringify(sources.machine.hostname)} cannot be a worker's`,
    });
  }
  const notes = {
    warnings: [...found.warnings, ...dialWarnings(values.coordinator, where("coordinator"))],
    unknownVariables: found.unknownVariables,
  };
  const { coordinator, heartbeatInterval, labels, sharedWorkspaces, token, tokenFile, ...rest } = values as
    & Omit<WorkerValues, "coordinator">
    & { readonly coordinator: string };
  if (mistakes.length > 0 || id === undefined) return { mistakes, notes };
  const config: WorkerConfig = {
    ...sandbox.config,
    ...(workspace === undefined ? {} : { workspace }),
    logLevel: rest.logLevel,
    logFormat: rest.logFormat,
    debug: rest.debug,
    shutdownTimeout: rest.shutdownTimeout,
    coordinator,
    workerId: id,
    labels,
    sharedWorkspaces: isInWorkspace ? "" : sharedWorkspaces,
    token,
    tokenFile,
    caFile: rest.caFile,
    certFile: rest.certFile,
    keyFile: rest.keyFile,
    insecure: rest.insecure,
    heartbeatInterval,
    // Ports of a workspace are its people's.
    healthBindAddress: isInWorkspace && !isGiven("healthBindAddress") ? null : rest.healthBindAddress,
    metricsBindAddress: rest.metricsBindAddress,
  };
  return { config, mistakes, notes };
}

/** As its token says where it has one already. */
function workspaceWorkerId(workspace: WorkerConfig["workspace"]): string {
  return workspace?.exchange === undefined ? "" : boundWorkerId(workspace.exchange);
}

function idOf(given: string): string | undefined {
  return workerId().safeParse(given).data;
}

function* connectionChecks(
  values: Partial<WorkerValues>,
  where: (key: keyof WorkerValues & string) => string,
  isCoordinatorGiven: boolean,
  isInWorkspace: boolean,
): Iterable<Mistake> {
  yield* certificatePair(values, where, "certFile", "keyFile");
  const { coordinator, token, tokenFile } = values;
  if (!isCoordinatorGiven) {
    yield {
      where: "--coordinator",
      what:
        "is needed: where the coordinator waits for workers, such as https://coordinator.example.com:50050 " +
        "(or COORDINATOR_URL)",
    };
  }
  if (token !== undefined && tokenFile !== undefined) {
    yield { where: where("tokenFile"), what: `cannot be given together with ${where("token")}; choose one` };
  }
  if (token === undefined && tokenFile === undefined && !isInWorkspace) {
    yield {
      where: "--token-file",
      what:
        "is needed (or WORKER_TOKEN): the token that says who this worker is. Whoever has the coordinator's key makes " +
        "it: coder-k8s worker-token --worker-key-file=worker.key --worker-id=ID",
    };
  }
  const plain = urlsOf(coordinator).filter((url) => !url.startsWith("https:"));
  for (const url of plain) {
    if (values.insecure === false && !isLoopback(new URL(url).hostname)) {
      yield {
        where: where("coordinator"),
        what:
          `${url} would get this worker's token in plain text: write https://, or give --grpc-insecure where a ` +
          "mesh or a private network protects it",
      };
    }
  }
  if (plain.length > 0 && plain.length === urlsOf(coordinator).length) {
    for (const key of ["caFile", "certFile"] as const) {
      if (values[key] === undefined) continue;
      yield { where: where(key), what: `does nothing with http; write https in ${where("coordinator")}` };
    }
  }
}

function* dialWarnings(coordinator: string | undefined, where: string): Iterable<string> {
  for (const url of urlsOf(coordinator)) {
    const { protocol, hostname } = new URL(url);
    if (/:(\d+)$/.exec(url)?.[1] !== CLIENTS_PORT) continue;
    yield `${where}: port ${CLIENTS_PORT} is where clients call the coordinator; workers dial its port for workers: if this ` +
      `worker does not connect, write ${protocol}//${hostname}:50050 (GRPC_PORT, --grpc-bind-address)`;
  }
}

function urlsOf(coordinator: string | undefined): readonly string[] {
  return coordinator?.split(",") ?? [];
}
