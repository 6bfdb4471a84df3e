import assert from "node:assert/strict";
import { parseArguments } from "./arguments.ts";
import { OPTIONS } from "./options.ts";
import { loadSettings } from "./settings.ts";

/** Loads from a command line, an environment and the text of a config file that lies at `c.yaml`. */
async function load(args: readonly string[], environment: Record<string, string> = {}, file?: string) {
  const { flags, mistakes, words } = parseArguments(args, OPTIONS);
  assert.deepEqual([mistakes, words], [[], []]);
  const loaded = await loadSettings({
    flags,
    environment,
    readTextFile: (path) =>
      path === "c.yaml" && file !== undefined
        ? Promise.resolve(file)
        : Promise.reject(new Error(`No such file or directory: ${path}`)),
  });
  return { ...loaded, said: loaded.mistakes.map((one) => `${one.where}: ${one.what}`) };
}

const MCP_DEFAULTS = {
  mcpAuth: ["token"],
  mcpTokenAudience: [],
  mcpUrl: undefined,
  mcpOidcIssuer: undefined,
  mcpOidcJwksUrl: undefined,
  mcpOidcCaFile: undefined,
  mcpOidcAudience: [],
  mcpOidcUsernameClaim: "sub",
  mcpOidcUsernamePrefix: "oidc:",
  mcpOidcGroupsClaim: undefined,
  mcpOidcGroupsPrefix: "oidc:",
  mcpOidcRequiredClaims: [],
  mcpTlsCertFile: undefined,
  mcpTlsPrivateKeyFile: undefined,
  mcpProxyCaFile: undefined,
  mcpProxyAllowedNames: [],
  mcpImpersonate: false,
  mcpReadOnly: false,
  mcpToolsets: ["core"],
  mcpAllowTools: [],
  mcpDenyTools: [],
  mcpToolNames: "plain",
  mcpNamespaces: [],
  mcpAllowedOrigins: [],
  mcpAllowedHosts: [],
  mcpRateLimit: 50,
  mcpRateBurst: 200,
  mcpCallTimeout: 60_000,
  mcpMaxBody: 4_194_304,
  mcpMaxStreams: 1_024,
  mcpLegacySse: false,
  mcpLegacyElicitation: false,
  mcpAuditLog: "-",
  mcpUi: true,
  mcpUiOidcClientId: undefined,
  mcpUiOidcScopes: "openid",
  sessionMaxAge: 1_800_000,
  maxSessionsPerOwner: 50,
  sessionStore: undefined,
  sessionStorePasswordFile: undefined,
  sessionStoreCaFile: undefined,
  sessionStoreCertFile: undefined,
  sessionStoreKeyFile: undefined,
  sessionStorePrefix: "coder-k8s:mcp-sessions:",
};

Deno.test("with nothing given the documented defaults hold", async () => {
  const { settings, said, warnings } = await load([]);
  assert.deepEqual([said, warnings], [[], []]);
  assert.deepEqual(settings, {
    app: "all",
    config: undefined,
    shutdownTimeout: 30_000,
    kubeconfig: undefined,
    context: undefined,
    namespace: [],
    kubeApiQps: 300,
    kubeApiBurst: 600,
    coderAccess: "auto",
    controlPlaneEndpoint: new Map(),
    clusterDomain: "cluster.local",
    coderCaFile: undefined,
    workspaceNamespaces: [],
    concurrency: 24,
    reconcileTimeout: 120_000,
    leaderElect: true,
    leaderElectionNamespace: undefined,
    healthBindAddress: { hostname: "0.0.0.0", port: 8081 },
    metricsBindAddress: { hostname: "0.0.0.0", port: 8080 },
    metricsAccess: "open",
    aggregatedBindAddress: { hostname: "0.0.0.0", port: 6443 },
    mcpBindAddress: { hostname: "0.0.0.0", port: 8090 },
    logLevel: "info",
    logFormat: undefined,
    debug: false,
    coderUrl: undefined,
    coderSessionToken: undefined,
    coderSessionTokenFile: undefined,
    coderNamespace: undefined,
    coderRequestTimeout: 30_000,
    coderPollInterval: 30_000,
    coderPollJitter: 0.1,
    coderUserMapping: "none",
    coderUserPrefix: "",
    tlsCertFile: undefined,
    tlsPrivateKeyFile: undefined,
    aggregatedService: "coder-k8s-apiserver",
    maxRequestsInflight: 400,
    maxMutatingRequestsInflight: 200,
    maxRequestBody: 67_108_864,
    requestTimeout: 60_000,
    shutdownDelay: undefined,
    ...MCP_DEFAULTS,
    templateBuildWaitTimeout: 1_500_000,
    templateBuildBackoffAfter: 120_000,
    templateBuildInitialPollInterval: 2_000,
    templateBuildMaxPollInterval: 10_000,
  });
});

