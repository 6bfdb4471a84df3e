import assert from "node:assert/strict";
import { environment } from "./environment.ts";
import { signInEnvironment } from "./sign_in.ts";
import { controlPlane } from "../testing.ts";

type SignIn = NonNullable<NonNullable<Parameters<typeof controlPlane>[0]>["signIn"]>;

const env = (signIn?: SignIn) => signInEnvironment(controlPlane(signIn === undefined ? {} : { signIn }).spec);
/** Plain values by name. */
const values = (signIn: SignIn) => Object.fromEntries(env(signIn).map(({ name, value }) => [name, value]));
const oidc = { issuerURL: " https://id.example.com ", clientID: "coder" };
const github = { clientID: "gh", clientSecretRef: { name: "github" } };

Deno.test("nothing is set where nothing is said", () => {
  assert.deepEqual(env(), []);
  assert.deepEqual(env({}), []);
});

Deno.test("the least of OpenID Connect is an issuer and a client", () => {
  assert.deepEqual(env({ oidc }), [
    { name: "CODER_OIDC_ISSUER_URL", value: "https://id.example.com" },
    { name: "CODER_OIDC_CLIENT_ID", value: "coder" },
  ]);
});

Deno.test("every setting of OpenID Connect becomes its variable, the secret a reference", () => {
  assert.deepEqual(
    env({
      disablePassword: true,
      disableDefaultGitHub: true,
      oidc: {
        ...oidc,
        clientSecretRef: { name: "oidc", key: "secret" },
        scopes: ["openid", "groups"],
        emailDomains: ["example.com", "example.org"],
        allowSignups: false,
        ignoreEmailVerified: true,
        usernameField: "nick",
        emailField: "mail",
        groupField: "groups",
        signInText: "Acme",
        iconURL: "https://id.example.com/icon.svg",
      },
    }),
    [
      { name: "CODER_DISABLE_PASSWORD_AUTH", value: "true" },
      { name: "CODER_OAUTH2_GITHUB_DEFAULT_PROVIDER_ENABLE", value: "false" },
      { name: "CODER_OIDC_ISSUER_URL", value: "https://id.example.com" },
      { name: "CODER_OIDC_CLIENT_ID", value: "coder" },
      { name: "CODER_OIDC_CLIENT_SECRET", valueFrom: { secretKeyRef: { name: "oidc", key: "secret" } } },
      { name: "CODER_OIDC_SCOPES", value: "openid,groups" },
      { name: "CODER_OIDC_EMAIL_DOMAIN", value: "example.com,example.org" },
      { name: "CODER_OIDC_ALLOW_SIGNUPS", value: "false" },
      { name: "CODER_OIDC_IGNORE_EMAIL_VERIFIED", value: "true" },
      { name: "CODER_OIDC_USERNAME_FIELD", value: "nick" },
      { name: "CODER_OIDC_EMAIL_FIELD", value: "mail" },
      { name: "CODER_OIDC_GROUP_FIELD", value: "groups" },
      { name: "CODER_OIDC_SIGN_IN_TEXT", value: "Acme" },
      { name: "CODER_OIDC_ICON_URL", value: "https://id.example.com/icon.svg" },
    ],
  );
});

Deno.test("every setting of GitHub becomes its variable, the secret a reference to its usual key", () => {
  assert.deepEqual(
    env({
      github: {
        ...github,
        allowSignups: true,
        allowedOrgs: ["acme", "other"],
        enterpriseBaseURL: "https://github.example.com",
      },
    }),
    [
      { name: "CODER_OAUTH2_GITHUB_CLIENT_ID", value: "gh" },
      {
        name: "CODER_OAUTH2_GITHUB_CLIENT_SECRET",
        valueFrom: { secretKeyRef: { name: "github", key: "client-secret" } },
      },
      { name: "CODER_OAUTH2_GITHUB_ALLOW_SIGNUPS", value: "true" },
      { name: "CODER_OAUTH2_GITHUB_ALLOWED_ORGS", value: "acme,other" },
      { name: "CODER_OAUTH2_GITHUB_ENTERPRISE_BASE_URL", value: "https://github.example.com" },
    ],
  );
  assert.equal(
    values({ github: { ...github, allowEveryone: true } })["CODER_OAUTH2_GITHUB_ALLOW_EVERYONE"],
    "true",
  );
});

Deno.test("organisations of teams are allowed organisations: without one Coder does not start", () => {
  const set = values({
    github: { ...github, allowedOrgs: ["acme"], allowedTeams: ["acme/devs", "other/ops"] },
  });
  assert.equal(set["CODER_OAUTH2_GITHUB_ALLOWED_ORGS"], "acme,other");
  assert.equal(set["CODER_OAUTH2_GITHUB_ALLOWED_TEAMS"], "acme/devs,other/ops");
});

Deno.test("lists are lines of CSV, and dollars are no references", () => {
  const set = values({
    oidc: { ...oidc, clientID: "a$(HOME)$b", scopes: ["a,b", 'c"d', " e ", "", "e"] },
  });
  assert.equal(set["CODER_OIDC_CLIENT_ID"], "a$$(HOME)$$b");
  assert.equal(set["CODER_OIDC_SCOPES"], '"a,b","c""d",e');
});

Deno.test("the default GitHub app can be asked for explicitly, too", () => {
  assert.deepEqual(values({ disableDefaultGitHub: false, disablePassword: false }), {
    CODER_DISABLE_PASSWORD_AUTH: "false",
    CODER_OAUTH2_GITHUB_DEFAULT_PROVIDER_ENABLE: "true",
  });
});

Deno.test("extraEnv wins over the typed fields", () => {
  const object = controlPlane({
    signIn: { oidc },
    extraEnv: [{ name: "CODER_OIDC_CLIENT_ID", value: "mine" }],
  });
  const tls = { volumes: [], mounts: [], certFiles: [], keyFiles: [] };
  const ids = environment(object, tls, {}).filter(({ name }) => name === "CODER_OIDC_CLIENT_ID");
  assert.deepEqual(ids, [{ name: "CODER_OIDC_CLIENT_ID", value: "mine" }]);
});
