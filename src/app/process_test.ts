import assert from "node:assert/strict";
import type { Config } from "./config.ts";
import { type ProcessSystem, runProcess } from "./process.ts";
import { StopRequest } from "./signals.ts";

const config: Config = {
  app: "controller",
  namespace: [],
  kubeApiQps: 0,
  kubeApiBurst: 0,
  concurrency: 1,
  reconcileTimeout: 1_000,
  coderAccess: "auto",
  controlPlaneEndpoint: new Map(),
  clusterDomain: "cluster.local",
  workspaceNamespaces: [],
  leaderElect: false,
  healthBindAddress: null,
  metricsBindAddress: null,
  metricsAccess: "open",
  aggregatedBindAddress: null,
  mcpBindAddress: null,
  logLevel: "info",
  debug: false,
  shutdownTimeout: 1_000,
  coderRequestTimeout: 1_000,
  coderPollInterval: 30_000,
  coderPollJitter: 0.1,
  coderUserMapping: "none",
  coderUserPrefix: "",
  aggregatedService: "coder-k8s-apiserver",
  maxRequestsInflight: 400,
  maxMutatingRequestsInflight: 200,
  maxRequestBody: 3_145_728,
  requestTimeout: 60_000,
  templateBuildWaitTimeout: 1,
  templateBuildBackoffAfter: 1,
  templateBuildInitialPollInterval: 1,
  templateBuildMaxPollInterval: 1,
  mcpAuth: ["token"],
  mcpTokenAudience: [],
  mcpOidcAudience: [],
  mcpOidcUsernameClaim: "sub",
  mcpOidcUsernamePrefix: "oidc:",
  mcpOidcGroupsPrefix: "oidc:",
  mcpOidcRequiredClaims: [],
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
  mcpAuditLog: "off",
  mcpUi: true,
  sessionMaxAge: 1,
  maxSessionsPerOwner: 1,
  sessionStorePrefix: "x",
  mcpUiOidcScopes: "openid",
};
const quiet = { warnings: [], unknownVariables: [] };

/** Runs a process whose app is `run`. */
async function start(
  run: ProcessSystem<Config>["run"],
  changes: Partial<Config> = {},
  notes = quiet as Parameters<typeof runProcess>[1],
) {
  const lines: string[] = [];
  const listeners = new Map<string, () => void>();
  const exits: number[] = [];
  const code = runProcess({ ...config, ...changes }, notes, {
    environment: {},
    isTerminal: false,
    write: (line) => void lines.push(line.trim()),
    signals: {
      addSignalListener: (name, listener) => void listeners.set(name, listener),
      removeSignalListener: (name) => void listeners.delete(name),
      exit: (exit) => void exits.push(exit),
    },
    run,
  });
  await Promise.resolve();
  return { code, lines, listeners, exits };
}

Deno.test("an app that ends by itself or after a signal is exit code 0", async () => {
  const ended = await start(() => Promise.resolve());
  assert.equal(await ended.code, 0);
  assert.equal(ended.listeners.size, 0, "nothing listens any more");
  const { code, listeners, lines } = await start((_, { signal }) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }))
  );
  listeners.get("SIGTERM")?.();
  assert.equal(await code, 0);
  assert.match(lines.at(-1) ?? "", /"stopped"/);
});

Deno.test("an app that was interrupted while it started is exit code 0 too", async () => {
  const { code } = await start(() => Promise.reject(new StopRequest("asked to stop")));
  assert.equal(await code, 0);
});

Deno.test("an app that fails is exit code 1, and the last line says why, causes included", async () => {
  const cause = new Error("address in use");
  const { code, lines } = await start(() => Promise.reject(new Error("Cannot listen.", { cause })));
  assert.equal(await code, 1);
  const last = JSON.parse(lines.at(-1) ?? "");
  assert.deepEqual([last.level, last.msg, last.because], ["error", "Cannot listen.", "address in use"]);
});

Deno.test("what is thrown and no error is said as well", async () => {
  const { code, lines } = await start(() => Promise.reject("plain words"));
  assert.equal(await code, 1);
  assert.equal(JSON.parse(lines.at(-1) ?? "").msg, "plain words");
});

Deno.test("a rejection that nobody handles ends the process through the log", async () => {
  const { code, lines } = await start(() => {
    void Promise.reject(new Error("forgotten"));
    return new Promise(() => {});
  });
  assert.equal(await code, 1);
  assert.equal(JSON.parse(lines.at(-1) ?? "").because, "forgotten");
});

Deno.test("an error that nobody catches ends the process through the log", async () => {
  const { code, lines } = await start(() => {
    setTimeout(() => {
      throw new Error("thrown from a timer");
    }, 0);
    return new Promise(() => {});
  });
  assert.equal(await code, 1);
  assert.equal(JSON.parse(lines.at(-1) ?? "").because, "thrown from a timer");
});

Deno.test("debug writes everything, with the stack of a failure", async () => {
  const { code, lines } = await start(() => Promise.reject(new Error("x")), { debug: true });
  assert.equal(await code, 1);
  assert.match(lines.join("\n"), /process_test\.ts/);
});

Deno.test("notes from the command line come first in the log, and suggestions only where there is one", async () => {
  const { code, lines } = await start(() => Promise.resolve(), {}, {
    warnings: ["mind the gap"],
    unknownVariables: [{ variable: "CODER_K8S_LOGLEVEL", suggestion: "CODER_K8S_LOG_LEVEL" }, {
      variable: "CODER_K8S_SOMETHING",
    }],
  });
  await code;
  assert.deepEqual(lines.slice(0, 2).map((line) => JSON.parse(line).level), ["warn", "warn"]);
  assert.match(lines[1] ?? "", /CODER_K8S_LOG_LEVEL/);
  assert.doesNotMatch(lines.join(), /SOMETHING/, "only in the debug log");
});

Deno.test("the session token never reaches the log", async () => {
  const { code, lines } = await start(
    (_, { log }) => {
      log.info("using hush-hush-token");
      return Promise.reject(new Error("refused: hush-hush-token"));
    },
    { coderSessionToken: "hush-hush-token" },
  );
  await code;
  assert.ok(lines.length >= 2);
  assert.ok(!lines.join().includes("hush-hush"));
});

Deno.test("people get text, programs JSON, and the flag decides over both", async () => {
  const { code, lines } = await start(() => Promise.resolve(), { logFormat: "text" });
  await code;
  assert.throws(() => JSON.parse(lines[0] ?? ""));
  assert.match(lines[0] ?? "", /stopped/);
});
