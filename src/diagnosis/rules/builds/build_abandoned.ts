/** The provisioner of a build went away while it worked on it. */
import { kubectl } from "../../pods/steps.ts";
import type { Rule } from "../../types.ts";
import { failedBuild } from "./failed_build.ts";
import { buildSource, evidence, tryAgain, whichCoder } from "./steps.ts";

/** See the file's head. */
export const buildAbandoned: Rule = {
  id: "build-abandoned",
  subjects: ["workspace"],
  needs: ["build"],
  depth: 60,
  explains: ["terraform-error"],
  docs: {
    title: "The provisioner went away in the middle of a build",
    symptom: "The workspace is failed; its build was ended by Coder minutes after it had last been heard of.",
    cause: "The provisioner daemon was killed or lost its connection while Terraform ran.",
    evidence: "The build's error, which says that it was taken for hung.",
    remedy: "Build again, and see why the provisioner ended. What Terraform had made is in no state file.",
  },
  find(facts) {
    const failed = failedBuild(facts);
    if (failed?.kind !== "abandoned") return [];
    const { view, error } = failed;
    const { number, transition, endedAt } = view.build;
    return [{
      cause:
        `The provisioner of build ${number} (${transition}) went away while it worked on it, and Coder gave ` +
        "the build up.",
      confidence: "certain",
      evidence: [evidence(buildSource(view), error, endedAt)],
      next: [
        tryAgain(view, "Build it again."),
        {
          text: "See which provisioners were lost.",
          command: kubectl(view.namespace, "get", "coderprovisioners", "-o", "wide"),
          tool: { name: "list_provisioner_daemons", arguments: { ...whichCoder(view), offline: true } },
        },
      ],
    }];
  },
};
