/** The door of the room: where templates come from. */
export { SourceError, type SourceReason } from "./errors.ts";
export { SourceFollower } from "./follow/follower.ts";
export type { FollowedTemplate, FollowerOptions, SourceRecords } from "./follow/ports.ts";
export { type KeptRecord, RECONCILE_AT, type RecordStore, sourceRecords } from "./follow/records.ts";
export { createSourceReader } from "./reader.ts";
export type {
  SecretData,
  SourceContent,
  SourceLimits,
  SourceReader,
  SourceRequest,
  TemplateSource,
} from "./types.ts";
