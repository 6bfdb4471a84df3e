/** Somebody cancelled the latest build. */
import type { Rule } from "../../types.ts";
import { shortTime } from "../../waiting.ts";
import { failedBuild } from "./failed_build.ts";
import { buildSource, evidence, tryAgain } from "./steps.ts";

/** See the file's head. */
export const buildCanceled: Rule = {
  id: "build-canceled",
  subjects: ["workspace"],
  needs: ["build"],
  depth: 50,
  docs: {
    title: "The build was cancelled",
    symptom: "The workspace is canceled; one whose build already ran is failed.",
    cause: "Somebody cancelled the build before it was over. Coder does not keep who.",
    evidence: "When the build was asked for, by whom, and when it was cancelled.",
    remedy: "Build it again.",
  },
  find(facts) {
    const failed = failedBuild(facts);
    if (failed?.kind !== "canceled") return [];
    const { view, error } = failed;
    const { number, transition, initiator, reason, canceledAt, endedAt, createdAt } = view.build;
    const when = canceledAt || endedAt;
    const by = initiator === "" ? "" : `, which ${initiator} asked for,`;
    const whose = `asked for by ${initiator || "nobody known"}${reason === "" ? "" : ` (${reason})`}`;
    return [{
      cause: `Build ${number} (${transition})${by} was cancelled${
        when === "" ? "" : ` at ${shortTime(when)}`
      }.`,
      confidence: "certain",
      evidence: [
        evidence(buildSource(view), error === "" ? "cancelled" : `cancelled: ${error}`, when),
        evidence(buildSource(view), whose, createdAt),
      ],
      next: [tryAgain(view, transition === "start" ? "Start it again." : "Build it again.")],
    }];
  },
};
