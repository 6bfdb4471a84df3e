/** Options of a worker that runs in a Coder workspace, and the rules that concern them. */
import type { WorkerWorkspace } from "../../app/sandbox/config.ts";
import type { Mistake } from "../mistake.ts";
import { boolean, text } from "../values.ts";
import { optional, type Values } from "./option.ts";
import { coderId } from "./values.ts";

export const WORKSPACE = "In a Coder workspace";
const AMBIENT = "CODER_WORKSPACE_OWNER_SESSION_TOKEN";

export const workspaceOptions = {
  inWorkspace: optional(boolean(), {
    group: WORKSPACE,
    defaultText: "true where $CODER_WORKSPACE_ID and a session token are given, and no worker's token is",
    file: "worker",
    help:
      "Run sessions in this Coder workspace, as its user, with its files and programs: it isolates them. Needs no root.",
  }),
  workspaceId: optional(coderId(), {
    group: WORKSPACE,
    value: "id",
    variables: ["CODER_WORKSPACE_ID"],
    file: "worker",
    help:
      "The workspace's id (data.coder_workspace.me.id): the worker gets sessions in this workspace alone.",
  }),
  coderToken: optional(text("a Coder session token"), {
    group: WORKSPACE,
    value: "token",
    isSecret: true,
    variables: [AMBIENT],
    file: "worker",
    help:
      "A session token of the workspace's owner (data.coder_workspace_owner.me.session_token), for which the coordinator " +
      "gives the worker's token. As a flag it can be read in the process list (and warns).",
  }),
  coderTokenFile: optional(text("the path of a file with a session token"), {
    group: WORKSPACE,
    value: "file",
    isPath: true,
    file: "worker",
    help: "A file with that token, in place of the variable; read again each time.",
  }),
} as const;

type Key = keyof typeof workspaceOptions | "token" | "tokenFile" | "workerId" | "sharedWorkspaces";

export interface WorkspaceSources {
  readonly values: Partial<Values<typeof workspaceOptions>>;
  readonly where: (key: Key) => string;
  readonly isGiven: (key: Key) => boolean;
}

/** Undefined: the worker is in no workspace, or is not meant to look at it. */
export function workspaceOf(
  { values, where, isGiven }: WorkspaceSources,
): { readonly workspace?: WorkerWorkspace | undefined; readonly mistakes: readonly Mistake[] } {
  const isTokenGiven = isGiven("token") || isGiven("tokenFile");
  const hasCoders = isGiven("coderToken") || isGiven("coderTokenFile");
  const isFound = !isTokenGiven && hasCoders && isGiven("workspaceId");
  if (!(values.inWorkspace ?? isFound)) return { mistakes: [] };
  const mistakes: Mistake[] = [];
  const foundBy = isGiven("inWorkspace") ? where("inWorkspace") : where("workspaceId");
  for (const [key, why] of ALIEN) {
    if (isGiven(key) && where(key).startsWith("--")) mistakes.push({ where: where(key), what: why });
  }
  if (isTokenGiven) return { workspace: { foundBy }, mistakes };
  // What surrounds a workspace may have put its variable there: a file that somebody names is meant.
  const isAmbient = where("coderToken") === AMBIENT;
  if (isGiven("coderToken") && isGiven("coderTokenFile") && !isAmbient) {
    const other = where("coderToken");
    mistakes.push({
      where: where("coderTokenFile"),
      what: `cannot be given together with ${other}; choose one`,
    });
  }
  if (!isGiven("workspaceId")) {
    mistakes.push({
      where: where("workspaceId"),
      what: "is needed in a workspace (or CODER_WORKSPACE_ID): data.coder_workspace.me.id in the template",
    });
  }
  if (!hasCoders) {
    mistakes.push({
      where: where("coderTokenFile"),
      what: "is needed in a workspace (or CODER_WORKSPACE_OWNER_SESSION_TOKEN): " +
        "data.coder_workspace_owner.me.session_token in the template; or --token-file with a worker's token that is bound to " +
        "the workspace",
    });
  }
  const { workspaceId, coderTokenFile } = values;
  const coderToken = coderTokenFile === undefined ? values.coderToken : undefined;
  if (workspaceId === undefined) return { mistakes };
  return { workspace: { foundBy, exchange: { workspaceId, coderToken, coderTokenFile } }, mistakes };
}

const ALIEN: readonly (readonly [key: Key, why: string])[] = [
  ["workerId", "does nothing in a workspace: the worker is called after it"],
  ["sharedWorkspaces", "does nothing in a workspace: its files are its own"],
];
