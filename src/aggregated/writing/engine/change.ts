/** Objects that are changed: replaced, or patched. */
import type { KubeObject } from "../../../api/object.ts";
import { decodeObject } from "../decode/object.ts";
import { trackUpdate } from "../managed/mod.ts";
import { isFinished } from "../meta/deletion.ts";
import { withoutRepeatedOwners } from "../meta/owner_references.ts";
import { checkChanged, checkSuppositions, isUnchanged, prepareForUpdate } from "../meta/update.ts";
import { finalizerWarnings } from "../meta/validate.ts";
import type { WriteRequest } from "../../serving/storage.ts";
import { applyPatch } from "../patch/patch.ts";
import type { Live } from "../target.ts";
import { traceOf } from "./audit.ts";
import { type Ask, checkCauses, type Outcome, tryingFor, type WrittenKind } from "./kind.ts";
import { retried } from "./retry.ts";
import { spokenOf } from "./spoken.ts";

/** PUT. Never creates. */
export async function replace<T extends KubeObject>(kind: WrittenKind<T>, ask: Ask): Promise<Outcome<T>> {
  const { target } = kind;
  const { request, context } = ask;
  const { key } = request;
  await target.admit("update", key, context);
  const warn = (text: string) => context.warn(text);
  const sent = withoutRepeatedOwners(decodeObject(request, target.definition, warn), warn) as T;
  // Who says a version means the object as it was then.
  const tries = sent.metadata.resourceVersion === undefined ? {} : { tries: 1 };
  return await retried({ ...tryingFor(kind, key, context), ...tries }, async () => {
    const live = await target.read(key, context);
    return await change(kind, ask, live, { wanted: sent, isWhole: true, owned: tracked(kind, ask, live) });
  });
}

/** PATCH of the three types that are no apply. */
export async function patch<T extends KubeObject>(kind: WrittenKind<T>, ask: Ask): Promise<Outcome<T>> {
  const { target } = kind;
  const { request, context } = ask;
  const { key } = request;
  await target.admit("update", key, context);
  const warn = (text: string) => context.warn(text);
  return await retried(
    tryingFor(kind, key, context),
    async () => {
      const live = await target.read(key, context);
      const patched = applyPatch(request, live.object, target.definition, warn);
      const wanted = withoutRepeatedOwners(patched, warn) as T;
      return await change(kind, ask, live, { wanted, isWhole: false, owned: tracked(kind, ask, live) });
    },
  );
}

function tracked<T extends KubeObject>(
  { scope, now }: WrittenKind<T>,
  { manager }: Ask,
  { object: before }: Live<T>,
): (after: T) => T {
  return (after) => trackUpdate({ scope, before, after, manager, now: new Date(now()) }).object;
}

export interface Wanted<T> {
  /** As the client would have it. */
  readonly wanted: T;
  readonly isWhole: boolean;
  /** Puts into the object who owns what. */
  readonly owned: (object: T) => T;
}

/** Makes an object what a client wants it to be, as far as that may be. */
export async function change<T extends KubeObject>(
  kind: WrittenKind<T>,
  { request, context, trace }: Ask,
  live: Live<T>,
  { wanted, isWhole, owned }: Wanted<T>,
): Promise<Outcome<T>> {
  const { target, rules } = kind;
  const before = live.object;
  trace.uid = before.metadata.uid ?? "";
  checkSuppositions(wanted, before, rules, { isWhole });
  const whole = target.defaulted?.(wanted, { before, isWhole }) ?? wanted;
  const prepared = prepareForUpdate(whole, before) as T;
  checkChanged(prepared, before, rules);
  const after = owned(prepared);
  Object.assign(trace, traceOf(after, before));
  checkCauses(kind, after, before);
  finalizerWarnings(after, before).forEach((text) => context.warn(text));
  const repeats = isUnchanged(after, before);
  const spoken = lazily(request);
  if (repeats && target.repeats?.(live, spoken) !== true) return { code: 200, object: before };
  const asking = { context, dryRun: request.options.dryRun };
  // What had no finalizer before is being deleted already.
  if (isFinished(after) && (before.metadata.finalizers ?? []).length > 0) {
    const left = await target.remove({ object: after, state: live.state }, asking);
    return { code: 200, object: left ?? after };
  }
  return { code: 200, object: await target.update(after, live, { ...asking, isWhole, repeats, spoken }) };
}

/** Large bodies are not read again where nobody wants to know. */
function lazily(request: WriteRequest): { has(name: string): boolean } {
  let spoken: ReadonlySet<string> | undefined;
  return { has: (name) => (spoken ??= spokenOf(request)).has(name) };
}
