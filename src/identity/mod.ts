/** The door of the room: who is calling, what they may do, which Coder user they are. */
export {
  type Authentication,
  type Authenticator,
  type AuthenticatorOptions,
  bearerTokenOf,
  type Caller,
  createAuthenticator,
} from "./authenticate.ts";
export {
  type Authorization,
  type Authorizer,
  type AuthorizerOptions,
  createAuthorizer,
} from "./authorize.ts";
export type { PeerCertificates } from "./certificates.ts";
export {
  CODER_USER_MAPPINGS,
  type CoderUserMapping,
  type CoderUserRule,
  mapCoderUser,
  type MappedCoderUser,
} from "./coder_user.ts";
export { type MaybeTlsSocket, peerCertificates } from "./peer.ts";
export { discoveryPaths, HEALTH_PATHS } from "./public_paths.ts";
export type { Refusal } from "./refusal.ts";
export { askedAuthorities, type AuthenticationConfig, type RequestHeaderConfig } from "./request_header.ts";
export {
  AUTHENTICATION_CONFIG_MAP,
  type AuthenticationConfigOptions,
  type AuthenticationConfigSource,
  createAuthenticationConfig,
} from "./request_header_watch.ts";
export {
  type SelfTestCheck,
  type SelfTestOptions,
  type SelfTestResult,
  testClientCertificates,
} from "./self_test.ts";
export { createTokenReviewer, type TokenReviewer, type TokenReviewerOptions } from "./token_review.ts";
export { ANONYMOUS, type AuthenticationMethod, isAnonymous, type KubeUser } from "./user.ts";
export {
  createWorkspaceSight,
  seeAllRequest,
  type WorkspaceSight,
  type WorkspaceSightOf,
} from "./workspace_sight.ts";