Deno.test("a flag comes before the environment, the environment before the file, the file before the default", async () => {
  const file = "concurrency: 2\nlogLevel: warn\nshutdownTimeout: 5s\n";
  const environment = {
    CODER_K8S_CONFIG: "c.yaml",
    CODER_K8S_CONCURRENCY: "3",
    CODER_K8S_LOG_LEVEL: "error",
  };
  const { settings, said } = await load(["--concurrency=4"], environment, file);
  assert.deepEqual(said, []);
  assert.equal(settings?.concurrency, 4);
  assert.equal(settings?.logLevel, "error");
  assert.equal(settings?.shutdownTimeout, 5_000);
  assert.equal(settings?.reconcileTimeout, 120_000);
});

Deno.test("every option can be set in all three places", async () => {
  const examples: Record<string, string> = {
    app: "controller",
    config: "c.yaml",
    namespace: "a",
    context: "main",
    kubeconfig: "/k",
    leaderElect: "false",
    leaderElectionNamespace: "a",
    debug: "true",
    metricsAccess: "protected",
    coderAccess: "direct",
    controlPlaneEndpoint: "a/coder=http://127.0.0.1:3000",
    coderCaFile: "/etc/coder-k8s/ca.crt",
    clusterDomain: "k8s.example.com",
    workspaceNamespaces: "team-*",
    logLevel: "debug",
    logFormat: "text",
    coderUrl: "https://c.example.com",
    coderNamespace: "a",
    coderSessionToken: "t",
    coderSessionTokenFile: "/t",
    coderPollJitter: "0.5",
    coderUserMapping: "email",
    coderUserPrefix: "oidc:",
    tlsCertFile: "/tls.crt",
    tlsPrivateKeyFile: "/tls.key",
    aggregatedService: "api",
    maxRequestBody: "4096",
    mcpAuth: "token,oidc",
    mcpTokenAudience: "mcp",
    mcpUrl: "https://mcp.example.com/mcp",
    mcpOidcIssuer: "https://id.example.com",
    mcpOidcJwksUrl: "https://id.example.com/keys",
    mcpOidcCaFile: "/ca.crt",
    mcpOidcAudience: "a,b",
    mcpOidcUsernameClaim: "email",
    mcpOidcUsernamePrefix: "id:",
    mcpOidcGroupsClaim: "groups",
    mcpOidcGroupsPrefix: "id:",
    mcpOidcRequiredClaims: "hd=example.com",
    mcpTlsCertFile: "/tls.crt",
    mcpTlsPrivateKeyFile: "/tls.key",
    mcpProxyCaFile: "/ca.crt",
    mcpProxyAllowedNames: "proxy",
    mcpImpersonate: "true",
    mcpReadOnly: "true",
    mcpToolsets: "core,platform",
    mcpAllowTools: "check_health",
    mcpDenyTools: "check_health",
    mcpToolNames: "dotted",
    mcpNamespaces: "lab",
    mcpAllowedOrigins: "https://app.example.com",
    mcpAllowedHosts: "mcp.example.com",
    mcpMaxBody: "4096",
    mcpLegacySse: "true",
    mcpLegacyElicitation: "true",
    mcpAuditLog: "/var/log/mcp",
    mcpUi: "false",
    mcpUiOidcClientId: "coder-k8s",
    mcpUiOidcScopes: "openid profile",
    sessionMaxAge: "1h",
    maxSessionsPerOwner: "3",
    sessionStore: "rediss://redis.example.com",
    sessionStorePasswordFile: "/p",
    sessionStoreCaFile: "/ca",
    sessionStoreCertFile: "/cert",
    sessionStoreKeyFile: "/key",
    sessionStorePrefix: "lab:",
  };
  const oidc = ["--mcp-oidc-issuer=https://id.example.com", "--mcp-url=https://mcp.example.com"];
  const redis = ["--session-store=rediss://redis.example.com"];
  const needs: Record<string, string[]> = {
    templateBuildInitialPollInterval: ["--template-build-max-poll-interval=181s"],
    coderUserPrefix: ["--coder-user-mapping=username"],
    tlsCertFile: ["--tls-private-key-file=/k"],
    tlsPrivateKeyFile: ["--tls-cert-file=/c"],
    mcpAuth: oidc,
    mcpOidcIssuer: ["--mcp-auth=oidc", "--mcp-url=https://mcp.example.com"],
    mcpOidcJwksUrl: ["--mcp-auth=oidc", ...oidc],
    mcpUiOidcClientId: ["--mcp-auth=oidc", ...oidc],
    mcpTlsCertFile: ["--mcp-tls-private-key-file=/k"],
    mcpTlsPrivateKeyFile: ["--mcp-tls-cert-file=/c"],
    sessionStorePasswordFile: redis,
    sessionStoreCaFile: redis,
    sessionStoreCertFile: [...redis, "--session-store-key-file=/k"],
    sessionStoreKeyFile: [...redis, "--session-store-cert-file=/c"],
  };
  for (const option of OPTIONS) {
    const value = examples[option.key] ??
      ({ address: "127.0.0.1:99", duration: "181s", number: "9" } as Record<string, string>)[
        option.value ?? ""
      ];
    assert.ok(value !== undefined, `no example for ${option.key}`);
    const both = needs[option.key] ?? [];
    const byFlag = await load([`--${option.flag}=${value}`, ...both], {}, "");
    const byVariable = await load(both, { [option.env]: value }, "");
    assert.deepEqual([...byFlag.said, ...byVariable.said], [], option.key);
    assert.deepEqual(byFlag.settings, byVariable.settings, option.key);
    assert.notDeepEqual(byFlag.settings, (await load([])).settings, `${option.key} changes something`);
    if (option.key === "config") continue;
    const byFile = await load(["--config=c.yaml", ...both], {}, `${option.key}: ${JSON.stringify(value)}\n`);
    assert.deepEqual(byFile.said, [], option.key);
    assert.deepEqual({ ...byFile.settings, config: undefined }, byFlag.settings, option.key);
  }
});

