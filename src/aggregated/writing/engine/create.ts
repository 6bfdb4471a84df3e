/** Objects that are made. */
import type { KubeObject } from "../../../api/object.ts";
import { decodeObject } from "../decode/object.ts";
import { trackUpdate } from "../managed/mod.ts";
import { asksForName, checkNew, prepareForCreate } from "../meta/create.ts";
import { MAX_ATTEMPTS } from "../meta/generate_name.ts";
import { withoutRepeatedOwners } from "../meta/owner_references.ts";
import { finalizerWarnings } from "../meta/validate.ts";
import { traceOf } from "./audit.ts";
import { type Ask, checkCauses, isAlreadyThere, type Outcome, tryingFor, type WrittenKind } from "./kind.ts";
import { retried } from "./retry.ts";

/** POST. */
export async function create<T extends KubeObject>(kind: WrittenKind<T>, ask: Ask): Promise<Outcome<T>> {
  const { target, scope } = kind;
  const { request, context, manager } = ask;
  const { key } = request;
  await target.admit("create", key, context);
  const warn = (text: string) => context.warn(text);
  const sent = withoutRepeatedOwners(decodeObject(request, target.definition, warn), warn) as T;
  const owned = (object: T) =>
    trackUpdate({ scope, after: object, manager, now: new Date(kind.now()) }).object;
  const trying = tryingFor(kind, { ...key, name: sent.metadata.name ?? "" }, context);
  return { code: 201, object: await retried(trying, () => make(kind, ask, sent, owned)) };
}

/**
 * Makes it, under another name where a made one is taken.
 *
 * @param owned puts into the object who owns what
 */
export async function make<T extends KubeObject>(
  kind: WrittenKind<T>,
  { request, context, trace }: Ask,
  sent: T,
  owned: (object: T) => T,
): Promise<T> {
  const { target, rules, random } = kind;
  const attempts = asksForName(sent) ? MAX_ATTEMPTS : 1;
  for (let attempt = 1;; attempt++) {
    const prepared = prepareForCreate(sent, random) as T;
    const whole = target.defaulted?.(prepared) ?? prepared;
    checkNew(whole, rules);
    const object = owned(whole);
    checkCauses(kind, object, undefined);
    finalizerWarnings(object).forEach((text) => context.warn(text));
    Object.assign(trace, traceOf(object));
    try {
      const made = await target.create(object, { context, dryRun: request.options.dryRun });
      Object.assign(trace, { name: made.metadata.name, uid: made.metadata.uid });
      return made;
    } catch (error) {
      if (attempt >= attempts || !isAlreadyThere(error)) throw error;
    }
  }
}
