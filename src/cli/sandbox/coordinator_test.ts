import assert from "node:assert/strict";
import { STANDARD_LIMITS } from "../../app/sandbox/rules.ts";
import { parseArguments } from "../arguments.ts";
import { readCoordinator } from "./coordinator.ts";
import { COORDINATOR } from "./coordinator_options.ts";
import { flagSpecs } from "./load.ts";

/** Reads from a command line, an environment and the text of a config file that lies at `c.yaml`. */
async function read(args: readonly string[], environment: Record<string, string> = {}, file?: string) {
  const { flags, mistakes, words } = parseArguments(args, flagSpecs(COORDINATOR));
  assert.deepEqual([mistakes, words], [[], []]);
  const found = await readCoordinator({
    flags,
    environment,
    readTextFile: (path) =>
      path === "c.yaml" && file !== undefined
        ? Promise.resolve(file)
        : Promise.reject(new Error(`No such file: ${path}`)),
    machine: { hostname: "laptop", isRoot: true },
  });
  return { ...found, said: found.mistakes.map(({ where, what }) => `${where}: ${what}`) };
}

const WORKERS = ["--worker-key-file=/k", "--grpc-insecure"];
const any = (port: number) => ({ hostname: "0.0.0.0", port });
const loopback = (port: number) => ({ hostname: "127.0.0.1", port });

const DEFAULTS = {
  logLevel: "info",
  logFormat: undefined,
  debug: false,
  shutdownTimeout: 30_000,
  limits: STANDARD_LIMITS,
  stdio: false,
  dataDir: undefined,
  bindAddress: loopback(8080),
  metricsBindAddress: any(9090),
  grpcBindAddress: any(50050),
  debugBindAddress: loopback(6060),
  auth: ["off"],
  authTokenFile: undefined,
  admins: [],
  mcpUrl: undefined,
  mcpOidcIssuer: undefined,
  mcpOidcJwksUrl: undefined,
  mcpOidcCaFile: undefined,
  mcpOidcAudience: [],
  mcpOidcUsernameClaim: "sub",
  mcpOidcUsernamePrefix: "oidc:",
  mcpOidcRequiredClaims: [],
  mcpTlsCertFile: undefined,
  mcpTlsPrivateKeyFile: undefined,
  mcpProxyCaFile: undefined,
  mcpProxyAllowedNames: [],
  coderUrl: undefined,
  coderCaFile: undefined,
  coderSessionToken: undefined,
  coderSessionTokenFile: undefined,
  mcpAllowedOrigins: [],
  mcpAllowedHosts: [],
  mcpRateLimit: 200,
  mcpRateBurst: 800,
  mcpMaxBody: 16_777_216,
  mcpMaxStreams: 1_024,
  mcpLegacySse: false,
  mcpUi: true,
  mcpUiOidcClientId: undefined,
  mcpUiOidcScopes: "openid",
  mcpReadOnly: false,
  mcpAllowTools: [],
  mcpDenyTools: [],
  mcpToolNames: "dotted",
  workerKeyFile: "/k",
  grpcTlsCertFile: undefined,
  grpcTlsPrivateKeyFile: undefined,
  grpcClientCaFile: undefined,
  grpcInsecure: true,
  workerHeartbeatTimeout: 300_000,
  taskTimeout: 300_000,
  maxRetries: 3,
  sessionMaxAge: 1_800_000,
  sessionMaxTtl: 86_400_000,
  cleanupInterval: 300_000,
  maxSessionsPerOwner: 50,
  checkpointMaxAge: 86_400_000,
  checkpointBytes: 2 ** 30,
  sessionStorePasswordFile: undefined,
  sessionStoreCaFile: undefined,
  sessionStoreCertFile: undefined,
  sessionStoreKeyFile: undefined,
  sessionStorePrefix: "coder-k8s:sessions:",
  auditLog: "-",
};

const EMBEDDED = {
  workspacesDir: "/var/lib/coder-k8s/workspaces",
  allowUnisolated: false,
  allowNodeRoot: false,
  capacity: 16,
  limits: STANDARD_LIMITS,
  sessionUids: { first: 700_000, count: 65_536 },
  readOnlyPaths: [],
  egress: [],
  packageMirror: true,
  pypiUrl: undefined,
  npmUrl: undefined,
  cacheDir: "/var/cache/coder-k8s/packages",
  cacheBytes: 5 * 2 ** 30,
  python: undefined,
};

