/** The door of the room: what is known of every Coder deployment. */
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
