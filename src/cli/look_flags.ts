/** Flags of commands that look once and end: where the cluster is, and who asks Coder. */
import type { SubjectKind } from "../app/diagnose.ts";
import { SECTIONS } from "../ui/types.ts";
import type { CommandFlag } from "./command_flag.ts";
import { optionOf } from "./options.ts";
import type { SettingKey } from "./schema.ts";

/** Options of modes that mean the same here. */
const SAME: readonly SettingKey[] = [
  "kubeconfig",
  "context",
  "config",
  "coderUrl",
  "coderSessionToken",
  "coderSessionTokenFile",
  "coderAccess",
  "controlPlaneEndpoint",
  "coderCaFile",
];

function asFlag(key: SettingKey): CommandFlag {
  const { flag, isSwitch, value = "", help, choices, file } = optionOf(key);
  return {
    flag,
    isSwitch,
    value,
    help: HELP[key] ?? help,
    ...(choices === undefined ? {} : { choices }),
    ...(file === undefined ? {} : { file }),
  };
}

const HELP: Readonly<Partial<Record<SettingKey, string>>> = {
  kubeconfig: "How to reach the API server. Default: $KUBECONFIG, then ~/.kube/config.",
  context: "Which context of the kubeconfig to use. Default: the current one.",
  coderUrl: "Where Coder is, to ask it as yourself: needs CODER_SESSION_TOKEN. Default: $CODER_URL.",
  coderSessionToken: "A session token of yours; better in CODER_SESSION_TOKEN, or in a file.",
  coderSessionTokenFile: "A file with a session token of yours.",
};

/** Of all these commands. */
export const LOOK_FLAGS: readonly CommandFlag[] = SAME.map(asFlag);

/** What `diagnose` looks at, in the words of the help; `subject.ts` knows more. */
export const SUBJECT_WORDS: readonly SubjectKind[] = ["workspace", "controlplane", "provisioner", "proxy"];

export const DIAGNOSIS_FORMATS = ["text", "json", "yaml"] as const;

/** Of `diagnose`. */
export const DIAGNOSE_FLAGS: readonly CommandFlag[] = [
  {
    flag: "namespace",
    letter: "n",
    isSwitch: false,
    value: "name",
    help: "Namespace of the object. Default: that of the kubeconfig's context.",
  },
  {
    flag: "output",
    letter: "o",
    isSwitch: false,
    value: "format",
    choices: DIAGNOSIS_FORMATS,
    help: "How it is told: text (default), json or yaml.",
  },
  ...LOOK_FLAGS,
];

/** Of `top`. */
export const TOP_FLAGS: readonly CommandFlag[] = [
  {
    flag: "namespace",
    letter: "n",
    isSwitch: false,
    value: "name",
    help: "This namespace alone. Default: all that you may see.",
  },
  {
    flag: "server",
    isSwitch: false,
    value: "url",
    help: "Ask a server of ours, such as a coordinator, instead of Kubernetes: https://mcp.example.com.",
  },
  {
    flag: "token-file",
    isSwitch: false,
    value: "path",
    file: true,
    help: "A file with a token that --server takes; read anew for each connection.",
  },
  {
    flag: "ca-file",
    isSwitch: false,
    value: "path",
    file: true,
    help: "Certificates to verify that of --server with.",
  },
  {
    flag: "section",
    isSwitch: false,
    value: "name",
    choices: SECTIONS,
    help: `What is shown first, and with --once alone: ${SECTIONS.join(", ")}.`,
  },
  {
    flag: "filter",
    isSwitch: false,
    value: "text",
    help: "Rows that have these words, as with /.",
  },
  {
    flag: "once",
    isSwitch: true,
    value: "",
    help: "Print all of it once and end; so it is where standard output is no terminal.",
  },
  {
    flag: "timeout",
    isSwitch: false,
    value: "duration",
    help: "How long --once may take. Default: 20s.",
  },
  ...LOOK_FLAGS,
];

/** Of `support-bundle`. */
export const BUNDLE_FLAGS: readonly CommandFlag[] = [
  {
    flag: "namespace",
    letter: "n",
    isSwitch: false,
    value: "name",
    help: "This namespace alone. Default: all that you may read.",
  },
  {
    flag: "operator-namespace",
    isSwitch: false,
    value: "name",
    help: "Where the operator runs. Default: coder-system.",
  },
  {
    flag: "file",
    isSwitch: false,
    value: "path",
    file: true,
    help: "Where it is written to; - is standard output. Default: coder-k8s-support-<time>.tar.gz here.",
  },
  {
    flag: "since",
    isSwitch: false,
    value: "duration",
    help: "How far back logs and events go. Default: 24h.",
  },
  {
    flag: "max-size",
    isSwitch: false,
    value: "MiB",
    help: "All files together, before compression. Default: 50.",
  },
  {
    flag: "workspace",
    isSwitch: false,
    value: "name",
    help: "Diagnose this workspace, too: <name> or <namespace>/<name>. May be repeated.",
  },
  ...LOOK_FLAGS,
];