Deno.test("with the least given the documented defaults hold, and nothing else is in the configuration", async () => {
  const { config, said, notes } = await read(WORKERS);
  assert.deepEqual(said, []);
  assert.deepEqual(notes, { warnings: [], unknownVariables: [] });
  assert.deepEqual(config, DEFAULTS);
});

Deno.test("with a worker of its own no port for workers is opened, unless it is asked for", async () => {
  const alone = await read(["--embedded-worker"]);
  assert.deepEqual(alone.said, []);
  assert.deepEqual(alone.config, {
    ...DEFAULTS,
    workerKeyFile: undefined,
    grpcInsecure: false,
    grpcBindAddress: null,
    embeddedWorker: EMBEDDED,
  });
  const asked = await read(["--embedded-worker", ...WORKERS], { GRPC_PORT: "6000" });
  assert.deepEqual(asked.config?.grpcBindAddress, any(6000));
  assert.match(
    (await read(["--embedded-worker"], { GRPC_PORT: "6000" })).said.join("\n"),
    /GRPC_PORT needs it too/,
  );
});

Deno.test("over stdio nothing else is listened to, unless it is asked for", async () => {
  const { config, said } = await read(["--embedded-worker", "--stdio"], { PORT: "3000" });
  assert.deepEqual(said, []);
  assert.deepEqual(
    [config?.stdio, config?.metricsBindAddress, config?.debugBindAddress, config?.grpcBindAddress],
    [true, null, null, null],
  );
  const asked = await read([
    "--embedded-worker",
    "--stdio",
    "--metrics-bind-address=:9",
    "--debug-bind-address=127.0.0.1:8",
  ]);
  assert.deepEqual([asked.config?.metricsBindAddress, asked.config?.debugBindAddress], [any(9), loopback(8)]);
  assert.match(
    (await read(["--embedded-worker", "--stdio", "--bind-address=:80"])).said.join(),
    /does nothing with --stdio/,
  );
});

Deno.test("a flag comes before the environment, its twin before the documented name, these before the file", async () => {
  const file = "server:\n  log_level: warn\nsession:\n  max_age: 1m\n  cleanup_interval: 10s\n";
  const environment = {
    CODER_K8S_COORDINATOR_CONFIG: "c.yaml",
    SESSION_MAX_AGE: "2m",
    LOG_LEVEL: "ERROR",
    CODER_K8S_COORDINATOR_LOG_LEVEL: "debug",
  };
  const { config, said } = await read([...WORKERS, "--session-max-age=3m"], environment, file);
  assert.deepEqual(said, []);
  assert.deepEqual([config?.sessionMaxAge, config?.logLevel, config?.cleanupInterval], [
    180_000,
    "debug",
    10_000,
  ]);
  const lower = await read(WORKERS, { ...environment, CODER_K8S_COORDINATOR_LOG_LEVEL: "" }, file);
  assert.deepEqual([lower.config?.sessionMaxAge, lower.config?.logLevel], [120_000, "error"]);
});

Deno.test("the documented environment is understood", async () => {
  const { config, said } = await read(["--auth-token-file=/t", ...WORKERS], {
    LOG_LEVEL: "debug",
    SESSION_MAX_AGE: "10m",
    CLEANUP_INTERVAL: "1m",
    GRPC_PORT: "50051",
    WORKER_HEARTBEAT_TIMEOUT: "1m",
    PORT: "3000",
  });
  assert.deepEqual(said, []);
  assert.deepEqual(config, {
    ...DEFAULTS,
    logLevel: "debug",
    sessionMaxAge: 600_000,
    cleanupInterval: 60_000,
    grpcBindAddress: any(50051),
    workerHeartbeatTimeout: 60_000,
    bindAddress: any(3000),
    auth: ["token"],
    authTokenFile: "/t",
  });
});

Deno.test("variables that the kubelet sets for Services named grpc or coder-k8s-coordinator mean nothing", async () => {
  const { config, said, notes } = await read(WORKERS, {
    GRPC_PORT: "tcp://10.0.0.1:50050",
    PORT: "tcp://10.0.0.1:80",
    CODER_K8S_COORDINATOR_PORT: "tcp://10.0.0.1:8080",
    CODER_K8S_COORDINATOR_SERVICE_HOST: "10.0.0.1",
    CODER_K8S_COORDINATOR_SESION_MAX_AGE: "1m",
  });
  assert.deepEqual([said, config], [[], DEFAULTS]);
  assert.deepEqual(notes.unknownVariables, [{
    variable: "CODER_K8S_COORDINATOR_SESION_MAX_AGE",
    suggestion: "CODER_K8S_COORDINATOR_SESSION_MAX_AGE",
  }]);
});

