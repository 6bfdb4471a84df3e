/** Diagnosing: one call, whose first cause is the answer. */
import type { Script } from "./talk.ts";

interface Told {
  readonly state: string;
  readonly causes: readonly { readonly cause: string; readonly next: readonly { readonly text: string }[] }[];
}

/** Asks for a diagnosis, and tells its first cause and what to do. */
function diagnosed(tool: string, name: string): Script {
  return async (talk) => {
    const { state, causes: [first] } = (await talk.ask(tool, { name })).output as Told;
    return first === undefined
      ? `Nothing is wrong, as far as I see: ${state}`
      : `${first.cause} ${first.next[0]?.text ?? ""}`;
  };
}

const workspace = (name: string) => diagnosed("diagnose_workspace", `coder.ann.${name}`);

/** By the id of the task. */
export const DIAGNOSING: Readonly<Record<string, Script>> = {
  "no-provisioner": workspace("train"),
  "terraform-error": workspace("dev"),
  canceled: workspace("dev"),
  "gone-to-sleep": workspace("dev"),
  "agent-lost": workspace("dev"),
  "no-such-image": workspace("dev"),
  "crash-loop": workspace("dev"),
  "out-of-memory": workspace("dev"),
  "no-room": workspace("big"),
  "no-volume": workspace("dev"),
  "database-away": diagnosed("diagnose_control_plane", "coder"),
  "provisioner-gone": diagnosed("diagnose_provisioner", "builders"),
  "all-is-well": workspace("dev"),
};
