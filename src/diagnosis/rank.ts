/** The order of causes, and how much of each is told. */
import { oneLine } from "./pods/trouble.ts";
import { type Cause, CONFIDENCES, type Evidence, type Finding, type Rule } from "./types.ts";

const MOST_CAUSES = 5;
const MOST_OF_ONE_RULE = 2;
const MOST_EVIDENCE = 3;
const MOST_STEPS = 3;
/** What comes after the first causes is told in fewer words. */
const MAIN_CAUSES = 2;
const LONGEST_QUOTE = 400;

/** A rule with what it has found. */
export interface Found {
  readonly rule: Rule;
  readonly findings: readonly Finding[];
}

/**
 * The most probable root first: what others explain comes last, then the surest, then the deepest. What a deeper cause
 * says with the same words is left out, and all is cut to what somebody reads.
 */
export function ranked(found: readonly Found[]): Cause[] {
  const hits = found.filter(({ findings }) => findings.length > 0);
  const explained = new Set(hits.flatMap(({ rule }) => rule.explains ?? []));
  const told = hits.flatMap(({ rule, findings }) =>
    findings.slice(0, MOST_OF_ONE_RULE).map((finding) => ({ rule, finding }))
  );
  return told
    .filter((hit) => !told.some((other) => saysAll(other, hit)))
    .sort((a, b) =>
      Number(explained.has(a.rule.id)) - Number(explained.has(b.rule.id)) ||
      CONFIDENCES.indexOf(a.finding.confidence) - CONFIDENCES.indexOf(b.finding.confidence) ||
      b.rule.depth - a.rule.depth ||
      (a.rule.id < b.rule.id ? -1 : 1)
    )
    .slice(0, MOST_CAUSES)
    .map(({ rule, finding }, index) => cut(rule.id, finding, index < MAIN_CAUSES));
}

interface Hit {
  readonly rule: Rule;
  readonly finding: Finding;
}

/** The deeper cause is proven by the very words that prove the other one: that adds nothing. */
function saysAll(deeper: Hit, { rule, finding }: Hit): boolean {
  const [proof] = finding.evidence;
  if (proof === undefined || deeper.rule.explains?.includes(rule.id) !== true) return false;
  if (rule.explains?.includes(deeper.rule.id) === true) return false;
  return deeper.finding.evidence.some(({ quote }) => oneLine(quote) === oneLine(proof.quote));
}

function cut(rule: string, { cause, confidence, evidence, next }: Finding, isMain: boolean): Cause {
  return {
    rule,
    cause: oneLine(cause),
    confidence,
    evidence: evidence.slice(0, isMain ? MOST_EVIDENCE : 1).map(quoted),
    next: next.slice(0, isMain ? MOST_STEPS : 1),
  };
}

function quoted({ source, at, quote }: Evidence): Evidence {
  const line = oneLine(quote);
  return {
    source: oneLine(source),
    ...(at === undefined ? {} : { at }),
    quote: line.length <= LONGEST_QUOTE
      ? line
      : `${line.slice(0, LONGEST_QUOTE - 1).toWellFormed().replace(/\ufffd$/, "")}…`,
  };
}
