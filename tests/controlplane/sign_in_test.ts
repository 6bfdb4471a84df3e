/** What `spec.signIn` becomes is what a real coderd offers. */
import assert from "node:assert/strict";
import { type CoderControlPlane, parseControlPlane } from "../../src/api/control_plane.ts";
import { podTemplate } from "../../src/controlplane/children/pod_template.ts";
import { startCoderd, startPostgres } from "../coder/mod.ts";

type SignIn = NonNullable<NonNullable<CoderControlPlane["spec"]>["signIn"]>;

/** An OpenID Connect issuer as far as coderd looks at one when it starts. */
function startIssuer(): { url: string } & AsyncDisposable {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { origin: issuer, pathname } = new URL(request.url);
    if (pathname === "/keys") return Response.json({ keys: [] });
    if (pathname !== "/.well-known/openid-configuration") return new Response(null, { status: 404 });
    return Response.json({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      userinfo_endpoint: `${issuer}/userinfo`,
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/**
 * The variables about sign-in that the pods of a control plane get, as the kubelet would resolve them from `secrets`
 * (values by `name/key`).
 */
function rendered(
  signIn: SignIn,
  secrets: Readonly<Record<string, string>>,
): Record<string, string> {
  const metadata = { name: "coder", namespace: "a" };
  const [coder] = podTemplate(parseControlPlane({ metadata, spec: { signIn } }), {}).spec?.containers ?? [];
  const env = (coder?.env ?? []).filter(({ name }) => /OIDC|GITHUB|PASSWORD/.test(name));
  return Object.fromEntries(env.map(({ name, value, valueFrom }) => {
    const reference = valueFrom?.secretKeyRef;
    const text = reference === undefined ? value : secrets[`${reference.name}/${reference.key}`];
    assert.ok(text !== undefined, name);
    // The kubelet takes two dollars for one.
    return [name, text.replaceAll("$$", "$")];
  }));
}

Deno.test("a real coderd offers what signIn says, and reads its lists as they were meant", async () => {
  await using issuer = startIssuer();
  await using postgres = await startPostgres();
  const env = rendered({
    disablePassword: false,
    oidc: {
      issuerURL: issuer.url,
      clientID: "coder$$1",
      clientSecretRef: { name: "oidc" },
      scopes: ["openid", "email", "groups"],
      emailDomains: ["example.com", "example.org"],
      allowSignups: false,
      ignoreEmailVerified: true,
      usernameField: "nick",
      emailField: "mail",
      groupField: "roles",
      signInText: "Acme, Inc.",
      iconURL: "https://id.example.com/icon.svg",
    },
    github: {
      clientID: "github-client",
      clientSecretRef: { name: "github", key: "secret" },
      allowSignups: true,
      allowedOrgs: ["acme"],
      allowedTeams: ["acme/devs", "other/ops"],
    },
  }, { "oidc/client-secret": "oidc-secret", "github/secret": "github-secret" });
  await using coderd = await startCoderd({ postgres, env });
  assert.deepEqual(await coderd.request("GET", "/api/v2/users/authmethods"), {
    password: { enabled: true },
    github: { enabled: true, default_provider_configured: false },
    oidc: { enabled: true, signInText: "Acme, Inc.", iconUrl: "https://id.example.com/icon.svg" },
  });
  const { token } = await coderd.firstUser();
  const { config } = await coderd.request("GET", "/api/v2/deployment/config", { token });
  assert.equal(config.oidc.client_id, "coder$$1");
  assert.deepEqual(config.oidc.scopes, ["openid", "email", "groups"]);
  assert.deepEqual(config.oidc.email_domain, ["example.com", "example.org"]);
  assert.equal(config.oidc.allow_signups, false);
  assert.equal(config.oidc.ignore_email_verified, true);
  assert.equal(config.oidc.username_field, "nick");
  assert.equal(config.oidc.email_field, "mail");
  assert.equal(config.oidc.groups_field, "roles");
  const { github } = config.oauth2;
  assert.equal(github.client_id, "github-client");
  assert.equal(github.allow_signups, true);
  assert.deepEqual(github.allowed_orgs, ["acme", "other"]);
  assert.deepEqual(github.allowed_teams, ["acme/devs", "other/ops"]);
});

Deno.test("teams alone, or everybody, are enough for coderd to offer GitHub; without passwords not even owners use theirs", async () => {
  await using postgres = await startPostgres();
  const github = { clientID: "github-client", clientSecretRef: { name: "github" } };
  const secrets = { "github/client-secret": "s" };
  const rows: [SignIn, boolean][] = [
    [{ disableDefaultGitHub: true }, false],
    [{ github: { ...github, allowedTeams: ["acme/devs"] } }, true],
    [{ github: { ...github, allowEveryone: true }, disablePassword: true }, true],
  ];
  for (const [signIn, enabled] of rows) {
    await using coderd = await startCoderd({ postgres, env: rendered(signIn, secrets) });
    const methods = await coderd.request("GET", "/api/v2/users/authmethods");
    assert.deepEqual(methods.github, { enabled, default_provider_configured: false });
    const password = signIn.disablePassword !== true;
    assert.equal(methods.password.enabled, password);
    if (password) await coderd.firstUser();
    else {await assert.rejects(
        coderd.firstUser(),
        /403: .*Password authentication is disabled/,
        "owners, too",
      );}
  }
});
