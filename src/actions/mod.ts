/** The door of the room: what can be done to workspaces, once, for every front door. */
export { type AuditCall, type AuditEntry, type AuditSink, noAudit } from "./audit.ts";
export type { OpenAs } from "./calls.ts";
export { ActionError, type Cause, type RefusalReason } from "./error.ts";
export type { BuildChange } from "./workspaces/accept.ts";
export {
  type ActionContext,
  type ActionResult,
  createWorkspaceActions,
  type WorkspaceActions,
  type WorkspaceChange,
} from "./workspaces/actions.ts";
export type { Creation } from "./workspaces/create.ts";
export { isRunningWanted, isSettled } from "./workspaces/decide.ts";
export { Keeper, type KeeperOptions, type OnRefused } from "./workspaces/keeper.ts";
export type { SettingsChange } from "./workspaces/settings.ts";
export { MemoryWishStore, type StoredWish, type WishStore } from "./workspaces/store.ts";
export { Turns } from "./workspaces/turns.ts";
export { keyOf, SENT_MS, type WishRecord, wishRecordSchema } from "./workspaces/types.ts";
export type { ActionClient, ActionCopy, ActionWorld } from "./workspaces/world.ts";
