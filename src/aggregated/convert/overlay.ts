/** What is shown of an object beside what Coder says of it. */
import type { ChangeRecord } from "../../actions/templates/mod.ts";
import type { WishRecord } from "../../actions/mod.ts";
import type { ShadowRecord } from "../../shadow/mod.ts";

/** All of it is plain data that every replica has, so that all show the same. */
export interface Overlay {
  readonly shadow?: ShadowRecord | undefined;
  /** Of a workspace: what somebody wishes of it, and is not so yet. */
  readonly wish?: WishRecord | undefined;
  /** Of a template: the change of its files that is under way, or has failed. */
  readonly change?: ChangeRecord | undefined;
}

export const NO_OVERLAY: Overlay = {};

/**
 * The change whose files are those that somebody wants: under way, or failed and nobody has asked for anything else since.
 * Not one that is only tried, as that of a source is, nor one that somebody else's version has taken the place of.
 */
export function wantedFiles(change: ChangeRecord | undefined): ChangeRecord | undefined {
  return change?.hold === true || change?.failure?.reason === "Superseded" ? undefined : change;
}
