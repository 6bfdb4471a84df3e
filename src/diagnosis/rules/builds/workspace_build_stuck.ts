/** A build that should long be over. */
import { tagText } from "../../../coder/mod.ts";
import { lastWords } from "../../build_log.ts";
import type { Facts } from "../../facts.ts";
import { kubectl } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, Finding, Rule } from "../../types.ts";
import { noneConnected, shortTime, type Waiting, waitingOf } from "../../waiting.ts";
import { type WorkspaceView, workspaceView } from "../../workspace_view.ts";
import { buildSource, cancelBuild, evidence, readTheLog, seeBuild, whichCoder } from "./steps.ts";

const MINUTE_MS = 60_000;
/** How long a build may run before somebody should look. */
const LONG_MS = 15 * MINUTE_MS;
/** How long a cancellation may take. */
const CANCELING_MS = 5 * MINUTE_MS;
/** How long a build may wait although somebody is free to take it, and where it is not known who is. */
const IDLE_MS = 2 * MINUTE_MS;
const UNKNOWN_MS = 5 * MINUTE_MS;

const UNDER_WAY = new Set(["starting", "stopping", "deleting"]);

/** See the file's head. */
export const workspaceBuildStuck: Rule = {
  id: "workspace-build-stuck",
  subjects: ["workspace"],
  needs: ["build", "buildLog", "daemons"],
  depth: 25,
  docs: {
    title: "The build does not come to an end",
    symptom: "The workspace is starting, stopping or pending for many minutes.",
    cause: "Terraform waits for something that does not come, or a provisioner does not take what it should.",
    evidence: "Since when the build runs, and the last line of its log.",
    remedy: "See what it waits for; cancel the build if that will not come.",
  },
  find(facts) {
    const view = workspaceView(facts);
    if (view === undefined) return [];
    return UNDER_WAY.has(view.status)
      ? slow(facts, view, LONG_MS, view.build.startedAt || view.build.createdAt, "runs")
      : view.status === "canceling"
      ? slow(facts, view, CANCELING_MS, view.build.canceledAt || view.build.createdAt, "is being cancelled")
      : untaken(facts, view);
  },
};

function slow(facts: Facts, view: WorkspaceView, ms: number, since: string, does: string): Finding[] {
  const lasted = facts.now - Date.parse(since);
  if (!(lasted > ms)) return [];
  const { number, transition } = view.build;
  const last = lastWords(valueOf(facts.buildLog) ?? []);
  const silent = last?.at === undefined ? 0 : Math.floor((facts.now - Date.parse(last.at)) / MINUTE_MS);
  const words = silent >= 1 ? `; its log has been silent for ${minutes(silent)}` : "";
  return [{
    cause: `Build ${number} (${transition}) ${does} for ${minutes(Math.floor(lasted / MINUTE_MS))}, since ${
      shortTime(since)
    }${words}.`,
    confidence: "likely",
    evidence: [
      ...(last === undefined ? [] : [
        evidence(`log of build ${number}${last.stage === "" ? "" : `, ${last.stage}`}`, last.text, last.at),
      ]),
      evidence(buildSource(view), view.status, since),
    ],
    next: [readTheLog(view), seeBuild(view), cancelBuild(view)],
  }];
}

function untaken(facts: Facts, view: WorkspaceView): Finding[] {
  const waiting = waitingOf(facts);
  if (waiting !== undefined && waiting.fit === undefined) return unknown(view, waiting);
  if (waiting?.fit === undefined || waiting.fit.idle.length === 0 || waiting.waited < IDLE_MS) return [];
  const names = waiting.fit.idle.slice(0, 4).map(({ name }) => name).join(", ");
  const quotes: Evidence[] = [
    evidence(buildSource(view), "pending", waiting.since),
    evidence(`provisioner daemons of ${view.organization} in Coder`, `idle: ${names}`),
  ];
  return [{
    cause: `Build ${view.build.number} (${view.build.transition}) waits since ${
      shortTime(waiting.since)
    } although provisioners that may take it are idle: ${names}.`,
    confidence: "likely",
    evidence: quotes,
    next: [
      {
        text: "See what the provisioners work on, and whether they are the same version as Coder.",
        tool: { name: "list_provisioner_jobs", arguments: whichCoder(view) },
      },
      seeBuild(view),
    ],
  }];
}

/** Who may take it could not be read. */
function unknown(view: WorkspaceView, waiting: Waiting): Finding[] {
  if (waiting.waited < UNKNOWN_MS || noneConnected(waiting) !== undefined) return [];
  const { since, tags, waited } = waiting;
  return [{
    cause: `No provisioner with ${tags} has taken build ${view.build.number} (${view.build.transition}) for ${
      minutes(Math.floor(waited / MINUTE_MS))
    }, since ${shortTime(since)}; which are connected could not be read.`,
    confidence: "likely",
    evidence: [
      evidence(buildSource(view), `pending, tags of its job: ${tagText(waiting.jobTags) ?? "none"}`, since),
    ],
    next: [{
      text: "Have a template administrator of Coder see which provisioners are connected.",
      command: kubectl(view.namespace, "get", "coderprovisioners", "-o", "wide"),
      tool: { name: "list_provisioner_daemons", arguments: { ...whichCoder(view), offline: true } },
    }],
  }];
}

function minutes(count: number): string {
  return count === 1 ? "1 minute" : `${count} minutes`;
}
