/** Flags of `install`, `uninstall` and `manifests`. */
import type { CommandFlag } from "./command_flag.ts";
import { LOOK_FLAGS } from "./look_flags.ts";

export const MANIFEST_FORMATS = ["yaml", "json"] as const;
export const DRY_RUNS = ["none", "client", "server"] as const;

const NAMESPACE: CommandFlag = {
  flag: "namespace",
  letter: "n",
  isSwitch: false,
  value: "name",
  help:
    "Where it runs. Default: coder-system; coder-sessions for the coordinator, coder-sandboxes for workers.",
};

const OVERLAY: CommandFlag = {
  flag: "overlay",
  isSwitch: false,
  value: "name,...",
  help:
    "What is installed: one shape (all, split, coordinator, coordinator/replicas, workers; default all), and " +
    "components such as network-policy, monitoring or size-medium. May be repeated.",
};

/** What the objects are made from. */
const VARIANT: readonly CommandFlag[] = [
  OVERLAY,
  NAMESPACE,
  {
    flag: "image",
    isSwitch: false,
    value: "[name=]image",
    help:
      "Another image of the program, such as registry.example.com/coder-k8s:1.2.3; with a name and = in front, " +
      "one for an image of that name. May be repeated.",
  },
  {
    flag: "coordinator-namespace",
    isSwitch: false,
    value: "name",
    help: "For workers: where their coordinator is. Default: coder-sessions.",
  },
  {
    flag: "workers-namespace",
    isSwitch: false,
    value: "name",
    help: "For the coordinator: where its workers are. Default: coder-sandboxes.",
  },
  { flag: "replicas", isSwitch: false, value: "number", help: "Pods of each Deployment of the program." },
  {
    flag: "api-server-cidr",
    isSwitch: false,
    value: "range",
    help:
      "Where the API server calls from, for the component network-policy. May be repeated. Default: its endpoints.",
  },
];

const KUBE_FLAGS: readonly CommandFlag[] = LOOK_FLAGS.filter(({ flag }) =>
  ["kubeconfig", "context"].includes(flag)
);

const YES: CommandFlag = { flag: "yes", letter: "y", isSwitch: true, value: "", help: "Do not ask." };

const TIMEOUT: CommandFlag = {
  flag: "timeout",
  isSwitch: false,
  value: "duration",
  help: "How long all of it may take. Default: 5m.",
};

/** Of `manifests`. */
export const MANIFESTS_FLAGS: readonly CommandFlag[] = [
  ...VARIANT,
  {
    flag: "output",
    letter: "o",
    isSwitch: false,
    value: "format",
    choices: MANIFEST_FORMATS,
    help: "yaml (default), or json: one List.",
  },
  { flag: "crds-only", isSwitch: true, value: "", help: "The CustomResourceDefinitions alone." },
  { flag: "without-crds", isSwitch: true, value: "", help: "All but the CustomResourceDefinitions." },
];

/** Of `install`. */
export const INSTALL_FLAGS: readonly CommandFlag[] = [
  ...VARIANT,
  {
    flag: "dry-run",
    isSwitch: true,
    value: "",
    help:
      "Change nothing: --dry-run=client lists what would be applied, --dry-run=server (or --dry-run alone) has the " +
      "cluster say what would come of it.",
  },
  {
    flag: "wait",
    isSwitch: true,
    value: "",
    help: "Until all of it works (default). --wait=false does not.",
  },
  TIMEOUT,
  {
    flag: "prune",
    isSwitch: true,
    value: "",
    help: "Remove what an earlier install has made and this one has no more. Without it you are asked.",
  },
  {
    flag: "take-ownership",
    isSwitch: true,
    value: "",
    help: "Take over what Helm or a GitOps tool has applied, when that one has let go of it.",
  },
  ...KUBE_FLAGS,
];

/** Of `uninstall`. */
export const UNINSTALL_FLAGS: readonly CommandFlag[] = [
  {
    ...OVERLAY,
    help: "What is removed: all (default, with all components), coordinator or workers.",
  },
  NAMESPACE,
  {
    flag: "delete-crds",
    isSwitch: true,
    value: "",
    help: "Every control plane, provisioner and workspace proxy of the cluster, too, and their kinds.",
  },
  { flag: "delete-data", isSwitch: true, value: "", help: "Volumes, too: records of calls." },
  { flag: "delete-namespace", isSwitch: true, value: "", help: "The namespace, too, with everything in it." },
  {
    flag: "abandon",
    isSwitch: true,
    value: "",
    help: "With --delete-crds: do not wait for what is cleaned up in Coder; it stays there.",
  },
  YES,
  TIMEOUT,
  ...KUBE_FLAGS,
];