Deno.test("every mistake of every source is listed at once, with its source and what is allowed", async () => {
  const { settings, said } = await load(
    ["--log-level=loud", "--health-bind-address=:http", "--config=c.yaml", "--namespace=A"],
    { CODER_K8S_CONCURRENCY: "zero", CODER_K8S_CODER_REQUEST_TIMEOUT: "-1s" },
    "leaderElct: true\nshutdownTimeout: 30\nkubeApiQps: [1]\n",
  );
  assert.equal(settings, undefined);
  assert.deepEqual(
    said.toSorted(),
    [
      '--health-bind-address: must be an address such as ":8081", "127.0.0.1:8081" or "[::1]:8081", or "0" ' +
      'to turn the port off (it is ":http")',
      '--log-level: must be debug, info, warn or error (it is "loud")',
      "--namespace: must be a namespace name (lower-case letters, digits and '-', at most 63), or several with " +
      'commas between (it is ["A"])',
      'CODER_K8S_CODER_REQUEST_TIMEOUT: must be a duration such as "30s", "1m30s" or "250ms", not negative ' +
      '(it is "-1s")',
      'CODER_K8S_CONCURRENCY: must be a whole number from 1 to 256 (it is "zero")',
      "kubeApiQps (c.yaml, line 3): must be a number from -1 to 100000 (it is [1])",
      "leaderElct (c.yaml, line 1): unknown option; did you mean leaderElect?",
      'shutdownTimeout (c.yaml, line 2): must be a duration such as "30s", "1m30s" or "250ms", not negative and ' +
      "at most 10m (it is 30)",
    ].toSorted(),
  );
});

Deno.test("a config file that cannot be read is a mistake of the source that named it", async () => {
  assert.deepEqual((await load(["--config=missing.yaml"])).said, [
    "--config: cannot read the config file: No such file or directory: missing.yaml",
  ]);
  const { said } = await load([], { CODER_K8S_CONFIG: "missing.yaml" });
  assert.match(said.join(), /^CODER_K8S_CONFIG: cannot read/);
});

