/** The end of a visit: what is in Coder is deleted where that is wanted, and only then the operator's own access. */
import { CoderError, isUnauthorized } from "../../coder/mod.ts";
import { NotYetError } from "../../operator/visit/visit.ts";
import { visitFailure } from "../../operator/visit/failure.ts";
import { conditionOf, type ConditionUpdate } from "../../workload/conditions.ts";
import { readTokenSecret } from "../coder/access/token_secret.ts";
import { tokenSecretKey } from "../coder/secrets.ts";
import type { Visit, VisitStep, VisitTools } from "../coder/visit.ts";
import { Contents, type Round } from "./contents.ts";
import { countOf, leftIn, wordsForLeft } from "./left.ts";
import { CONTENTS, deletionPolicy, wayOut } from "./policy.ts";

/** Between two rounds, in milliseconds. */
const ROUND_MS = 3_000;
/** More failures than these are counted alone. */
const MOST_FAILURES = 5;

/** `access`, with an end that waits for what is deleted with its token. */
export function contentsFirst(access: VisitStep): VisitStep {
  /** By UID. */
  const works = new Map<string, Contents>();

  function workOf({ object: { metadata }, log }: Visit, { now, redact }: VisitTools): Contents {
    const { uid = "", namespace, name } = metadata;
    const known = works.get(uid);
    if (known !== undefined) return known;
    const by = `deletion of CoderControlPlane ${namespace}/${name}`;
    const work = new Contents({ by, log, redact, now: () => now().getTime() });
    works.set(uid, work);
    return work;
  }

  return {
    name: access.name,
    run: (visit, tools) => access.run(visit, tools),
    async end(visit, tools) {
      if (isWanted(visit)) {
        const update = await proceed(visit, tools, workOf(visit, tools));
        visit.report.condition(update);
        visit.report.lookAgain(ROUND_MS);
        // Until it is on record that this is over, the token is needed.
        throw new NotYetError(update.message);
      }
      await access.end?.(visit, tools);
    },
    forget(uid) {
      works.delete(uid);
      access.forget?.(uid);
    },
  };
}

/** It is asked for, and nobody has said yet that it is over. */
function isWanted({ object }: Visit): boolean {
  return deletionPolicy(object).policy === "Delete" &&
    conditionOf(object.status?.conditions, CONTENTS)?.status !== "False";
}

async function proceed(visit: Visit, tools: VisitTools, work: Contents): Promise<ConditionUpdate> {
  try {
    const token = await tokenOf(visit, tools);
    if (token === undefined) {
      return blocked(visit, work, "NoAccess", "The operator has no token for Coder");
    }
    tools.keepSecret(token);
    const round = await work.round(visit.client(token), visit.signal);
    for (const note of round.news) {
      tools.events.event(visit.object, "Warning", "ContentsDeletionFailed", note, "Delete");
    }
    return told(visit, round);
  } catch (error) {
    visit.signal.throwIfAborted();
    const { message } = visitFailure(error, tools.redact);
    const reason = isUnauthorized(error) ? "NoAccess" : error instanceof CoderError ? "CoderAway" : "Failed";
    return blocked(visit, work, reason, message);
  }
}

/** Of the Secret, or of the one that had its place before. */
async function tokenOf(visit: Visit, tools: VisitTools): Promise<string | undefined> {
  const { controlPlane, key: { namespace } } = visit;
  const names = [tokenSecretKey(controlPlane).secret.name, controlPlane.status.operatorTokenSecretRef?.name];
  for (const name of new Set(names)) {
    if (name === undefined) continue;
    const found = await readTokenSecret(visit, tools, { namespace, name });
    if (found.state === "held") return found.token;
  }
  return undefined;
}

function told(visit: Visit, { left, building, failures }: Round): ConditionUpdate {
  if (countOf(left) === 0) {
    const message = "All workspaces and templates in Coder are deleted";
    return { type: CONTENTS, status: "False", reason: "Deleted", message };
  }
  const words = [wordsForLeft(left)];
  if (building > 0) words.push(`${building} workspace${building === 1 ? " is" : "s are"} being deleted`);
  if (failures.length > 0) words.push(...fewOf(failures), wayOut(visit.object));
  const reason = failures.length > 0 ? "DeletionFails" : "Deleting";
  return { type: CONTENTS, status: "True", reason, message: words.join(". ") };
}

function fewOf(failures: readonly string[]): string[] {
  const more = failures.length - MOST_FAILURES;
  return [...failures.slice(0, MOST_FAILURES), ...(more > 0 ? [`${more} more cannot be deleted now`] : [])];
}

/** What was seen last, here or before a restart, stays said. */
function blocked(
  { object }: Visit,
  { last }: Contents,
  reason: "NoAccess" | "CoderAway" | "Failed",
  message: string,
): ConditionUpdate {
  const before = conditionOf(object.status?.conditions, CONTENTS)?.message;
  const left = last === undefined ? leftIn(before) : wordsForLeft(last);
  const words = [left ?? "Left in Coder: unknown", message, wayOut(object)];
  return { type: CONTENTS, status: "True", reason, message: words.join(". ") };
}
