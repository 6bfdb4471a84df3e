/** The door of the room: what is known of every Coder deployment. */
export {
  CoderApiError,
  CoderConnectionError,
  CoderError,
  CoderNotSentError,
  CoderResponseError,
} from "../coder/mod.ts";
export { isNotFound as isNotFoundInCoder } from "../coder/mod.ts";
export type {
  BuildLogLine,
  Template,
  Workspace,
  WorkspaceAgent,
  WorkspaceApp,
  WorkspaceBuild,
} from "../coder/mod.ts";
export { controlPlaneBackends, type ControlPlaneBackendsOptions } from "./backends/control_planes.ts";
export { type Eligibility, eligibilityOf, type TokenReference } from "./backends/eligibility.ts";
export { staticBackends, type StaticBackendsOptions } from "./backends/static.ts";
export { readToken, TokenError } from "./backends/token.ts";
export type { Backend, Backends, BackendsListener } from "./backends/types.ts";
export { TooManyLogsError } from "./live/build_logs.ts";
export type { Change } from "./live/change.ts";
export {
  type ChangeListener,
  Collection,
  type CollectionOptions,
  type Listing,
  type Watch,
  type WatchBegin,
} from "./live/collection.ts";
export { type CopyOptions, createDeploymentCopy } from "./live/deployment_copy.ts";
export { Lag, type Looked } from "./live/lag.ts";
export type { Origin, RecordChange } from "./live/records.ts";
export type { SourceFiles } from "../archive/mod.ts";
export type {
  BuildLogReader,
  CopyClient,
  CopyListener,
  CopySource,
  DeploymentAddresses,
  DeploymentCopy,
  Found,
  ListState,
  RecordKind,
} from "./live/types.ts";
export { isSameContent, VersionClock } from "./live/versions.ts";
export { isChanging, isStarting, isUnderWay } from "./live/workspace_state.ts";
export { createListings, type Listings, type ListingsOptions } from "./listings.ts";
export type {
  Answer,
  Ask,
  DaemonList,
  JobList,
  KeyList,
  ListClient,
  ListFailure,
  ListKind,
  ListNews,
  OrganizationAnswer,
  Pace,
  PacedAsk,
  Place,
  ProxyList,
  Taken,
} from "./types.ts";
