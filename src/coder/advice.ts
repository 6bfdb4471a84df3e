/** What to do about a failure, in one sentence. */
import type { CoderErrorKind, CoderErrorReason } from "./errors.ts";

const BY_REASON: Readonly<Partial<Record<CoderErrorReason, string>>> = {
  databaseAway: "Coder's database seems to be away: check PostgreSQL; this says nothing about the token",
  tokenRefused: "Coder does not know this session token: replace it",
  tokenExpired: "The session token has expired: replace it",
  tokenMalformed:
    "The session token is not in Coder's form (10 characters, a dash, 22 characters): replace it",
  tokenMissing: "This call needs a session token and none was given",
  userInactive: "The token's user is not active: activate the user, or use another one's token",
  wrongPassword: "Check the e-mail address and the password",
  notEntitled: "The deployment's licence does not cover this feature: add a licence that does",
  experimentOff: "Enable the experiment in CODER_EXPERIMENTS, or do without this feature",
  routeMissing: "This build of Coder has no such route: it is the AGPL build, or of another version",
  held: "Wait as long as Coder asked for",
  badParameter: "Correct the name",
  timeout: "Check that Coder runs and that its address is right",
  connectionRefused: "Check that Coder runs and that its address is right",
  hostUnknown: "Check the host name in Coder's address",
  tls: "Check the server's certificate: give its authority as the CA, and an address that it is issued for",
  connectionBroken: "Check Coder and whatever is between it and here",
  notCoder: "Check the address and the proxy, ingress or Service in front of Coder",
  serverError: "See Coder's own log",
  agentAway: "Start the workspace where it is stopped, and wait until its agent is connected",
  noWebSocket:
    "Let the proxy, ingress or Service in front of Coder pass WebSockets on (the Upgrade and Connection headers)",
  redirect:
    "Redirects are not followed, as the token must not travel on: use the address that it names, or unset CODER_REDIRECT_TO_ACCESS_URL",
  notJson: "Check that the address is Coder's own",
  tooLarge: "Ask for less at a time",
  schema: "Check that this version of Coder is supported",
};

const BY_KIND: Readonly<Partial<Record<CoderErrorKind, string>>> = {
  unauthorized: "Check the session token",
  forbidden: "Check the roles of the token's user and the token's scopes",
  rateLimited: "Wait, then send fewer requests",
};

/** The advice for a failure; empty where Coder's own words say it all. */
export function adviceFor(verdict: { kind: CoderErrorKind; reason?: CoderErrorReason | undefined }): string {
  const byReason = verdict.reason === undefined ? undefined : BY_REASON[verdict.reason];
  return byReason ?? BY_KIND[verdict.kind] ?? "";
}
