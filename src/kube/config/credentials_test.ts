import assert from "node:assert/strict";
import path from "node:path";
import { KubeConfigError } from "./connection.ts";
import { createCredentials, type CredentialSource } from "./credentials.ts";

function make(user: object, raw: Record<string, unknown> = {}, cluster: object = {}) {
  const source: CredentialSource = {
    cluster: { name: "c", server: "https://k", skipTLSVerify: false, raw: {}, ...cluster },
    user: { name: "u", raw, ...user },
    source: "/etc/kubeconfig",
  };
  return createCredentials(source);
}

async function temporary(): Promise<{ at: (name: string) => string } & AsyncDisposable> {
  const root = await Deno.makeTempDir({ prefix: "credentials-" });
  return {
    at: (name) => path.join(root, name),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

Deno.test("a token is sent as it is", async () => {
  const credentials = make({ token: "abc" });
  assert.deepEqual((await credentials.credentials()).headers, { authorization: "Bearer abc" });
  assert.equal(credentials.refresh(), false, "asking again would give the same");
});

Deno.test("user name and password become basic authentication", async () => {
  const { headers } = await make({ username: "me", password: "pä:ss" }).credentials();
  assert.equal(
    headers["authorization"],
    `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode("me:pä:ss")))}`,
  );
});

Deno.test("a user with nothing sends nothing", async () => {
  const { headers, tls } = await make({}).credentials();
  assert.deepEqual([headers, tls], [{}, {}]);
});

Deno.test("impersonation is sent with groups, uid and extra", async () => {
  const { headers } = await make({}, {
    as: "jane",
    "as-uid": "7",
    "as-groups": ["a", "b"],
    "as-user-extra": { "example.com/Scope": ["x", "y"], odd: "z" },
  }).credentials();
  assert.deepEqual(headers, {
    "impersonate-user": "jane",
    "impersonate-uid": "7",
    "impersonate-group": ["a", "b"],
    "impersonate-extra-example.com%2FScope": ["x", "y"],
  });
});

Deno.test("a token file is trimmed, wins over a token, and a refusal makes us read it again", async () => {
  await using dir = await temporary();
  await Deno.writeTextFile(dir.at("token"), "one\n");
  const credentials = make({ token: "static" }, { tokenFile: dir.at("token") });
  assert.equal((await credentials.credentials()).headers["authorization"], "Bearer one");
  await Deno.writeTextFile(dir.at("token"), "two\n");
  assert.equal((await credentials.credentials()).headers["authorization"], "Bearer one", "kept for a minute");
  assert.equal(credentials.refresh(), true);
  assert.equal((await credentials.credentials()).headers["authorization"], "Bearer two");
});

Deno.test("a token file that cannot be read is named", async () => {
  await using dir = await temporary();
  const credentials = make({}, { tokenFile: dir.at("none") });
  await assert.rejects(credentials.credentials(), (error) => {
    assert.ok(error instanceof KubeConfigError);
    assert.match(error.message, /Cannot read the token file .*none of user "u" of \/etc\/kubeconfig/);
    return true;
  });
});

Deno.test("a token file that vanishes for a moment does not take the token away", async () => {
  await using dir = await temporary();
  await Deno.writeTextFile(dir.at("token"), "one");
  const credentials = make({}, { tokenFile: dir.at("token") });
  await credentials.credentials();
  await Deno.remove(dir.at("token"));
  assert.equal((await credentials.credentials()).headers["authorization"], "Bearer one");
});

Deno.test("certificates come from data or files, data first", async () => {
  await using dir = await temporary();
  await Deno.writeTextFile(dir.at("key"), "KEY");
  const { tls } = await make(
    { certData: btoa("CERT"), certFile: "/nowhere", keyFile: dir.at("key") },
    {},
    { caData: btoa("CA") },
  ).credentials();
  assert.deepEqual(tls, { ca: "CA", cert: "CERT", key: "KEY" });
});

Deno.test("unchanged TLS material stays the same object, so that connections are kept", async () => {
  const credentials = make({ certData: btoa("CERT"), keyData: btoa("KEY") });
  const first = await credentials.credentials();
  assert.equal((await credentials.credentials()).tls, first.tls);
});

Deno.test("half a client certificate is a mistake", async () => {
  await assert.rejects(
    make({ certData: btoa("CERT") }).credentials(),
    /only one of client-certificate and client-key/,
  );
  await assert.rejects(make({ keyData: btoa("KEY") }).credentials(), /it needs both/);
});

Deno.test("a certificate file that cannot be read is named", async () => {
  await assert.rejects(
    make({ certFile: "/nowhere/cert", keyFile: "/nowhere/key" }).credentials(),
    /Cannot read the client-certificate file \/nowhere\/cert of user "u"/,
  );
  await assert.rejects(
    make({}, {}, { caFile: "/nowhere/ca" }).credentials(),
    /Cannot read the certificate-authority file \/nowhere\/ca/,
  );
});

function idToken(expiresInSeconds: number): string {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  return `${part({ alg: "none" })}.${part({ exp: Math.floor(Date.now() / 1000) + expiresInSeconds })}.sig`;
}

Deno.test("an OIDC login that still holds is used", async () => {
  const token = idToken(600);
  const { headers } = await make({ authProvider: { name: "oidc", config: { "id-token": token } } })
    .credentials();
  assert.equal(headers["authorization"], `Bearer ${token}`);
});

Deno.test("an OIDC login that is over, or cannot be read, is refused with the way out", async () => {
  for (const token of [idToken(-1), "a.b.c", "nonsense", `a.${btoa("[]")}.c`]) {
    const user = { authProvider: { name: "oidc", config: { "id-token": token } } };
    await assert.rejects(make(user).credentials(), (error) => {
      assert.ok(error instanceof KubeConfigError);
      assert.match(error.message, /The id-token of user "u" .* has expired\. Use an exec plugin/);
      return true;
    });
  }
});

Deno.test("an auth-provider that Kubernetes has dropped is named", async () => {
  for (const authProvider of [{ name: "gcp", config: {} }, { name: "oidc" }, {}]) {
    await assert.rejects(
      make({ authProvider }).credentials(),
      /auth-provider ".*" of user "u" .* is not supported/,
    );
  }
});
