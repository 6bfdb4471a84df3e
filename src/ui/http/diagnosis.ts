/** `GET /ui/api/diagnosis`: why something is not up, with the rights of who asks. */
import { diagnose, type Diagnosis, NoSubjectError, RULES, SUBJECT_KINDS } from "../../diagnosis/mod.ts";
import type { Visitor } from "../../mcp/surface.ts";
import { ToolError, toolError } from "../../mcp/errors.ts";
import type { DiagnosisAnswer } from "../types.ts";
import { textOf } from "../sources/words.ts";

/** Of one sentence. */
const LONGEST = 800;
const MOST_NOT_SEEN = 5;
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** @throws {ToolError} */
export async function diagnosisFor(
  query: URLSearchParams,
  { cluster, coders }: Visitor,
  { now, signal }: { readonly now: () => number; readonly signal: AbortSignal },
): Promise<DiagnosisAnswer> {
  const [kind, namespace = "", name = ""] = ["kind", "namespace", "name"].map((key) => query.get(key) ?? "");
  const known = SUBJECT_KINDS.find((one) => one === kind);
  if (known === undefined) throw new ToolError("invalid", `kind must be one of ${SUBJECT_KINDS.join(", ")}`);
  if (!NAME.test(namespace) || !NAME.test(name)) {
    throw new ToolError("invalid", "namespace and name must be those of an object");
  }
  const what = `diagnose ${known} ${namespace}/${name}`;
  try {
    return answerOf(await diagnose({ kind: known, namespace, name }, { cluster, coders, now }, { signal }));
  } catch (error) {
    if (error instanceof NoSubjectError) throw new ToolError(error.code, error.message, { cause: error });
    throw toolError(error, what);
  }
}

/** As people read it. */
export function answerOf({ state, causes, notSeen }: Diagnosis): DiagnosisAnswer {
  const unseen = notSeen.slice(0, MOST_NOT_SEEN).map(({ what, why }) => `${what} (${why})`);
  const more = notSeen.length - unseen.length;
  const hidden = [...unseen, ...more > 0 ? [`${more} more`] : []].join(", ");
  return {
    summary: [textOf(state, LONGEST), hidden === "" ? "" : textOf(`Not seen: ${hidden}.`, LONGEST)]
      .filter((text) => text !== "").join(" "),
    causes: causes.map(({ rule, cause, confidence, evidence, next }) => ({
      title: RULES.find(({ id }) => id === rule)?.docs.title ?? rule,
      why: [cause, ...evidence.map(({ source, quote }) => `${source}: ${quote}`)]
        .map((text) => textOf(text, LONGEST)).join("\n"),
      steps: next.map(({ text, command }) =>
        // Half a command would be another one.
        command === undefined || command.length > LONGEST
          ? textOf(text, LONGEST)
          : `${textOf(text, LONGEST)}: ${command}`
      ),
      certainty: confidence,
    })),
  };
}
