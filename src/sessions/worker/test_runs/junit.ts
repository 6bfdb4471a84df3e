/** Reports in the manner of JUnit. */
import { type Case, resultsOf } from "./results.ts";
import type { Results } from "./types.ts";
import { type Element, parseXml, XmlError } from "./xml.ts";

/** One `testcase`, with what became of it. */
export interface JunitCase {
  readonly attributes: Readonly<Record<string, string>>;
  readonly status: Case["status"];
  /** Of its failure: what the element says, and what is in it. */
  readonly message: string;
  readonly text: string;
}

/** The results in a report; `describe` says how a framework names its tests. Undefined where it is no such report. */
export function parseJunit(
  report: string,
  describe: (one: JunitCase) => Omit<Case, "status">,
): Results | undefined {
  let root: Element;
  try {
    root = parseXml(report);
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
  if (root.name !== "testsuites" && root.name !== "testsuite") return undefined;
  return resultsOf(cases(root).map((one) => ({ ...describe(one), status: one.status })));
}

function* cases({ children }: Element): Generator<JunitCase, undefined, undefined> {
  for (const child of children) {
    if (child.name === "testsuite") yield* cases(child);
    else if (child.name === "testcase") yield caseOf(child);
  }
}

function caseOf({ attributes, children }: Element): JunitCase {
  const found = (name: string) => children.find((child) => child.name === name);
  const trouble = found("error") ?? found("failure");
  return {
    attributes,
    status: trouble !== undefined
      ? trouble.name === "error" ? "error" : "failed"
      : found("skipped") !== undefined
      ? "skipped"
      : "passed",
    message: trouble?.attributes["message"] ?? "",
    text: trouble?.text ?? "",
  };
}
