/** The options of `coder-k8s worker`. */
import { bindAddress, boolean, duration, text, textOrEmpty } from "../values.ts";
import {
  EGRESS,
  GENERAL,
  LIMITS,
  LOGGING,
  processOptions,
  SANDBOX,
  sandboxOptions,
} from "./common_options.ts";
import { optional, optionSet, withDefault } from "./option.ts";
import { WORKSPACE, workspaceOptions } from "./workspace_options.ts";
import { coordinatorUrls, labels, workerId } from "./values.ts";

const COORDINATOR = "Coordinator";
const PORTS = "Ports";

/** Headings of the help, in order. */
export const WORKER_GROUPS = [
  GENERAL,
  COORDINATOR,
  WORKSPACE,
  SANDBOX,
  LIMITS,
  EGRESS,
  PORTS,
  LOGGING,
] as const;

const pem = (help: string) =>
  optional(text("the path of a PEM file"), {
    group: COORDINATOR,
    value: "file",
    isPath: true,
    file: "worker",
    help,
  });

export const workerTable = {
  config: processOptions.config,
  shutdownTimeout: processOptions.shutdownTimeout,

  coordinator: optional(coordinatorUrls(), {
    group: COORDINATOR,
    value: "url",
    variables: ["COORDINATOR_URL"],
    file: "worker",
    help:
      "The coordinator's port for workers: https://coordinator.example.com:50050. Without a port, 50050. Several with " +
      "commas between; each address of a name is dialled, too, so that one name can be many coordinators.",
  }),
  workerId: optional(workerId(), {
    group: COORDINATOR,
    flag: "id",
    otherFlag: "worker-id",
    value: "name",
    variables: ["WORKER_ID"],
    defaultText: "the host's name",
    file: "worker",
    help: "Who this worker is; its token must be made out to it.",
  }),
  token: optional(text("a worker's token"), {
    group: COORDINATOR,
    value: "token",
    isSecret: true,
    variables: ["WORKER_TOKEN"],
    file: "worker",
    help:
      "What coder-k8s worker-token has made. As a flag it can be read in the process list (and warns): prefer --token-file.",
  }),
  tokenFile: optional(text("the path of a file with a token"), {
    group: COORDINATOR,
    value: "file",
    isPath: true,
    variables: ["WORKER_TOKEN_FILE"],
    file: "worker",
    help: "A file with that token; read again for each connection.",
  }),
  caFile: pem("Certificates to verify the coordinator's with, instead of the system's."),
  certFile: pem("This worker's certificate, where the coordinator asks for one."),
  keyFile: pem("The private key of --cert-file."),
  insecure: withDefault(boolean(), {
    group: COORDINATOR,
    flag: "grpc-insecure",
    otherFlag: "insecure",
    fallback: "false",
    file: "worker",
    help: "Call the coordinator without TLS wherever it is, where a mesh or a private network protects it.",
  }),
  labels: withDefault(labels(), {
    group: COORDINATOR,
    value: "key=value,...",
    repeat: true,
    fallback: "",
    defaultText: "none",
    file: "worker",
    help: "What sessions may ask for in a worker.",
  }),
  sharedWorkspaces: withDefault(textOrEmpty(), {
    group: COORDINATOR,
    value: "name",
    fallback: "",
    defaultText: "none: files are this worker's alone",
    file: "worker",
    help:
      "Name of the storage of --workspaces-dir, where other workers have the same: sessions of a worker that is lost move to them.",
  }),
  heartbeatInterval: withDefault(duration({ min: 100, max: 600_000 }), {
    group: COORDINATOR,
    value: "duration",
    fallback: "30s",
    file: "worker",
    help: "How often this worker says that it is there.",
  }),

  ...workspaceOptions,
  ...sandboxOptions,

  healthBindAddress: withDefault(bindAddress(), {
    group: PORTS,
    value: "address",
    fallback: ":8081",
    defaultText: ":8081; off in a Coder workspace",
    file: "server",
    help: "Where /health, /healthz, /ready and /readyz are; 0 turns them off.",
  }),
  metricsBindAddress: withDefault(bindAddress(), {
    group: PORTS,
    value: "address",
    fallback: "0",
    defaultText: "off",
    file: "server",
    help: "Prometheus /metrics.",
  }),

  logLevel: processOptions.logLevel,
  logFormat: processOptions.logFormat,
  debug: processOptions.debug,
} as const;

export const WORKER = optionSet("worker", "CODER_K8S_WORKER_", workerTable);
