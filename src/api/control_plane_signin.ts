/** The first user of a control plane, and how people sign in. */
import { flag, group, list, optional, type Rule, text } from "./field.ts";
import { DATA_KEY, GITHUB_TEAM, HTTP_URL, NOT_BLANK } from "./patterns.ts";
import { secretKeySelector } from "./shared.ts";

/** `firstUser` */
export function firstUser() {
  return group(
    "The first owner, created once, on a deployment that has no user yet. An existing deployment is never touched.",
    {
      secretName: text("Name of a Secret in this namespace with the keys below.", { pattern: NOT_BLANK }),
      usernameKey: optional(text("Key of the user name. Default: username.", { pattern: DATA_KEY })),
      emailKey: optional(text("Key of the e-mail address. Default: email.", { pattern: DATA_KEY })),
      passwordKey: optional(text("Key of the password. Default: password.", { pattern: DATA_KEY })),
      nameKey: optional(
        text("Key of the full name, which may be missing. Default: name.", { pattern: DATA_KEY }),
      ),
    },
  );
}

const HTTPS_HINT = "An issuer without https works, and is warned of.";

const EVERYONE_RULE: Rule = {
  rule:
    "(has(self.allowEveryone) && self.allowEveryone) != ((has(self.allowedOrgs) && self.allowedOrgs.size() > 0) || (has(self.allowedTeams) && self.allowedTeams.size() > 0))",
  message: "say who may sign in: allowEveryone, or allowedOrgs and allowedTeams, not both",
};

/** `signIn` */
export function signIn() {
  return group(
    "How people sign in. Becomes environment variables of Coder; extraEnv wins over it. The address that identity providers send people back to is Coder's access URL: spec.expose, or CODER_ACCESS_URL in extraEnv.",
    {
      disablePassword: optional(
        flag("Allow no passwords, not even those of owners (CODER_DISABLE_PASSWORD_AUTH)."),
      ),
      disableDefaultGitHub: optional(flag(
        "Do not offer the GitHub app of Coder's makers, which new deployments offer to everyone (CODER_OAUTH2_GITHUB_DEFAULT_PROVIDER_ENABLE).",
      )),
      oidc: optional(oidc()),
      github: optional(github()),
    },
  );
}

function oidc() {
  const claim = { minLength: 1 };
  return group("Sign-in with OpenID Connect.", {
    issuerURL: text(
      `Issuer, as its discovery document names it. ${HTTPS_HINT} Example: https://accounts.google.com.`,
      { pattern: HTTP_URL },
    ),
    clientID: text("Client ID.", { pattern: NOT_BLANK }),
    clientSecretRef: optional(
      secretKeySelector(
        "The Secret with the client secret.",
        "Key in the Secret's data. Default: client-secret.",
      ),
    ),
    scopes: list(
      "Scopes to ask for. Default: openid, profile, email.",
      text("", { pattern: NOT_BLANK }),
    ),
    emailDomains: list(
      "E-mail domains that may sign in. Default: all.",
      text("", { pattern: NOT_BLANK }),
    ),
    allowSignups: optional(flag("Create users at their first sign-in. Default: true.")),
    ignoreEmailVerified: optional(flag("Accept addresses that the issuer has not verified.")),
    usernameField: optional(text("Claim that becomes the user name. Default: preferred_username.", claim)),
    emailField: optional(text("Claim with the e-mail address. Default: email.", claim)),
    groupField: optional(text("Claim with the groups.", claim)),
    signInText: optional(text("Text of the button. Default: OpenID Connect.", claim)),
    iconURL: optional(text("Icon of the button.", { pattern: HTTP_URL })),
  });
}

function github() {
  return group("Sign-in with GitHub.", {
    clientID: text("Client ID of the OAuth app.", { pattern: NOT_BLANK }),
    clientSecretRef: secretKeySelector(
      "The Secret with the client secret.",
      "Key in the Secret's data. Default: client-secret.",
    ),
    allowSignups: optional(flag("Create users at their first sign-in. Default: false.")),
    allowEveryone: optional(flag("Let every GitHub user in. Not together with allowedOrgs or allowedTeams.")),
    allowedOrgs: list(
      "Organisations whose members may sign in. With allowedTeams, only the members of those teams.",
      text("", { pattern: NOT_BLANK }),
    ),
    allowedTeams: list(
      "Teams whose members may sign in, as organisation/team. Their organisations need not be in allowedOrgs.",
      text("", { pattern: GITHUB_TEAM }),
    ),
    enterpriseBaseURL: optional(text("Address of a GitHub Enterprise server.", { pattern: HTTP_URL })),
  }, { "x-kubernetes-validations": [EVERYONE_RULE] });
}
