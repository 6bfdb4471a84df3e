/** The door of the room: what is known of every Coder deployment. */
export type { Template, Workspace, WorkspaceAgent, WorkspaceApp, WorkspaceBuild } from "../coder/mod.ts";
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
