/**
 * The one schema of the configuration. A key `logLevel` is the flag `--log-level`, the environment variable
 * `CODER_K8S_LOG_LEVEL` and the key `logLevel` of the config file; help and shell completion are made from it too.
 */
import { z } from "zod";
import {
  CODER_ACCESS,
  CODER_USER_MAPPINGS,
  LOG_FORMATS,
  LOG_LEVELS,
  METRICS_ACCESS,
  MODES,
} from "../app/config.ts";
import { mcpOptions } from "./mcp_schema.ts";
import { sessionOptions } from "./sessions_schema.ts";
import { optionMeta } from "./option_meta.ts";
import {
  bindAddress,
  boolean,
  choice,
  domain,
  duration,
  endpoints,
  httpUrl,
  namespace,
  namespaceList,
  namespacePatterns,
  number,
  text,
  textOrEmpty,
} from "./values.ts";

const build = { group: "Aggregated API server", value: "duration" } as const;

/** Everything that can be set. Defaults are written as a user would write them (`prefault`). */
export const settingsSchema = z.strictObject({
  app: choice(MODES).prefault("all").register(optionMeta, {
    group: "General",
    value: "mode",
    choices: MODES,
    help: "What this process runs; the same as giving the mode as a command.",
  }),
  config: text("the path of a YAML file").optional().register(optionMeta, {
    group: "General",
    value: "file",
    file: true,
    help:
      "A YAML file with the same options in camelCase (logLevel: debug). Environment and flags come first.",
  }),
  shutdownTimeout: duration({ max: 600_000 }).prefault("30s").register(optionMeta, {
    group: "General",
    value: "duration",
    help: "After SIGTERM: how long work in hand may take to finish.",
  }),
  shutdownDelay: duration({ max: 300_000 }).optional().register(optionMeta, {
    group: "General",
    value: "duration",
    defaultText: "5s in a cluster, 0s outside of one",
    help: "After SIGTERM: how long servers still answer, unready, so that callers find another replica.",
  }),

  kubeconfig: text("the path of a kubeconfig file").optional().register(optionMeta, {
    group: "Kubernetes",
    value: "file",
    file: true,
    defaultText: "$KUBECONFIG, then in-cluster, then ~/.kube/config",
    help: "How to reach the API server.",
  }),
  context: text("the name of a kubeconfig context").optional().register(optionMeta, {
    group: "Kubernetes",
    value: "name",
    defaultText: "the kubeconfig's current context",
    help: "Which context of the kubeconfig to use.",
  }),
  namespace: namespaceList().prefault([]).register(optionMeta, {
    group: "Kubernetes",
    value: "name,...",
    repeat: true,
    defaultText: "all namespaces",
    help: "Namespaces to watch; several with commas or by repeating the flag.",
  }),
  kubeApiQps: number({ min: -1, max: 100_000, fraction: true }).prefault("300").register(optionMeta, {
    group: "Kubernetes",
    value: "number",
    help: "Requests a second to the API server; 0 or less means no limit.",
  }),
  kubeApiBurst: number({ min: -1, max: 100_000 }).prefault("600").register(optionMeta, {
    group: "Kubernetes",
    value: "number",
    help: "Requests that may go out at once before --kube-api-qps counts.",
  }),

  coderAccess: choice(CODER_ACCESS).prefault("auto").register(optionMeta, {
    group: "Controllers",
    value: "way",
    choices: CODER_ACCESS,
    help:
      "How Coder is reached: its Service directly, or through the API server's service proxy (needs rights on " +
      "services/proxy). auto: directly inside the cluster, through the API server outside of it.",
  }),
  controlPlaneEndpoint: endpoints().prefault([]).register(optionMeta, {
    group: "Controllers",
    value: "namespace/name=URL",
    repeat: true,
    defaultText: "the address of the Service",
    help: "Where the Coder of one control plane is reached; may be repeated.",
  }),
  coderCaFile: text("the path of a file with PEM certificates").optional().register(optionMeta, {
    group: "Controllers",
    value: "file",
    file: true,
    defaultText: "the system's authorities",
    help: "Certificates to verify Coder's with, where it is reached by https (--control-plane-endpoint).",
  }),
  clusterDomain: domain().prefault("cluster.local").register(optionMeta, {
    group: "Controllers",
    value: "domain",
    help: "DNS domain of the cluster.",
  }),
  workspaceNamespaces: namespacePatterns().prefault([]).register(optionMeta, {
    group: "Controllers",
    value: "name,...",
    repeat: true,
    defaultText: "none: a namespace must opt in itself",
    help:
      "Where any control plane and provisioner may be granted the rights to run workspaces; * is a wildcard. Others " +
      "opt in by the label coder.com/workspaces-from=<namespace of the control plane>.",
  }),
  concurrency: number({ min: 1, max: 256 }).prefault("24").register(optionMeta, {
    group: "Controllers",
    value: "number",
    help: "Objects of one kind reconciled at the same time.",
  }),
  reconcileTimeout: duration({ min: 1_000, max: 3_600_000 }).prefault("2m").register(optionMeta, {
    group: "Controllers",
    value: "duration",
    help: "Deadline of one reconcile.",
  }),
  leaderElect: boolean().prefault("true").register(optionMeta, {
    group: "Controllers",
    help: "Of several replicas only the holder of a Lease reconciles.",
  }),
  leaderElectionNamespace: namespace().optional().register(optionMeta, {
    group: "Controllers",
    value: "name",
    defaultText: "$POD_NAMESPACE, then the service account's namespace, then kube-system",
    help: "Where that Lease lives.",
  }),

  healthBindAddress: bindAddress().prefault(":8081").register(optionMeta, {
    group: "Ports",
    value: "address",
    help: "/healthz and /readyz; 0 turns them off.",
  }),
  metricsBindAddress: bindAddress().prefault(":8080").register(optionMeta, {
    group: "Ports",
    value: "address",
    help: "Prometheus /metrics; 0 turns it off.",
  }),
  metricsAccess: choice(METRICS_ACCESS).prefault("open").register(optionMeta, {
    group: "Ports",
    value: "access",
    choices: METRICS_ACCESS,
    help:
      "Who may read /metrics: anybody, or (protected) bearers of a token that RBAC allows to get /metrics.",
  }),
  aggregatedBindAddress: bindAddress().prefault(":6443").register(optionMeta, {
    group: "Ports",
    value: "address",
    help: "The aggregated API server; 0 turns it off in mode all.",
  }),
  mcpBindAddress: bindAddress().prefault(":8090").register(optionMeta, {
    group: "Ports",
    value: "address",
    help: "The MCP server; 0 turns it off in mode all.",
  }),

  logLevel: choice(LOG_LEVELS).prefault("info").register(optionMeta, {
    group: "Logging",
    value: "level",
    choices: LOG_LEVELS,
    help: "How much to log.",
  }),
  logFormat: choice(LOG_FORMATS).optional().register(optionMeta, {
    group: "Logging",
    value: "format",
    choices: LOG_FORMATS,
    defaultText: "text on a terminal, json otherwise",
    help: "How to log, on standard error.",
  }),
  debug: boolean().prefault("false").register(optionMeta, {
    group: "Logging",
    help: "Log everything (level debug), with stack traces.",
  }),

  coderUrl: httpUrl().optional().register(optionMeta, {
    group: "Aggregated API server",
    value: "url",
    help:
      "Serve this one Coder instead of those found in the cluster; needs a session token and --coder-namespace.",
  }),
  coderSessionToken: text("a Coder session token").optional().register(optionMeta, {
    group: "Aggregated API server",
    value: "token",
    secret: true,
    alias: "CODER_SESSION_TOKEN",
    help:
      "Its session token. As a flag it can be read in the process list (and warns): prefer the environment or " +
      "--coder-session-token-file.",
  }),
  coderSessionTokenFile: text("the path of a file that holds a session token").optional().register(
    optionMeta,
    {
      group: "Aggregated API server",
      value: "file",
      file: true,
      help: "A file that holds the session token.",
    },
  ),
  coderNamespace: namespace().optional().register(optionMeta, {
    group: "Aggregated API server",
    value: "name",
    help: "The namespace in which that Coder's workspaces and templates appear.",
  }),
  coderRequestTimeout: duration().transform((given) => given === 0 ? 30_000 : given).prefault("30s").register(
    optionMeta,
    {
      group: "Aggregated API server",
      value: "duration",
      help: "Deadline of one request to Coder; 0 means 30s.",
    },
  ),
  coderPollInterval: duration({ min: 1_000, max: 600_000 }).prefault("30s").register(optionMeta, {
    group: "Aggregated API server",
    value: "duration",
    help:
      "How often a Coder's workspaces are listed; what is building is followed at once, whatever this says. Large " +
      "Coders are asked less often: they are never busy with this for more than 5 % of the time.",
  }),
  coderPollJitter: number({ min: 0, max: 1, fraction: true }).prefault("0.1").register(optionMeta, {
    group: "Aggregated API server",
    value: "share",
    help:
      "By which share these intervals are longer at random, so that replicas do not ask at the same time.",
  }),
  coderUserMapping: choice(CODER_USER_MAPPINGS).prefault("none").register(optionMeta, {
    group: "Aggregated API server",
    value: "rule",
    choices: CODER_USER_MAPPINGS,
    help:
      "Which Coder user a Kubernetes user is: of that name, or of that e-mail address. Who may not use the verb all on " +
      "coderworkspaces/others sees the workspaces of that user alone; with none, no workspaces.",
  }),
  coderUserPrefix: textOrEmpty().prefault("").register(optionMeta, {
    group: "Aggregated API server",
    value: "text",
    defaultText: "none",
    help:
      'Comes off the front of Kubernetes user names before they are mapped, such as "oidc:"; who does not have it is ' +
      "nobody in Coder.",
  }),
  tlsCertFile: text("the path of a PEM file").optional().register(optionMeta, {
    group: "Aggregated API server",
    value: "file",
    file: true,
    defaultText: "a certificate of our own, kept in the Secret <aggregated-service>-tls",
    help:
      "Certificate chain to serve with; read again when it changes. The caBundle of the APIService is yours then.",
  }),
  tlsPrivateKeyFile: text("the path of a PEM file").optional().register(optionMeta, {
    group: "Aggregated API server",
    value: "file",
    file: true,
    help: "The private key of --tls-cert-file.",
  }),
  aggregatedService: namespace("the name of a Service").prefault("coder-k8s-apiserver").register(optionMeta, {
    group: "Aggregated API server",
    value: "name",
    help: "The Service of this process' namespace that the APIService names: what the certificate is for.",
  }),
  maxRequestsInflight: number({ min: 1, max: 100_000 }).prefault("400").register(optionMeta, {
    group: "Aggregated API server",
    value: "number",
    help: "Reading requests worked on at a time; more are answered with 429.",
  }),
  maxMutatingRequestsInflight: number({ min: 1, max: 100_000 }).prefault("200").register(optionMeta, {
    group: "Aggregated API server",
    value: "number",
    help: "The same for writing requests.",
  }),
  maxRequestBody: number({ min: 1024, max: 104_857_600 }).prefault("67108864").register(optionMeta, {
    group: "Aggregated API server",
    value: "bytes",
    help:
      "The largest body of a request; larger ones are answered with 413. All files of a template must fit in.",
  }),
  requestTimeout: duration({ min: 1_000, max: 3_600_000 }).prefault("60s").register(optionMeta, {
    group: "Aggregated API server",
    value: "duration",
    help: "Deadline of one request, watches and followed logs excepted.",
  }),
  templateBuildWaitTimeout: duration({ min: 1, max: 1_800_000 }).prefault("25m").register(optionMeta, {
    ...build,
    help: "How long to wait for a template version to be built, at most 30m.",
  }),
  templateBuildBackoffAfter: duration().prefault("2m").register(optionMeta, {
    ...build,
    help: "When waiting for a build begins to ask less often.",
  }),
  templateBuildInitialPollInterval: duration({ min: 1 }).prefault("2s").register(optionMeta, {
    ...build,
    help: "How often to ask at first.",
  }),
  templateBuildMaxPollInterval: duration({ min: 1 }).prefault("10s").register(optionMeta, {
    ...build,
    help: "How seldom to ask at last.",
  }),
  ...mcpOptions,
  ...sessionOptions,
});

/** The validated configuration, `config` (the file's own path) included. */
export type Settings = z.output<typeof settingsSchema>;
/** A key of the config file. */
export type SettingKey = keyof Settings;
