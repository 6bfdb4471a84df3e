/** Makes the rules about Coder's database: they differ in what is said and in what helps. */
import { oneLine } from "../../pods/trouble.ts";
import { kubectl } from "../../pods/steps.ts";
import { editOwner, since } from "../../owner_steps.ts";
import type { OwnerView } from "../../owner_view.ts";
import { SUBJECT_KINDS } from "../../subject.ts";
import type { NextStep, Rule } from "../../types.ts";
import { databaseSaid, type DatabaseTrouble } from "./postgres_words.ts";

/** What follows from a database that Coder has not. */
const FOLLOWS: readonly string[] = [
  "agent-lost",
  "agent-never-connected",
  "coder-access-lost",
  "coder-unreachable",
  "control-plane-not-ready",
  "crash-loop",
  "deployment-unavailable",
  "ingress-without-backend",
  "provisioner-control-plane-not-ready",
  "provisioner-not-connected",
  "proxy-unreachable",
  "readiness-failing",
  "rollout-stuck",
  "upgrade-stopped",
];

interface DatabaseRule {
  readonly id: string;
  readonly troubles: readonly DatabaseTrouble[];
  readonly docs: Rule["docs"];
  /** Ends with no period; the words follow. */
  cause(controlPlane: OwnerView, since: string): string;
  readonly next: (controlPlane: OwnerView) => readonly NextStep[];
}

/** Makes one. */
export function databaseRule({ id, troubles, docs, cause, next }: DatabaseRule): Rule {
  return {
    id,
    subjects: SUBJECT_KINDS,
    needs: ["controlPlane"],
    depth: 92,
    explains: FOLLOWS,
    docs,
    find(facts) {
      const said = databaseSaid(facts);
      if (said === undefined || !troubles.includes(said.trouble)) return [];
      const { controlPlane, evidence, byCoder, at, words } = said;
      const alone = byCoder ? "" : ", as the operator finds";
      return [{
        cause: `${cause(controlPlane, `${alone}${since(at)}`)}: ${oneLine(words).slice(0, 300)}`,
        confidence: byCoder ? "certain" : "likely",
        evidence,
        next: next(controlPlane),
      }];
    },
  };
}

/** Where the connection URL is given. */
export function editDatabase(controlPlane: OwnerView, what: string): NextStep {
  return editOwner(
    controlPlane,
    `Correct ${what} in CODER_PG_CONNECTION_URL: in the Secret that the spec names for it, or in spec.extraEnv.`,
  );
}

/** What Coder itself says of it. */
export function readCoderLog({ namespace, name }: OwnerView): NextStep {
  return {
    text: "Read what Coder says of its database.",
    command: kubectl(namespace, "logs", `deployment/${name}`, "-c", "coder", "--tail=50"),
    tool: { name: "list_control_plane_pods", arguments: { namespace, name } },
  };
}
