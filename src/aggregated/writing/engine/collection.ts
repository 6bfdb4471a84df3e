/** Many objects that are deleted at once. */
import { keyOf, type KubeObject } from "../../../api/object.ts";
import { StatusError } from "../../serving/status_errors.ts";
import { readDeleteOptions } from "../meta/delete_options.ts";
import type { Trace } from "./audit.ts";
import { removeOne } from "./deletion.ts";
import { type Ask, isNotFound, listOf, type Outcome, type WrittenKind } from "./kind.ts";

/** How many objects are deleted side by side. */
export const MAX_AT_ONCE = 5;
/** How many refusals are told one by one. */
const MAX_TOLD = 20;

/** Told of each object, for who keeps books. */
export type ObjectEnd = (trace: Trace, end: { code: number } | { error: unknown }) => void;

/** DELETE of all that are selected. Those that are gone meanwhile are none; where one is refused, the others go on. */
export async function removeAll<T extends KubeObject>(
  kind: WrittenKind<T>,
  { request, context, trace: whole }: Ask,
  onEnd: ObjectEnd,
): Promise<Outcome<T>> {
  const { target } = kind;
  const options = readDeleteOptions(request);
  whole.isDryRun = options.dryRun;
  const admission = await target.admit("delete", request.key, context);
  if (admission === "ending") return { code: 200, document: listOf(kind, []) };
  const { selects = () => true } = request;
  const objects = (await target.list(request.key.namespace, context)).filter((object) => selects(object));
  const deleted = new Set<T>();
  const refusals: unknown[] = [];
  await eachOf(objects, async (listed) => {
    context.signal.throwIfAborted();
    const { uid } = listed.metadata;
    const trace: Trace = { name: listed.metadata.name ?? "", ...(uid === undefined ? {} : { uid }) };
    try {
      // Whoever was selected may be somebody else by now.
      const isMeant = (object: T) => object.metadata.uid === uid && selects(object);
      const { code } = await removeOne(kind, { context, trace }, keyOf(listed), options, isMeant);
      deleted.add(listed);
      onEnd(trace, { code });
    } catch (error) {
      if (isNotFound(error)) return;
      onEnd(trace, { error });
      if (!(error instanceof StatusError)) throw error;
      refusals.push(error);
    }
  });
  if (refusals.length > 0) throw summed(refusals as StatusError[], objects.length);
  return { code: 200, document: listOf(kind, objects.filter((object) => deleted.has(object))) };
}

/** All of them, unless one throws: then what is under way is waited for, and no more is begun. */
async function eachOf<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      await run(item).catch((error) => {
        left.length = 0;
        throw error;
      });
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: MAX_AT_ONCE }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** One refusal is told as it is; several as the first, with all of them in its message. */
function summed(refusals: readonly StatusError[], count: number): StatusError {
  const [first, ...others] = refusals as [StatusError, ...StatusError[]];
  if (others.length === 0) return first;
  const told = refusals.slice(0, MAX_TOLD).map(({ message }) => message);
  const rest = refusals.length - told.length;
  const message = `${refusals.length} of ${count} objects could not be deleted: ${told.join("; ")}${
    rest === 0 ? "" : `; and ${rest} more`
  }`;
  return new StatusError(first.code, first.reason, message, first.details, { cause: first });
}
