/** Objects that are deleted. */
import type { KubeObject, ObjectKey } from "../../../api/object.ts";
import { notFound } from "../../serving/status_errors.ts";
import { type DeleteOptions, readDeleteOptions } from "../meta/delete_options.ts";
import { deletionOf } from "../meta/deletion.ts";
import { isUnchanged } from "../meta/update.ts";
import { traceOf } from "./audit.ts";
import { type Ask, type Outcome, tryingFor, type WrittenKind } from "./kind.ts";
import { retried } from "./retry.ts";

/** DELETE of one object. */
export async function remove<T extends KubeObject>(kind: WrittenKind<T>, ask: Ask): Promise<Outcome<T>> {
  const { target } = kind;
  const { request, context } = ask;
  const { key } = request;
  const options = readDeleteOptions(request);
  ask.trace.isDryRun = options.dryRun;
  const admission = await target.admit("delete", key, context);
  // What is left of it goes with its namespace.
  if (admission === "ending") return { code: 200, document: goneText(kind, key) };
  return await removeOne(kind, ask, key, options);
}

/**
 * @param isMeant whether it is still the one that was selected: another one is as if there were none. @default always
 * @throws {StatusError} 404, 409
 */
export async function removeOne<T extends KubeObject>(
  kind: WrittenKind<T>,
  { context, trace }: Pick<Ask, "context" | "trace">,
  key: ObjectKey,
  options: DeleteOptions,
  isMeant: (object: T) => boolean = () => true,
): Promise<Outcome<T>> {
  const { target, rules, now } = kind;
  const asking = { context, dryRun: options.dryRun };
  return await retried(tryingFor(kind, key, context), async (): Promise<Outcome<T>> => {
    const live = await target.read(key, context);
    trace.uid = live.object.metadata.uid ?? "";
    if (!isMeant(live.object)) throw notFound(target.definition.type, key.name);
    const deletion = deletionOf(live.object, options, rules, now());
    const object = deletion.object as T;
    if (deletion.isImmediate) {
      const left = await target.remove(live, asking);
      return left === undefined
        ? { code: 200, document: goneText(kind, key, trace.uid) }
        : { code: 202, object: left };
    }
    const code = options.orphanDependents === false ? 202 : 200;
    Object.assign(trace, traceOf(object, live.object));
    if (isUnchanged(object, live.object)) return { code, object: live.object };
    return { code, object: await target.update(object, live, { ...asking, isWhole: false }) };
  });
}

/** `Status` of success. */
function goneText<T extends KubeObject>(
  { target: { definition: { type } } }: WrittenKind<T>,
  { name }: ObjectKey,
  uid = "",
): object {
  const details = { name, group: type.group, kind: type.plural, ...(uid === "" ? {} : { uid }) };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}
