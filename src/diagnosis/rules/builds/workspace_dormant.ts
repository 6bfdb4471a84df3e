/** Nobody used the workspace, and Coder has put it to sleep. */
import type { Rule } from "../../types.ts";
import { shortTime } from "../../waiting.ts";
import { workspaceView } from "../../workspace_view.ts";
import { evidence } from "./steps.ts";
import { valueOf } from "../../seen.ts";

/** See the file's head. */
export const workspaceDormant: Rule = {
  id: "workspace-dormant",
  subjects: ["workspace"],
  needs: ["workspace", "build"],
  depth: 55,
  docs: {
    title: "The workspace is dormant",
    symptom: "The workspace is stopped and does not start by itself.",
    cause: "Nobody used it for as long as its template allows, or somebody made it dormant.",
    evidence: "Since when it is dormant, when it was last used, and when Coder deletes it.",
    remedy: "Start it: that ends its dormancy.",
  },
  find(facts) {
    const view = workspaceView(facts);
    if (view === undefined || view.dormantAt === "") return [];
    const { namespace, name, dormantAt, deletingAt, coderName } = view;
    const used = valueOf(facts.build)?.workspace.lastUsedAt;
    const end = deletingAt === "" ? "" : `, and Coder deletes it at ${shortTime(deletingAt)}`;
    const words = [
      "dormant",
      ...(used === undefined ? [] : [`last used ${shortTime(used)}`]),
      ...(deletingAt === "" ? [] : [`deleted at ${shortTime(deletingAt)}`]),
    ];
    return [{
      cause: `The workspace is dormant since ${shortTime(dormantAt)}${end}.`,
      confidence: "certain",
      evidence: [evidence(`workspace ${coderName || name} in Coder`, words.join("; "), dormantAt)],
      next: [{
        text: deletingAt === "" ? "Start it: that wakes it." : "Start it before then: that wakes it.",
        ...(coderName === "" ? {} : { command: `coder start ${coderName} --yes` }),
        tool: { name: "set_workspace_running", arguments: { namespace, name, running: true } },
      }],
    }];
  },
};
