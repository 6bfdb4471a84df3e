/** `spec.signIn` as environment variables of Coder. Secrets are referred to, never copied. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { EnvVar } from "../../api/kubernetes/types.ts";

type SignIn = NonNullable<ControlPlane["spec"]["signIn"]>;

/** Key of a client secret where the reference names none. */
const CLIENT_SECRET_KEY = "client-secret";

/** In a fixed order; settings that are not given are left to Coder. */
export function signInEnvironment({ signIn }: ControlPlane["spec"]): EnvVar[] {
  if (signIn === undefined) return [];
  return [
    ...flag("CODER_DISABLE_PASSWORD_AUTH", signIn.disablePassword),
    ...(signIn.disableDefaultGitHub === undefined
      ? []
      : flag("CODER_OAUTH2_GITHUB_DEFAULT_PROVIDER_ENABLE", !signIn.disableDefaultGitHub)),
    ...(signIn.oidc === undefined ? [] : oidcEnvironment(signIn.oidc)),
    ...(signIn.github === undefined ? [] : githubEnvironment(signIn.github)),
  ];
}

function oidcEnvironment(oidc: NonNullable<SignIn["oidc"]>): EnvVar[] {
  return [
    ...text("CODER_OIDC_ISSUER_URL", oidc.issuerURL.trim()),
    ...text("CODER_OIDC_CLIENT_ID", oidc.clientID.trim()),
    ...secret("CODER_OIDC_CLIENT_SECRET", oidc.clientSecretRef),
    ...list("CODER_OIDC_SCOPES", oidc.scopes),
    ...list("CODER_OIDC_EMAIL_DOMAIN", oidc.emailDomains),
    ...flag("CODER_OIDC_ALLOW_SIGNUPS", oidc.allowSignups),
    ...flag("CODER_OIDC_IGNORE_EMAIL_VERIFIED", oidc.ignoreEmailVerified),
    ...text("CODER_OIDC_USERNAME_FIELD", oidc.usernameField),
    ...text("CODER_OIDC_EMAIL_FIELD", oidc.emailField),
    ...text("CODER_OIDC_GROUP_FIELD", oidc.groupField),
    ...text("CODER_OIDC_SIGN_IN_TEXT", oidc.signInText),
    ...text("CODER_OIDC_ICON_URL", oidc.iconURL?.trim()),
  ];
}

function githubEnvironment(github: NonNullable<SignIn["github"]>): EnvVar[] {
  const teams = github.allowedTeams;
  return [
    ...text("CODER_OAUTH2_GITHUB_CLIENT_ID", github.clientID.trim()),
    ...secret("CODER_OAUTH2_GITHUB_CLIENT_SECRET", github.clientSecretRef),
    ...flag("CODER_OAUTH2_GITHUB_ALLOW_SIGNUPS", github.allowSignups),
    ...flag("CODER_OAUTH2_GITHUB_ALLOW_EVERYONE", github.allowEveryone),
    // Coder looks for teams within allowed organisations alone, and does not start without one.
    ...list("CODER_OAUTH2_GITHUB_ALLOWED_ORGS", [...github.allowedOrgs, ...teams.map(organization)]),
    ...list("CODER_OAUTH2_GITHUB_ALLOWED_TEAMS", teams),
    ...text("CODER_OAUTH2_GITHUB_ENTERPRISE_BASE_URL", github.enterpriseBaseURL?.trim()),
  ];
}

function organization(team: string): string {
  return team.slice(0, Math.max(0, team.indexOf("/")));
}

function text(name: string, value: string | undefined): EnvVar[] {
  return value === undefined || value === "" ? [] : [{ name, value: literal(value) }];
}

function flag(name: string, value: boolean | undefined): EnvVar[] {
  return value === undefined ? [] : [{ name, value: String(value) }];
}

/** Coder reads lists as one line of CSV. */
function list(name: string, values: readonly string[]): EnvVar[] {
  const cells = [...new Set(values.map((value) => value.trim()).filter((value) => value !== ""))].map((
    value,
  ) => /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  return text(name, cells.join(","));
}

function secret(name: string, reference: { name: string; key?: string } | undefined): EnvVar[] {
  if (reference === undefined) return [];
  const key = reference.key?.trim() || CLIENT_SECRET_KEY;
  return [{ name, valueFrom: { secretKeyRef: { name: reference.name.trim(), key } } }];
}

/** Kubernetes would take `$(NAME)` for another variable, and `$$` for a dollar. */
function literal(value: string): string {
  return value.replaceAll("$", "$$$$");
}