const DOCUMENTED = `server:
  name: codegen-mcp-coordinator
  version: 0.1.0
  log_level: info

session:
  max_age: 30m
  cleanup_interval: 5m

worker:
  url: http://worker-service:8081
  timeout: 5m
  max_retries: 3
  heartbeat_timeout: 5m

audit:
  enabled: true
  backend: stdout
  format: json
`;

Deno.test("the documented file is understood as it is; what has no meaning here is told", async () => {
  const { config, said, notes } = await read(
    [...WORKERS, "--config=c.yaml"],
    { WORKER_URL: "http://w:8081" },
    DOCUMENTED,
  );
  assert.deepEqual([said, config], [[], DEFAULTS]);
  const [variable, url, name, version, ...more] = notes.warnings;
  assert.match(variable ?? "", /^WORKER_URL is not used: workers dial the coordinator/);
  assert.match(url ?? "", /^worker\.url \(c\.yaml, line 11\) is not used: workers dial/);
  assert.match(name ?? "", /^server\.name \(c\.yaml, line 2\) is not used/);
  assert.match(version ?? "", /^server\.version/);
  assert.deepEqual(more, []);
});

Deno.test("records of calls go where the file's section says", async () => {
  const cases: readonly [string, string][] = [
    ["enabled: false", "off"],
    ["backend: stdout", "-"],
    ["backend: file", "/var/log/audit/coordinator.jsonl"],
    ["{backend: file, path: /data/audit/}", "/data/audit/coordinator.jsonl"],
    ["path: /data/calls.log", "/data/calls.log"],
    ["log: /x", "/x"],
  ];
  for (const [section, path] of cases) {
    const { config, said } = await read([...WORKERS, "--config=c.yaml"], {}, `audit:\n  ${section}\n`);
    assert.deepEqual([said, config?.auditLog], [[], path], section);
    const flag = await read([...WORKERS, "--config=c.yaml", "--audit-log=off"], {}, `audit:\n  ${section}\n`);
    assert.equal(flag.config?.auditLog, "off");
  }
  const wrong = await read(
    [...WORKERS, "--config=c.yaml"],
    {},
    "audit: {backend: stdout, path: /x, format: xml}\n",
  );
  assert.deepEqual(wrong.said, [
    'audit.format (c.yaml, line 1): must be json (it is "xml")',
    "audit.path (c.yaml, line 1): needs audit.backend file",
  ]);
});

Deno.test("beyond loopback callers must say who they are; what files are given for says how", async () => {
  for (const [args, environment] of [[["--bind-address=:8080"], {}], [[], { PORT: "80" }]] as const) {
    const { said } = await read([...WORKERS, ...args], environment);
    assert.equal(said.length, 1);
    assert.match(
      said[0] ?? "",
      /^(--bind-address|PORT): .*--auth-token-file.*--oidc-issuer.*--proxy-ca-file.*127\.0\.0\.1/,
    );
  }
  const oidc = await read([
    ...WORKERS,
    "--bind-address=:80",
    "--oidc-issuer=https://id.example.com",
    "--url=https://c/mcp",
  ]);
  assert.deepEqual(oidc.config?.auth, ["oidc"]);
  const all = await read([
    ...WORKERS,
    "--bind-address=:80",
    "--auth-token-file=/t",
    "--mcp-oidc-issuer=https://id.example.com",
    "--mcp-url=https://c/mcp",
    "--proxy-ca-file=/ca",
    "--tls-cert-file=/c",
    "--tls-private-key-file=/k",
  ]);
  assert.deepEqual([all.said, all.config?.auth], [[], ["token", "oidc", "proxy"]]);
});

Deno.test("ways to say who one is need what they are checked by, and nothing stands idle", async () => {
  const cases: readonly [string[], RegExp][] = [
    [["--auth=token"], /^--auth: token needs --auth-token-file$/],
    [["--auth=oidc", "--url=https://c"], /^--auth: oidc needs --oidc-issuer$/],
    [["--oidc-issuer=https://id"], /^--auth: oidc needs --url$/],
    [["--auth=off,token", "--auth-token-file=/t"], /^--auth: off cannot be combined/],
    [["--auth=off", "--auth-token-file=/t"], /^--auth-token-file: does nothing unless --auth has token$/],
    [["--proxy-ca-file=/c"], /^--auth: proxy needs --tls-cert-file$/],
    [["--tls-cert-file=/c"], /^--tls-cert-file: also needs --tls-private-key-file$/],
    [["--oidc-jwks-url=https://id"], /^--oidc-jwks-url: does nothing unless --auth has oidc$/],
    [
      ["--oidc-required-claims=x", "--oidc-issuer=https://id", "--url=https://c"],
      /^--oidc-required-claims: must be name=value$/,
    ],
    [["--session-max-age=25h"], /^--session-max-age: must not be longer than --session-max-ttl \(24h\)$/],
    [["--capacity=3"], /^--capacity: does nothing without --embedded-worker/],
    [["--bind-address=0"], /^--bind-address: cannot be 0 without --stdio/],
    [["--session-max-age=soon"], /^--session-max-age: must be a duration/],
  ];
  for (const [args, message] of cases) {
    const { said, config } = await read([...WORKERS, ...args]);
    assert.equal(said.length, 1, said.join("\n"));
    assert.match(said[0] ?? "", message);
    assert.equal(config, undefined);
  }
});

