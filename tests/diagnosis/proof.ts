/** What every answer has to be, and what a diagnosis of a failure has to say. */
import assert from "node:assert/strict";
import {
  type Cause,
  diagnose,
  type Diagnosis,
  type DiagnosisWorld,
  type Subject,
} from "../../src/diagnosis/mod.ts";
import { MISTAKE, RULES } from "../../src/diagnosis/mod.ts";
import { answerRedaction } from "../../src/mcp/answers/redacted.ts";
import { inputSchemaOf } from "../../src/mcp/run.ts";
import { sleep } from "../cluster/mod.ts";
import { ALL_TOOLS } from "../mcp/all_tools.ts";
import type { Planted } from "../mcp/planted_world.ts";
import type { Failure } from "./failure.ts";

/** It is five seconds, whatever breaks (`deno task bench diagnosis`); a machine may be busy with other tests. */
export const LONGEST_MS = 50_000;
/** Requests of Kubernetes and of Coder together. */
export const MOST_CALLS = 15;
const PROGRAMS = /^(?:kubectl|coder|coder-k8s|curl|openssl|helm|psql|date|timedatectl|docker|nslookup) /;

/** Asks, and checks what holds for all answers: time, requests, no secrets, steps that can be taken. */
export async function ask(
  subject: Subject,
  world: DiagnosisWorld,
  planted?: Planted,
): Promise<Diagnosis> {
  const begin = performance.now();
  const diagnosis = await diagnose(subject, world, { signal: AbortSignal.timeout(LONGEST_MS + 10_000) });
  const milliseconds = performance.now() - begin;
  const about = `${subject.kind} ${subject.namespace}/${subject.name}: ${told(diagnosis)}`;
  assert.ok(milliseconds <= LONGEST_MS, `${Math.round(milliseconds)} ms for ${about}`);
  const { kubernetes, coder } = diagnosis.calls;
  assert.ok(kubernetes + coder <= MOST_CALLS, `${kubernetes} + ${coder} requests for ${about}`);
  const shown = answerRedaction().value(JSON.parse(JSON.stringify(diagnosis)));
  assert.deepEqual(planted?.in(JSON.stringify(shown)) ?? [], [], about);
  assert.ok(diagnosis.state !== "" && !/undefined|\[object|NaN/.test(JSON.stringify(diagnosis)), about);
  assert.ok(diagnosis.notSeen.every(({ why }) => why !== MISTAKE), about);
  for (const cause of diagnosis.causes) checkCause(cause);
  return diagnosis;
}

/**
 * Asks until `proves` does not throw. Controllers write what they know piece by piece, and a look at something may be too
 * slow on a machine that is busy; what holds for all answers holds for each of them.
 */
export async function askUntil(
  proves: (diagnosis: Diagnosis) => void,
  subject: Subject,
  world: DiagnosisWorld,
  planted?: Planted,
): Promise<Diagnosis> {
  const late = AbortSignal.timeout(60_000);
  while (true) {
    const diagnosis = await ask(subject, world, planted);
    try {
      proves(diagnosis);
      return diagnosis;
    } catch (error) {
      if (late.aborted) throw error;
    }
    await sleep(500);
  }
}

/** Each of the failures is named first or second, with a sentence, a quote and a next step. */
export function assertNamed<Rig>(diagnosis: Diagnosis, failures: readonly Failure<Rig>[]): void {
  const about = told(diagnosis);
  assert.equal(diagnosis.healthy, false, about);
  const first = diagnosis.causes.slice(0, 2);
  for (const { id, rule, says, quotes } of failures) {
    assert.ok(RULES.some((one) => one.id === rule), `${id}: there is no rule ${rule}`);
    const cause = first.find((one) => one.rule === rule && says.test(one.cause));
    assert.ok(cause, `${id}: ${rule} (${says}) is neither first nor second: ${about}`);
    assert.ok(cause.evidence.length > 0, `${id}: no evidence: ${about}`);
    if (quotes === undefined) continue;
    assert.ok(cause.evidence.some(({ quote }) => quotes.test(quote)), `${id}: no quote ${quotes}: ${about}`);
  }
}

/** Nothing is wrong, and nothing is said to be. */
export function assertHealthy(diagnosis: Diagnosis): void {
  assert.deepEqual(diagnosis.causes.map(({ rule, cause }) => [rule, cause]), [], told(diagnosis));
  assert.equal(diagnosis.healthy, true, told(diagnosis));
}

/** An answer in a few lines, for messages of tests. */
export function told({ state, causes, notSeen, healthy }: Diagnosis): string {
  return JSON.stringify({ state, healthy, causes, notSeen }, null, 1);
}

function checkCause({ rule, cause, evidence, next }: Cause): void {
  const about = `${rule}: ${cause}`;
  assert.ok(
    evidence.length > 0 && evidence.every(({ quote, source }) => quote !== "" && source !== ""),
    about,
  );
  for (const { at } of evidence) {
    assert.ok(at === undefined || Number.isFinite(Date.parse(at)), `${about} ${at}`);
  }
  assert.ok(
    next.some(({ command, tool }) => command !== undefined || tool !== undefined),
    `no step: ${about}`,
  );
  for (const { command, tool } of next) {
    if (command !== undefined) assert.match(command, PROGRAMS, about);
    if (tool === undefined) continue;
    const known = ALL_TOOLS.find(({ name }) => name === tool.name);
    assert.ok(known, `${about}: there is no tool ${tool.name}`);
    const read = inputSchemaOf(known).safeParse(tool.arguments);
    assert.ok(
      read.success,
      `${about}: ${tool.name} ${JSON.stringify(tool.arguments)}: ${read.error?.message}`,
    );
  }
}