Deno.test("namespaces come comma-separated, repeated or as a list, each once", async () => {
  const flags = await load(["--namespace=a,b", "--namespace", "c", "--namespace=a"]);
  assert.deepEqual(flags.settings?.namespace, ["a", "b", "c"]);
  assert.deepEqual((await load([], { CODER_K8S_NAMESPACE: " a , b " })).settings?.namespace, ["a", "b"]);
  const file = await load(["--config=c.yaml"], {}, "namespace: [a, b]\n");
  assert.deepEqual(file.settings?.namespace, ["a", "b"]);
  assert.deepEqual((await load(["--namespace="])).settings?.namespace, []);
});

Deno.test("endpoints come comma-separated, repeated, or as a list or a map of the file", async () => {
  const both = new Map([["a/x", "http://x:3000"], ["b/y", "https://y"]]);
  const flags = await load([
    "--control-plane-endpoint=a/x=http://x:3000",
    "--control-plane-endpoint=b/y=https://y",
  ]);
  assert.deepEqual(flags.settings?.controlPlaneEndpoint, both);
  const variable = { CODER_K8S_CONTROL_PLANE_ENDPOINT: "a/x=http://x:3000, b/y=https://y" };
  assert.deepEqual((await load([], variable)).settings?.controlPlaneEndpoint, both);
  const list = "controlPlaneEndpoint: [a/x=http://x:3000, b/y=https://y]\n";
  assert.deepEqual((await load(["--config=c.yaml"], {}, list)).settings?.controlPlaneEndpoint, both);
  const map = "controlPlaneEndpoint:\n  a/x: http://x:3000\n  b/y: https://y\n";
  assert.deepEqual((await load(["--config=c.yaml"], {}, map)).settings?.controlPlaneEndpoint, both);
  const wrong = await load(["--config=c.yaml"], {}, "controlPlaneEndpoint: { coder: http://x }\n");
  assert.deepEqual(wrong.said, [
    'controlPlaneEndpoint (c.yaml, line 1): must be namespace/name=URL, such as "coder/coder=http://127.0.0.1:3000" ' +
    '(it is {"coder":"http://x"})',
  ]);
});

Deno.test("of a flag given twice the last counts", async () => {
  assert.equal((await load(["--concurrency=1", "--concurrency=2"])).settings?.concurrency, 2);
});

Deno.test("a Coder URL needs scheme http or https and a host, in every mode", async () => {
  for (
    const url of [
      "coder.example.com",
      "//coder.example.com",
      "ftp://x",
      "https://",
      "https:///x",
      "http://u:p@x",
    ]
  ) {
    assert.match((await load([`--coder-url=${url}`])).said.join(), /^--coder-url: must be a URL/, url);
  }
  assert.equal(
    (await load(["--coder-url=HTTPS://Coder.example.com/"])).settings?.coderUrl,
    "https://coder.example.com",
  );
});

Deno.test("a Coder request timeout of 0 means 30s, a negative one is a mistake", async () => {
  assert.equal((await load(["--coder-request-timeout=0"])).settings?.coderRequestTimeout, 30_000);
  assert.equal((await load(["--coder-request-timeout=45s"])).settings?.coderRequestTimeout, 45_000);
  assert.equal((await load(["--coder-request-timeout=-1s"])).said.length, 1);
});

Deno.test("a session token on the command line works and warns, and no message repeats it", async () => {
  const { settings, warnings } = await load(["--coder-session-token=abc"]);
  assert.equal(settings?.coderSessionToken, "abc");
  assert.equal(warnings.length, 1);
  assert.doesNotMatch(warnings.join(), /abc/);
  assert.deepEqual((await load([], { CODER_K8S_CODER_SESSION_TOKEN: "abc" })).warnings, []);
  const wrong = await load(["--config=c.yaml"], {}, "coderSessionToken: [hush, secret]\n");
  assert.equal(wrong.said.length, 1);
  assert.doesNotMatch(wrong.said.join(), /hush/);
});

Deno.test("unknown CODER_K8S_ variables never fail", async () => {
  const { settings, unknownVariables } = await load([], {
    CODER_K8S_PORT: "tcp://10.0.0.1:8090",
    CODER_K8S_SERVICE_HOST: "10.0.0.1",
    CODER_K8S_CONCURENCY: "x",
  });
  assert.equal(settings?.concurrency, 24);
  assert.deepEqual(unknownVariables, [
    { variable: "CODER_K8S_CONCURENCY", suggestion: "CODER_K8S_CONCURRENCY" },
  ]);
});