Deno.test("the port of workers needs a key, and TLS where others reach it; errors say how to have both", async () => {
  const nothing = (await read([])).said;
  assert.equal(nothing.length, 2);
  assert.match(
    nothing[0] ?? "",
    /^--worker-key-file: is needed, or --embedded-worker.*openssl rand.*coder-k8s worker-token/,
  );
  assert.match(
    nothing[1] ?? "",
    /^--grpc-bind-address: \(:50050\) is reached.*--grpc-tls-cert-file.*--grpc-insecure/,
  );
  const fine: readonly string[][] = [
    ["--worker-key-file=/k", "--grpc-bind-address=127.0.0.1:50050"],
    [
      "--worker-key-file=/k",
      "--grpc-tls-cert-file=/c",
      "--grpc-tls-private-key-file=/p",
      "--grpc-client-ca-file=/ca",
    ],
  ];
  for (const args of fine) assert.deepEqual((await read(args)).said, []);
  const cases: readonly [string[], RegExp][] = [
    [["--grpc-bind-address=0"], /^--grpc-bind-address: cannot be 0 without --embedded-worker/],
    [
      ["--worker-key-file=/k", "--grpc-tls-cert-file=/c"],
      /^--grpc-tls-cert-file: also needs --grpc-tls-private-key-file/,
    ],
    [[...WORKERS, "--grpc-client-ca-file=/ca"], /^--grpc-client-ca-file: also needs --grpc-tls-cert-file/],
    [
      ["--embedded-worker", "--grpc-client-ca-file=/ca"],
      /^--grpc-client-ca-file: does nothing without --grpc-bind-address/,
    ],
  ];
  for (const [args, message] of cases) {
    const { said } = await read(args);
    assert.equal(said.length, 1, said.join("\n"));
    assert.match(said[0] ?? "", message);
  }
});

Deno.test("reports that others can read are warned of", async () => {
  const { said, notes } = await read([...WORKERS, "--debug-bind-address=:6060"]);
  assert.deepEqual(said, []);
  assert.match(notes.warnings.join(), /^--debug-bind-address: whoever reaches 0\.0\.0\.0/);
});

Deno.test("limits and directories of sessions are as given", async () => {
  const { config, said } = await read([
    "--embedded-worker",
    "--workspaces-dir=/w",
    "--session-cpu=2h",
    "--session-memory=512Mi",
    "--session-processes=9",
    "--session-disk=1Gi",
    "--session-output=8Ki",
    "--session-open-files=64",
    "--session-uids=100000-100099",
    "--egress=example.com,*.Example.org:443",
    "--egress=10.0.0.0/8",
    "--package-mirror=false",
    "--cache-size=1Gi",
    "--read-only-paths=/opt/tools",
  ]);
  assert.deepEqual(said, []);
  assert.deepEqual(config?.limits, config?.embeddedWorker?.limits);
  const alone = await read([...WORKERS, "--session-memory=1Gi"]);
  assert.deepEqual([alone.said, alone.config?.limits], [[], { ...STANDARD_LIMITS, memoryBytes: 2 ** 30 }]);
  assert.deepEqual(config?.embeddedWorker, {
    ...EMBEDDED,
    workspacesDir: "/w",
    limits: {
      cpuMs: 7_200_000,
      memoryBytes: 512 * 2 ** 20,
      processes: 9,
      diskBytes: 2 ** 30,
      outputBytes: 8_192,
      openFiles: 64,
    },
    sessionUids: { first: 100_000, count: 100 },
    egress: ["example.com", "*.example.org:443", "10.0.0.0/8"],
    packageMirror: false,
    cacheBytes: 2 ** 30,
    readOnlyPaths: ["/opt/tools"],
  });
});
