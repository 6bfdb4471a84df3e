/** Collects, applies the rules, ranks, and says it. */
import { type Collector, COLLECTORS } from "./collect/mod.ts";
import type { FactName, Facts } from "./facts.ts";
import { Looker } from "./look.ts";
import { oneLine } from "./pods/trouble.ts";
import { type Found, ranked } from "./rank.ts";
import { RULES } from "./rules/mod.ts";
import { STATES } from "./states/mod.ts";
import type { Subject, SubjectKind } from "./subject.ts";
import type { Diagnosis, Rule } from "./types.ts";
import type { DiagnosisWorld } from "./world.ts";

/** All looks together, in milliseconds: an answer is there within five seconds. */
export const DIAGNOSIS_MS = 4_500;

export interface DiagnoseOptions {
  /** Ends it; rejects with its reason. */
  readonly signal: AbortSignal;
  /** @default {DIAGNOSIS_MS} */
  readonly deadlineMs?: number | undefined;
  /** @default the one for its kind */
  readonly collector?: Collector | undefined;
}

/** Why something was not seen that broke on our side. Tests look for it. */
export const MISTAKE = "this is a mistake in coder-k8s: please report it";

/** The subject is not there, or may not be seen: there is nothing to diagnose. */
export class NoSubjectError extends Error {
  override readonly name = "NoSubjectError";

  constructor(readonly code: "not_found" | "forbidden", message: string) {
    super(message);
  }
}

/** The fact that is the subject itself. */
const OWN: Readonly<Record<SubjectKind, FactName>> = {
  workspace: "workspace",
  controlplane: "controlPlane",
  provisioner: "provisioner",
  proxy: "proxy",
};

/** What keeps an object from being up, and how that is known. @throws {NoSubjectError} */
export async function diagnose(
  subject: Subject,
  world: DiagnosisWorld,
  { signal, deadlineMs = DIAGNOSIS_MS, collector = COLLECTORS[subject.kind] }: DiagnoseOptions,
): Promise<Diagnosis> {
  signal.throwIfAborted();
  const end = new AbortController();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const stop = () => {
    end.abort(new DOMException("the diagnosis is over", "TimeoutError"));
    resolve();
  };
  const timer = setTimeout(stop, deadlineMs);
  signal.addEventListener("abort", stop, { once: true });
  const looker = new Looker(subject, world, end.signal);
  const mistakes: string[] = [];
  try {
    const collecting = collector(looker).catch((error: unknown) => {
      mistakes.push(mistake("collecting evidence", error));
    });
    await Promise.race([collecting, ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
  const facts = looker.facts();
  stop();
  requireSubject(facts);
  const concluded = conclude(facts);
  const notSeen = [...concluded.notSeen, ...mistakes.map((what) => ({ what, why: MISTAKE }))];
  return { ...concluded, notSeen, calls: { ...looker.calls } };
}

/** What follows from facts alone. */
export function conclude(facts: Facts, rules: readonly Rule[] = RULES): Omit<Diagnosis, "calls"> {
  const { subject } = facts;
  const applicable = rules.filter(({ subjects }) => subjects.includes(subject.kind));
  const mistakes: string[] = [];
  const found = applicable.map((rule): Found => {
    try {
      return { rule, findings: rule.find(facts) };
    } catch (error) {
      mistakes.push(mistake(`the rule ${rule.id}`, error));
      return { rule, findings: [] };
    }
  });
  const causes = ranked(found);
  const { state, isWell } = STATES[subject.kind](facts, causes);
  return {
    subject,
    state: oneLine(state),
    healthy: isWell && causes.length === 0,
    causes,
    notSeen: [...notSeen(facts, applicable), ...mistakes.map((what) => ({ what, why: MISTAKE }))],
  };
}

/** One look or rule that breaks takes nothing else with it. */
function mistake(what: string, error: unknown): string {
  return `${what}: ${oneLine(error instanceof Error ? error.message : String(error))}`;
}

function notSeen(facts: Facts, rules: readonly Rule[]) {
  const needed = new Set(rules.flatMap(({ needs }) => needs));
  const seen = [...needed].flatMap((name) => {
    const fact = facts[name];
    if (fact?.state === "seen") return fact.missed ?? [];
    // What a build of Coder or a cluster does not have is no gap.
    return fact?.state === "unread" && fact.kind !== "notServed"
      ? [{ what: oneLine(fact.what), why: oneLine(fact.why) }]
      : [];
  });
  return [...new Map(seen.map((one) => [one.what, one])).values()];
}

function requireSubject(facts: Facts): void {
  const { kind, namespace, name } = facts.subject;
  const seen = facts[OWN[kind]];
  const text = `${kind} ${namespace}/${name}`;
  if (seen?.state === "absent") {
    throw new NoSubjectError("not_found", `there is no ${text}: check its name and namespace`);
  }
  if (seen?.state === "unread" && seen.kind === "forbidden") {
    throw new NoSubjectError("forbidden", `${text}: ${seen.why}`);
  }
}
