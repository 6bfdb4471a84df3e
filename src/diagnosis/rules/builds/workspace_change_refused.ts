/** A change that had waited was refused by Coder. */
import type { Rule } from "../../types.ts";
import { oneLine } from "../../pods/trouble.ts";
import { workspaceView } from "../../workspace_view.ts";
import { isAboutParameters, isAboutVariables, isAboutVersion } from "./refusal.ts";
import { evidence, seeBuild } from "./steps.ts";

const LONGEST = 240;
const KNOWN = [isAboutVariables, isAboutVersion, isAboutParameters];

/** See the file's head. */
export const workspaceChangeRefused: Rule = {
  id: "workspace-change-refused",
  subjects: ["workspace"],
  needs: ["workspace"],
  depth: 30,
  docs: {
    title: "A change of the workspace was refused",
    symptom: "Somebody changed the workspace's object, and it stayed as it was.",
    cause: "The change had to wait for a build, and Coder refused it when its turn came.",
    evidence: "The condition ChangePending, with Coder's words.",
    remedy: "Correct what Coder names, and make the change again.",
  },
  find(facts) {
    const view = workspaceView(facts);
    if (view?.refusal === undefined) return [];
    // Where other rules know what the words are about, they say more.
    if (KNOWN.some((isAbout) => isAbout(view.refusal?.message ?? ""))) return [];
    const { refusal: { message, at }, namespace, name } = view;
    const words = oneLine(message);
    const short = words.length <= LONGEST ? words : `${words.slice(0, LONGEST - 1).toWellFormed()}…`;
    return [{
      cause: `Coder refused a change of the workspace: ${short}`,
      confidence: "certain",
      evidence: [evidence("condition ChangePending of the workspace", `Refused: ${message}`, at)],
      next: [
        seeBuild(view),
        {
          text: "Make the change again once what Coder names is corrected.",
          command: `kubectl -n ${namespace} edit coderworkspace ${name}`,
          tool: { name: "get_workspace", arguments: { namespace, name } },
        },
      ],
    }];
  },
};
