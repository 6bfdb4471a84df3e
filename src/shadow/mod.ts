/** The door of the room: what is kept in ConfigMaps of what Coder has no place for. */
export { MAX_BYTES as MAX_RECORD_BYTES } from "./config_map.ts";
export { createKeepings, type KeepingsOptions } from "./keepings.ts";
export {
  type Keeping,
  type KeepingOwner,
  type Keepings,
  type ShadowKind,
  type ShadowListener,
  type ShadowMetadata,
  type ShadowRecord,
  shadowRecordSchema,
  type ShadowStore,
  ShadowTooLargeError,
  type StoredShadow,
} from "./types.ts";
