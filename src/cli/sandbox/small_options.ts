/** The options of `coder-k8s worker-token` and `coder-k8s sessions`. */
import { boolean, choice, duration, httpUrl, text } from "../values.ts";
import { optional, optionSet, withDefault } from "./option.ts";
import { coderId, workerId } from "./values.ts";

const GROUP = "Flags";
/** Headings of their help. */
export const SMALL_GROUPS = [GROUP] as const;

const debug = withDefault(boolean(), {
  group: GROUP,
  fallback: "false",
  file: "server",
  help: "Say on standard error what is done.",
});

export const WORKER_TOKEN = optionSet(
  "worker-token",
  "CODER_K8S_WORKER_TOKEN_",
  {
    workerKeyFile: optional(text("the path of a file with keys"), {
      group: GROUP,
      flag: "worker-key-file",
      value: "file",
      isPath: true,
      variables: ["CODER_K8S_COORDINATOR_WORKER_KEY_FILE"],
      file: "worker",
      help: "The coordinator's --worker-key-file; its first key signs. - is standard input.",
    }),
    workerId: optional(workerId(), {
      group: GROUP,
      flag: "worker-id",
      value: "name",
      file: "worker",
      help: "Who the token is for.",
    }),
    workspace: optional(coderId(), {
      group: GROUP,
      value: "id",
      file: "worker",
      help:
        "In place of --worker-id: the Coder workspace whose worker the token is for; it gets sessions there alone.",
    }),
    workspaceOwner: optional(coderId(), {
      group: GROUP,
      value: "id",
      file: "worker",
      help: "The id of that workspace's owner.",
    }),
    ttl: withDefault(duration({ min: 60_000, max: 10 * 365 * 24 * 3_600_000 }), {
      group: GROUP,
      value: "duration",
      fallback: "8760h",
      file: "worker",
      help: "How long it counts.",
    }),
    debug,
  } as const,
);

/** How sessions are shown. */
export const SESSIONS_FORMATS = ["table", "json", "yaml"] as const;

export const SESSIONS = optionSet(
  "sessions",
  "CODER_K8S_SESSIONS_",
  {
    url: withDefault(httpUrl(), {
      group: GROUP,
      value: "url",
      fallback: "http://127.0.0.1:8080",
      file: "server",
      help: "The coordinator, as clients reach it, with or without /mcp.",
    }),
    tokenFile: optional(text("the path of a file with a token"), {
      group: GROUP,
      value: "file",
      isPath: true,
      file: "server",
      help: "A file with a token that the coordinator takes.",
    }),
    caFile: optional(text("the path of a PEM file"), {
      group: GROUP,
      value: "file",
      isPath: true,
      file: "server",
      help: "Certificates to verify the coordinator's with, instead of the system's.",
    }),
    output: withDefault(choice(SESSIONS_FORMATS), {
      group: GROUP,
      letter: "o",
      value: "format",
      choices: SESSIONS_FORMATS,
      fallback: "table",
      file: "server",
      help: "How it is shown.",
    }),
    timeout: withDefault(duration({ min: 100, max: 600_000 }), {
      group: GROUP,
      value: "duration",
      fallback: "10s",
      file: "server",
      help: "How long the coordinator may take to answer.",
    }),
    debug,
  } as const,
);
