import assert from "node:assert/strict";
import { crossChecks } from "./cross_checks.ts";
import { optionOf } from "./options.ts";
import type { Settings } from "./schema.ts";

const check = (settings: Partial<Settings>, names: Record<string, string> = {}) =>
  crossChecks(settings, (key) => names[key] ?? `--${optionOf(key).flag}`).map(({ where, what }) =>
    `${where}: ${what}`
  );

Deno.test("a mode that is one server needs its port, all does not", () => {
  assert.deepEqual(check({ app: "mcp-http", mcpBindAddress: null }), [
    "--mcp-bind-address: cannot be 0 in mode mcp-http: its port is all it has",
  ]);
  assert.equal(check({ app: "aggregated-apiserver", aggregatedBindAddress: null }).length, 1);
  assert.deepEqual(check({ app: "aggregated-apiserver", mcpBindAddress: null }), []);
  assert.deepEqual(check({ app: "all", aggregatedBindAddress: null, mcpBindAddress: null }), []);
});

Deno.test("a token and a token file are one too many", () => {
  assert.deepEqual(
    check({ coderSessionToken: "t", coderSessionTokenFile: "/f" }, {
      coderSessionToken: "CODER_SESSION_TOKEN",
    }),
    ["--coder-session-token-file: cannot be given together with CODER_SESSION_TOKEN; choose one"],
  );
});

Deno.test("the static Coder of the aggregated API server is described in full or not at all", () => {
  const app = "aggregated-apiserver";
  const full = { app, coderUrl: "https://c", coderSessionToken: "t", coderNamespace: "n" } as const;
  assert.deepEqual(check(full), []);
  assert.deepEqual(check({ app }), []);
  assert.deepEqual(check({ app, coderUrl: "https://c" }), [
    "--coder-url: also needs a session token (--coder-session-token-file)",
    "--coder-url: also needs --coder-namespace",
  ]);
  assert.deepEqual(check({ app, coderSessionTokenFile: "/f" }), [
    "--coder-session-token-file: also needs --coder-url",
  ]);
  assert.deepEqual(check({ app: "all", coderUrl: "https://c" }), [], "other modes do not use it");
  assert.deepEqual(
    check({ app, coderSessionToken: "t" }, { coderSessionToken: "CODER_SESSION_TOKEN" }),
    [],
    "the variable of Coder's own command line may be there by chance",
  );
});

Deno.test("backing off cannot begin after waiting has ended", () => {
  assert.deepEqual(check({ templateBuildWaitTimeout: 60_000, templateBuildBackoffAfter: 61_000 }), [
    "--template-build-backoff-after: must not be longer than --template-build-wait-timeout (1m)",
  ]);
  assert.deepEqual(check({ templateBuildWaitTimeout: 60_000, templateBuildBackoffAfter: 60_000 }), []);
});

Deno.test("the longest poll interval is not below the first", () => {
  assert.deepEqual(check({ templateBuildInitialPollInterval: 2_000, templateBuildMaxPollInterval: 1_000 }), [
    "--template-build-max-poll-interval: must not be shorter than --template-build-initial-poll-interval (2s)",
  ]);
});

Deno.test("an option whose own value was a mistake causes no second one", () => {
  assert.deepEqual(check({ templateBuildBackoffAfter: 61_000 }), []);
  assert.deepEqual(check({}), []);
});

Deno.test("a certificate and its key are given together", () => {
  assert.deepEqual(check({ tlsCertFile: "/c" }), ["--tls-cert-file: also needs --tls-private-key-file"]);
  assert.deepEqual(check({ tlsPrivateKeyFile: "/k" }), [
    "--tls-private-key-file: also needs --tls-cert-file",
  ]);
  assert.deepEqual(check({ tlsCertFile: "/c", tlsPrivateKeyFile: "/k" }), []);
});

Deno.test("a prefix of user names needs a mapping", () => {
  assert.deepEqual(check({ coderUserMapping: "none", coderUserPrefix: "oidc:" }), [
    "--coder-user-prefix: does nothing without --coder-user-mapping",
  ]);
  assert.deepEqual(check({ coderUserMapping: "email", coderUserPrefix: "oidc:" }), []);
  assert.deepEqual(check({ coderUserMapping: "none", coderUserPrefix: "" }), []);
});

const loopback = { hostname: "127.0.0.1", port: 8090 };
const anywhere = { hostname: "0.0.0.0", port: 8090 };

Deno.test("nobody comes in unasked but on a loopback address", () => {
  const [said = ""] = check({ app: "all", mcpAuth: ["off"], mcpBindAddress: anywhere });
  assert.match(said, /^--mcp-auth: off needs --mcp-bind-address on a loopback address/);
  for (const hostname of ["127.0.0.1", "127.8.8.8", "::1", "localhost"]) {
    assert.deepEqual(
      check({ app: "all", mcpAuth: ["off"], mcpBindAddress: { hostname, port: 1 } }),
      [],
      hostname,
    );
  }
  for (const hostname of ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.com"]) {
    assert.equal(
      check({ app: "mcp-http", mcpAuth: ["off"], mcpBindAddress: { hostname, port: 1 } }).length,
      1,
    );
  }
  assert.equal(check({ app: "all", mcpAuth: ["off", "token"], mcpBindAddress: loopback }).length, 1);
  assert.deepEqual(check({ app: "controller", mcpAuth: ["off"], mcpBindAddress: anywhere }), []);
});

Deno.test("a way to say who one is needs what it is checked by", () => {
  const ways = (...mcpAuth: Settings["mcpAuth"][number][]) =>
    ({ app: "all", mcpAuth, mcpBindAddress: anywhere }) as const;
  assert.deepEqual(check(ways("oidc")), [
    "--mcp-auth: oidc needs --mcp-oidc-issuer",
    "--mcp-auth: oidc needs --mcp-url",
  ]);
  assert.equal(check(ways("proxy", "x509")).length, 3);
  assert.deepEqual(
    check({ ...ways("x509"), mcpTlsCertFile: "/c", mcpTlsPrivateKeyFile: "/k" }),
    [],
  );
  assert.deepEqual(check({ ...ways("token"), mcpOidcIssuer: "https://id" }), [
    "--mcp-oidc-issuer: does nothing unless --mcp-auth has oidc",
  ]);
  assert.deepEqual(check({ ...ways("token"), mcpOidcRequiredClaims: ["a"] }), [
    "--mcp-oidc-required-claims: must be name=value",
  ]);
  assert.deepEqual(check({ mcpTlsCertFile: "/c" }), [
    "--mcp-tls-cert-file: also needs --mcp-tls-private-key-file",
  ]);
});

Deno.test("the store of sessions is named in full, and has no password in its address", () => {
  const said = (settings: Partial<Settings>) => check(settings).map(String);
  assert.deepEqual(check({ sessionStore: "redis://redis:6379/1", sessionStorePrefix: "lab:" }), []);
  assert.match(said({ sessionStorePasswordFile: "/p" }).join(), /does nothing without .*session-store/i);
  assert.match(said({ sessionStore: "redis://r", sessionStoreCaFile: "/ca" }).join(), /rediss:/);
  assert.match(said({ sessionStore: "rediss://r", sessionStoreCertFile: "/c" }).join(), /also needs/);
  const [mistake] = said({ sessionStore: "redis://ann:hunter2@r" });
  assert.match(mistake!, /no password in it/);
  assert.doesNotMatch(mistake!, /hunter2/);
  assert.match(said({ sessionStore: "http://r" }).join(), /redis:/);
});
