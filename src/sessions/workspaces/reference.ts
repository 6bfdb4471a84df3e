/** Which workspace somebody means. Pure. */
import { SessionError } from "../types.ts";

/** By id, or by name. */
export interface WorkspaceReference {
  readonly id?: string | undefined;
  /** Absent: the caller's own. */
  readonly owner?: string | undefined;
  readonly name: string;
  /** Of the organization, where that was said: it must be this one. */
  readonly organization?: string | undefined;
  readonly agent?: string | undefined;
}

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=$|\.)/i;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$/;

/** @throws {SessionError} `invalid` */
export function readReference(text: string): WorkspaceReference {
  const id = ID.exec(text)?.[0];
  if (id !== undefined) {
    const agent = text.slice(id.length + 1);
    if (text.length > id.length && !LABEL.test(agent)) throw unreadable(text);
    return { id: id.toLowerCase(), name: "", agent: agent === "" ? undefined : agent };
  }
  const [first = "", second, ...more] = text.split("/");
  const owner = second === undefined ? undefined : first;
  const labels = (second ?? first).split(".");
  if (more.length > 0 || ![...labels, owner ?? "me"].every((label) => LABEL.test(label))) {
    throw unreadable(text);
  }
  // As tools and kubectl name it: organization, owner, workspace.
  if (owner === undefined && (labels.length === 3 || labels.length === 4)) {
    const [organization, owner, name = "", agent] = labels;
    return { organization, owner, name, agent };
  }
  if (labels.length > 2) throw unreadable(text);
  const [name = "", agent] = labels;
  return { owner: owner === "me" ? undefined : owner, name, agent };
}

function unreadable(text: string): SessionError {
  return new SessionError(
    "invalid",
    `${JSON.stringify(text.slice(0, 128))} names no workspace: give name (one of yours), owner/name, ` +
      "organization.owner.name or the workspace's id; .agent after it where it has several agents",
  );
}
