/**
 * A step that asks Coder now and then: at once when what it depends on has changed, otherwise at long intervals, and after
 * a failure as its class says. Between two times it repeats what it said before, so that visits that other things cause
 * cost Coder nothing.
 */
import { shortHash } from "../../kube/apply/canonical_json.ts";
import { Report, type ReportData } from "../pass/report.ts";
import { type BackoffOptions, retryDelay, type VisitFailure, visitFailure } from "./failure.ts";
import type { Visit, VisitStep, VisitTools } from "./visit.ts";

/** What makes a periodic step. */
export interface PeriodicOptions<V extends Visit, T extends VisitTools> {
  name: string;
  /** Between two successful times, in milliseconds; spread by ±10 %. @default {300_000} */
  everyMs?: number;
  backoff?: BackoffOptions;
  /**
   * Everything whose change is worth asking at once; it is hashed. Undefined: nothing to do now, what was said before is
   * forgotten.
   */
  inputs(visit: V, tools: T): unknown | Promise<unknown>;
  /** True where this is no time to ask, such as while Coder does not answer: what was said before stands. @default never */
  holds?(visit: V): boolean;
  /** What is said while it holds and nothing was said before. @default nothing */
  waiting?(visit: V, tools: T): void;
  /** Asks, and writes into `report`, whose content is repeated until the next time. A returned number is the next time. */
  ask(visit: V, tools: T, report: V["report"]): Promise<number | void>;
  /** Says into `report` that asking failed. What `ask` had said until then is not said. */
  failed(visit: V, tools: T, report: V["report"], failure: VisitFailure, error: unknown): void;
}

interface Memory {
  inputs: string;
  said: ReportData;
  failures: number;
  /** When it was asked, in milliseconds since the epoch. */
  asked: number;
  /** When it is asked next. */
  due: number;
}

/** Makes the step. */
export function periodicStep<V extends Visit, T extends VisitTools>(
  options: PeriodicOptions<V, T>,
): VisitStep<V, T> {
  const { name, everyMs = 300_000 } = options;
  const memories = new Map<string, Memory>();
  return {
    name,
    async run(visit, tools) {
      const uid = visit.object.metadata.uid ?? "";
      const given = await options.inputs(visit, tools);
      if (given === undefined) return void memories.delete(uid);
      const inputs = shortHash(given);
      const known = memories.get(uid);
      if (options.holds?.(visit) === true) {
        return known === undefined ? options.waiting?.(visit, tools) : repeat(known.said, visit.report);
      }
      const now = tools.now().getTime();
      // Where the clock was set back, the time that was meant is unknown: ask.
      if (known !== undefined && known.inputs === inputs && known.asked <= now && now < known.due) {
        repeat(known.said, visit.report);
        return visit.report.lookAgain(known.due - now);
      }
      let report: V["report"] = new Report();
      let wait: number;
      let failures = 0;
      try {
        wait = await options.ask(visit, tools, report) ?? everyMs * (0.9 + 0.2 * tools.random());
      } catch (error) {
        visit.signal.throwIfAborted();
        const failure = visitFailure(error, tools.redact);
        failures = (known?.inputs === inputs ? known.failures : 0) + 1;
        wait = retryDelay(failure, failures, tools.random(), options.backoff);
        report = new Report();
        options.failed(visit, tools, report, failure, error);
        visit.log.info("a visit could not do its work", {
          step: name,
          reason: failure.reason,
          retryMs: Math.ceil(wait),
        });
      }
      // Dates know no fractions: a visit that comes one too early would be for nothing.
      wait = Math.ceil(wait);
      const said = report.data();
      const asked = tools.now().getTime();
      memories.set(uid, { inputs, said, failures, asked, due: asked + wait });
      repeat(said, visit.report);
      visit.report.lookAgain(wait);
    },
    forget: (uid) => void memories.delete(uid),
  };
}

/** Says again what was said before. */
export function repeat<S extends object>(said: ReportData<S>, report: Report<S>): void {
  for (const condition of said.conditions) report.condition(condition);
  for (const type of said.absent) report.noCondition(type);
  for (const trouble of said.troubles) report.trouble(trouble);
  for (const warning of said.warnings) report.warning(warning);
  report.status(said.status);
}
