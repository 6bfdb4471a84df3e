/** Changing templates. */
export { TemplateActions, type TemplateActionsOptions } from "./actions.ts";
export { type ChangeCondition, conditionOf } from "./conditions.ts";
export type { CreateResult, NewTemplateRequest } from "./create.ts";
export type { FilesChange, Source } from "./files.ts";
export type { Progress } from "./follow.ts";
export { type BuildWait, DEFAULT_WAIT } from "./poll.ts";
export { type ChangeStore, MemoryChangeStore, type StoredChange } from "./store.ts";
export {
  type ChangeFailure,
  type ChangeRecord,
  changeRecordSchema,
  type FilesState,
  type FirstSettings,
  type Request,
  type TemplateSettingsChange,
  type VersionInputs,
} from "./types.ts";
export type { TemplateUpdate, UpdateResult } from "./update.ts";
export type { TemplateAuditEntry } from "../audit.ts";
export type { TemplateClient, TemplateCopy, TemplateRef, TemplateWorld } from "./world.ts";
