/**
 * What a proxy looks like in Coder: as the spec says, and where it says nothing as Coder has it. A new proxy carries a
 * mark in its icon until it is on record: the answer that would have told its id may have been lost.
 */
import type { ProxyFace, WorkspaceProxy } from "../../coder/mod.ts";

/** What the spec says; empty leaves it to Coder. */
export interface WantedFace {
  readonly name: string;
  readonly displayName: string;
  readonly icon: string;
}

/** Coder changes no proxy that has no icon: this is that of one to which nobody gave any. */
export const DEFAULT_ICON = "/emojis/1f310.png";

/** Behind a `#`, where browsers do not look. */
const MARK = /#coder-k8s-[0-9A-Za-z-]*$/;

/** For a new proxy. `name`: that under which it was begun. `uid`: of the resource. */
export function newFace({ displayName, icon }: WantedFace, name: string, uid: string): ProxyFace {
  return {
    name,
    displayName: displayName === "" ? name : displayName,
    icon: `${icon === "" ? DEFAULT_ICON : icon}#coder-k8s-${uid}`,
  };
}

/** For a proxy that there is. None of its parts is empty, for Coder refuses that in a change. */
export function faceOf({ name, displayName, icon }: WantedFace, live: WorkspaceProxy): ProxyFace {
  return {
    name,
    displayName: firstOf(displayName, live.display_name, name),
    icon: firstOf(icon, live.icon_url.replace(MARK, ""), DEFAULT_ICON),
  };
}

/** True where Coder must be told. An icon or a display name that nobody asked for is left as it is, absent ones too. */
export function differs({ name, displayName, icon }: WantedFace, live: WorkspaceProxy): boolean {
  return live.name !== name || (displayName !== "" && live.display_name !== displayName) ||
    (icon !== "" && live.icon_url !== icon) || MARK.test(live.icon_url);
}

/** True for a proxy that was made for the resource with this UID, and is not on record yet. */
export function isMarked(live: WorkspaceProxy, uid: string): boolean {
  return uid !== "" && live.icon_url.endsWith(`#coder-k8s-${uid}`);
}

function firstOf(...texts: readonly string[]): string {
  return texts.find((text) => text !== "") ?? "";
}
