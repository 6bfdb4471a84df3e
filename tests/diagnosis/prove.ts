/** Proves a list of failures: alone, beside another one, and together with another one in the same subject. */
import assert from "node:assert/strict";
import type { DiagnosisWorld } from "../../src/diagnosis/mod.ts";
import type { Planted } from "../mcp/planted_world.ts";
import { type Failure, RIGHTS, type Rights, type Touches } from "./failure.ts";
import { askUntil, assertNamed } from "./proof.ts";

/** A place of its own for a few subjects. */
export interface DiagnosisRig extends AsyncDisposable {
  /** Where subjects are. */
  readonly namespace: string;
  /** What somebody with these rights may ask. */
  world(rights: Rights): DiagnosisWorld;
  /** Secrets that no answer may have. */
  readonly planted?: Planted | undefined;
  /** Something that goes on around the subject and has nothing to do with it: warnings of others, say. */
  noise?(name: string): Promise<void>;
}

export interface ProveOptions<Rig extends DiagnosisRig> {
  readonly failures: readonly Failure<Rig>[];
  /** @param prefix a DNS label, for names */
  open(prefix: string): Promise<Rig>;
  /** Failures at a time. @default {6} */
  readonly atOnce?: number | undefined;
}

/** Failures that change more than their own subject. */
const WIDE: readonly Touches[] = ["namespace", "coder", "cluster"];

/** One step of the test for each of them. */
export async function proveAll<Rig extends DiagnosisRig>(
  t: Deno.TestContext,
  options: ProveOptions<Rig>,
): Promise<void> {
  await side(t, proofs(options), options.atOnce);
}

/** The steps of `proveAll`, to run them beside others. */
export function proofs<Rig extends DiagnosisRig>({ failures, open }: ProveOptions<Rig>): Step[] {
  const ids = failures.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)], "ids are unique");
  return failures.map((failure) => ({
    id: failure.id,
    name: `${failure.subject}: ${failure.id} is named`,
    run: () => prove(failure, failures, open),
  }));
}

/** One case of many. */
export interface Step {
  readonly id: string;
  readonly name: string;
  run(): Promise<void>;
}

/** Some steps at a time, one test. `DIAGNOSIS_ONLY` names those that are to run, by their ids. */
export async function side(t: Deno.TestContext, steps: readonly Step[], atOnce = 6): Promise<void> {
  const only = Deno.env.get("DIAGNOSIS_ONLY")?.split(",");
  const waiting = steps.filter(({ id }) => only?.includes(id) ?? true);
  const worker = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const { name, run } = step;
      // Deno refuses steps that look for leaks while others run.
      await t.step({ name, fn: run, sanitizeOps: false, sanitizeResources: false, sanitizeExit: false });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function prove<Rig extends DiagnosisRig>(
  failure: Failure<Rig>,
  all: readonly Failure<Rig>[],
  open: (prefix: string) => Promise<Rig>,
): Promise<void> {
  {
    await using rig = await open(failure.id);
    const name = await inject(rig, [failure], "one");
    await named(rig, [failure], name);
    const other = companion(failure, all, () => true);
    if (other !== undefined) await inject(rig, [other], "two");
    await rig.noise?.(name);
    await named(rig, [failure], name);
  }
  const partner = companion(failure, all, ({ subject }) => subject === failure.subject);
  if (partner === undefined) return;
  await using rig = await open(`${failure.id}-2`.slice(-40));
  const name = await inject(rig, [failure, partner], "one");
  await named(rig, [failure, partner], name);
}

/** One after the other, into one subject; its name. */
export async function inject<Rig>(
  rig: Rig,
  failures: readonly Failure<Rig>[],
  name: string,
): Promise<string> {
  for (const failure of failures) await failure.prepare?.(rig, name);
  const names = new Set<string>();
  for (const failure of failures) names.add(await failure.inject(rig, name));
  const [subject] = names;
  assert.equal(names.size, 1, [...names].join());
  return subject ?? "";
}

/** Each of them, of one subject, is named to whoever may see it. */
export async function named<Rig>(
  rig: DiagnosisRig,
  failures: readonly Failure<Rig>[],
  name: string,
): Promise<void> {
  const [{ subject }] = failures as readonly [Failure<Rig>];
  for (const rights of RIGHTS) {
    const expected = failures.filter(({ seenBy = RIGHTS }) => seenBy.includes(rights));
    if (expected.length === 0) continue;
    const asked = { kind: subject, namespace: rig.namespace, name };
    const world = later(rig.world(rights), Math.max(...failures.map(({ laterMs = 0 }) => laterMs)));
    await askUntil((diagnosis) => assertNamed(diagnosis, expected), asked, world, rig.planted);
  }
}

/** The same world with a clock that is ahead: things that are made now are older then. */
export function later(world: DiagnosisWorld, ms: number): DiagnosisWorld {
  return { ...world, now: () => world.now() + ms };
}

/** The next one in the list that changes nothing that this one changes, or anything around it. */
function companion<Rig>(
  failure: Failure<Rig>,
  all: readonly Failure<Rig>[],
  suits: (other: Failure<Rig>) => boolean,
): Failure<Rig> | undefined {
  const at = all.indexOf(failure);
  return [...all.slice(at + 1), ...all.slice(0, at)].find((other) =>
    suits(other) && other.where === failure.where && other.rule !== failure.rule &&
    !other.touches.some((part) => failure.touches.includes(part) || WIDE.includes(part))
  );
}
