import assert from "node:assert/strict";
import { makeAuthority } from "../../identity/testing/certificates.ts";
import { AdmissionConfigError, admissionSettings } from "./admission_settings.ts";

type Given = Parameters<typeof admissionSettings>[0];

const BASE: Given = {
  mcpBindAddress: { hostname: "0.0.0.0", port: 8090 },
  mcpAuth: ["token"],
  mcpTokenAudience: [],
  mcpOidcAudience: [],
  mcpOidcUsernameClaim: "sub",
  mcpOidcUsernamePrefix: "oidc:",
  mcpOidcGroupsPrefix: "oidc:",
  mcpOidcRequiredClaims: [],
  mcpProxyAllowedNames: [],
  mcpImpersonate: false,
  mcpNamespaces: [],
};

const refuses = (given: Partial<Given>, why: RegExp) =>
  assert.throws(() => admissionSettings({ ...BASE, ...given }), (error) => {
    assert.ok(error instanceof AdmissionConfigError);
    assert.match(error.message, why);
    return true;
  });

Deno.test("only ways that are given are open", () => {
  assert.deepEqual(admissionSettings({ ...BASE, mcpNamespaces: ["b", "a", "b"], mcpImpersonate: true }), {
    isOff: false,
    tokens: { audiences: [] },
    x509: false,
    impersonate: true,
    namespaces: ["a", "b"],
  });
});

Deno.test("nobody needs to prove anything on loopback alone, and by no other way beside it", () => {
  for (const hostname of ["127.0.0.1", "::1", "localhost"]) {
    assert.equal(
      admissionSettings({ ...BASE, mcpAuth: ["off"], mcpBindAddress: { hostname, port: 1 } }).isOff,
      true,
    );
  }
  for (const hostname of ["0.0.0.0", "::", "10.1.2.3", "mcp.example.com"]) {
    refuses(
      { mcpAuth: ["off"], mcpBindAddress: { hostname, port: 1 } },
      /needs --mcp-bind-address on a loopback/,
    );
  }
  refuses({ mcpAuth: ["off"], mcpBindAddress: null }, /loopback/);
  refuses(
    { mcpAuth: ["off", "token"], mcpBindAddress: { hostname: "127.0.0.1", port: 1 } },
    /cannot be combined/,
  );
  refuses({ mcpAuth: [] }, /there must be a way/);
});

Deno.test("OIDC needs an issuer and the URL that tokens are for", async () => {
  const oidc = {
    mcpAuth: ["oidc"] as const,
    mcpOidcIssuer: "https://issuer.test",
    mcpUrl: "https://host.test/mcp",
  };
  const ca = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(ca, "PEM");
    const { oidc: found } = admissionSettings({
      ...BASE,
      ...oidc,
      mcpOidcGroupsClaim: "groups",
      mcpOidcRequiredClaims: ["tenant=acme", "a=b=c"],
      mcpOidcCaFile: ca,
    });
    assert.deepEqual(found, {
      issuer: "https://issuer.test",
      jwksUrl: undefined,
      audiences: ["https://host.test/mcp"],
      usernameClaim: "sub",
      usernamePrefix: "oidc:",
      groupsClaim: "groups",
      groupsPrefix: "oidc:",
      requiredClaims: { tenant: "acme", a: "b=c" },
      caPem: "PEM",
    });
  } finally {
    await Deno.remove(ca);
  }
  const { oidc: other } = admissionSettings({ ...BASE, ...oidc, mcpOidcAudience: ["mine"] });
  assert.deepEqual(other?.audiences, ["mine"]);
  refuses({ mcpAuth: ["oidc"], mcpUrl: oidc.mcpUrl }, /needs --mcp-oidc-issuer/);
  refuses({ mcpAuth: ["oidc"], mcpOidcIssuer: oidc.mcpOidcIssuer }, /needs --mcp-url/);
  for (const claim of ["tenant", "=x", "tenant="]) {
    refuses({ ...oidc, mcpOidcRequiredClaims: [claim] }, /name=value/);
  }
  refuses(
    { ...oidc, mcpOidcCaFile: "/nowhere/ca.pem" },
    /--mcp-oidc-ca-file: \/nowhere\/ca\.pem cannot be read/,
  );
});

Deno.test("certificates need TLS, and a proxy its authority", async () => {
  refuses({ mcpAuth: ["x509"] }, /needs TLS/);
  refuses({ mcpAuth: ["proxy"] }, /needs TLS/);
  const tls = { mcpTlsCertFile: "tls.crt" };
  assert.equal(admissionSettings({ ...BASE, ...tls, mcpAuth: ["x509"] }).x509, true);
  refuses({ ...tls, mcpAuth: ["proxy"] }, /needs --mcp-proxy-ca-file/);
  const file = await Deno.makeTempFile();
  try {
    const proxy: Partial<Given> = {
      ...tls,
      mcpAuth: ["proxy"],
      mcpProxyCaFile: file,
      mcpProxyAllowedNames: ["gw"],
    };
    refuses(proxy, /there is no PEM certificate in it/);
    await Deno.writeTextFile(file, (await makeAuthority("proxies")).pem);
    const { proxy: found, proxyCaFile } = admissionSettings({ ...BASE, ...proxy });
    assert.equal(proxyCaFile, file);
    assert.deepEqual([found?.allowedNames, found?.usernameHeaders], [["gw"], ["x-remote-user"]]);
  } finally {
    await Deno.remove(file);
  }
});
