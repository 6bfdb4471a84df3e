/** The door of the room: the life of provisioner keys. */
export {
  KEY_HASH_ANNOTATION,
  KEY_NAME_ANNOTATION,
  secretAnnotations,
  secretView,
  templateChecksum,
} from "./hashes.ts";
export { type KeepInput, keepKey, type KeepOptions, type KeyOutcome } from "./keep.ts";
export { mergeRecords, type RecordSides } from "./merge.ts";
export { isOwnKeyName } from "./names.ts";
export type { CoderWay, KeyCalls, KeyPorts } from "./ports.ts";
export { type KeyStatusFields, readRecord, writeRecord } from "./record_status.ts";
export type { LostKey } from "./removal.ts";
export { REVOKE_LIMIT_MS, type RevokeInput, revokeKeys, type RevokeOutcome } from "./revoke.ts";
export * from "./types.ts";
export type { KeyState } from "./words.ts";
