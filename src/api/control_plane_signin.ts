/** The first user of a control plane, and how people sign in. */
import { z } from "zod";
import { flag, group, list, optional, text } from "./field.ts";
import { DATA_KEY, HTTP_URL, NOT_BLANK } from "./patterns.ts";
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

/** `signIn` */
export function signIn() {
  return group("How people sign in. Becomes environment variables of Coder; extraEnv wins over it.", {
    disablePassword: optional(
      flag("Allow no passwords. Owners can still sign in with theirs (CODER_DISABLE_PASSWORD_AUTH)."),
    ),
    oidc: optional(oidc()),
    github: optional(github()),
  });
}

function oidc() {
  return group("Sign-in with OpenID Connect.", {
    issuerURL: text("Issuer, as its discovery document names it. Example: https://accounts.google.com.", {
      pattern: HTTP_URL,
    }),
    clientID: text("Client ID.", { pattern: NOT_BLANK }),
    clientSecretRef: optional(
      secretKeySelector(
        "The Secret with the client secret.",
        "Key in the Secret's data. Default: client-secret.",
      ),
    ),
    scopes: list("Scopes to ask for. Default: openid, profile, email.", z.string()),
    emailDomains: list("E-mail domains that may sign in. Default: all.", z.string()),
    allowSignups: optional(flag("Create users at their first sign-in. Default: true.")),
    ignoreEmailVerified: optional(flag("Accept addresses that the issuer has not verified.")),
    usernameField: optional(text("Claim that becomes the user name. Default: preferred_username.")),
    emailField: optional(text("Claim with the e-mail address. Default: email.")),
    groupField: optional(text("Claim with the groups.")),
    signInText: optional(text("Text of the button. Default: OpenID Connect.")),
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
    allowSignups: optional(flag("Create users at their first sign-in.")),
    allowEveryone: optional(flag("Let every GitHub user in. Not together with allowedOrgs or allowedTeams.")),
    allowedOrgs: list("Organisations whose members may sign in.", z.string()),
    allowedTeams: list("Teams whose members may sign in, as organisation/team.", z.string()),
    enterpriseBaseURL: optional(text("Address of a GitHub Enterprise server.", { pattern: HTTP_URL })),
  });
}
