/** Writes of a kind, from the request to the answer: what the `write` of a storage is. */
import type { KubeObject } from "../../api/object.ts";
import { resourceText } from "../../api/object.ts";
import { methodNotAllowed, unsupportedMediaType } from "../serving/status_errors.ts";
import type { RequestContext, WriteAnswer, WriteRequest } from "../serving/storage.ts";
import { apply, APPLY_PATCH } from "./engine/apply.ts";
import { resultOf, type Trace, type WriteAuditHook } from "./engine/audit.ts";
import { patch, replace } from "./engine/change.ts";
import { type ObjectEnd, removeAll } from "./engine/collection.ts";
import { create } from "./engine/create.ts";
import { remove } from "./engine/deletion.ts";
import { type Ask, managerOf, type Outcome, type WrittenKind, writtenKind } from "./engine/kind.ts";
import { PATCH_TYPES } from "./patch/patch.ts";
import type { WriteTarget } from "./target.ts";

export type { WriteAuditHook, WriteRecord } from "./engine/audit.ts";

export interface WriterOptions {
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: () => number;
  /** @default nobody is told */
  readonly audit?: WriteAuditHook;
  /** A whole number from 0 to below its argument, for names that are made. @default as chance has it */
  readonly random?: (below: number) => number;
}

/**
 * What a storage does with writes: everything that is Kubernetes' own is done here, and everything that is the kind's by
 * `target`. A dry run goes the same way up to the target's last step.
 */
export function createWriter<T extends KubeObject>(
  target: WriteTarget<T>,
  { audit = () => {}, ...options }: WriterOptions = {},
): (request: WriteRequest, context: RequestContext) => Promise<WriteAnswer> {
  const kind = writtenKind(target, options);
  const { type } = target.definition;
  return async (request, context) => {
    const trace: Trace = {};
    const ask: Ask = { request, context, manager: managerOf(request, context), trace };
    let isTold = false;
    const tell = ({ name = request.key.name, uid = "", changed = [] }: Trace, result: Result) => {
      if (request.options.dryRun || ask.trace.isDryRun === true) return;
      isTold = true;
      const { verb, key: { namespace } } = request;
      const { manager } = ask;
      const key = { namespace, name };
      audit({ user: context.user, verb, kind: type.kind, key, uid, manager, changed, ...result });
    };
    const onEnd: ObjectEnd = (trace, end) => tell(trace, "error" in end ? resultOf(end.error) : end);
    try {
      const outcome = await perform(kind, ask, onEnd);
      if (!isTold) tell(trace, { code: outcome.code });
      return outcome;
    } catch (error) {
      if (!isTold) tell(trace, resultOf(error));
      throw error;
    }
  };
}

interface Result {
  readonly code: number;
  readonly reason?: string;
}

async function perform<T extends KubeObject>(
  kind: WrittenKind<T>,
  ask: Ask,
  onEnd: ObjectEnd,
): Promise<Outcome<T>> {
  const { verb, subresource, contentType } = ask.request;
  const { type } = kind.target.definition;
  if (subresource !== undefined) {
    throw methodNotAllowed(verb, `resources of kind "${resourceText(type)}/${subresource}"`);
  }
  switch (verb) {
    case "create":
      return await create(kind, ask);
    case "update":
      return await replace(kind, ask);
    case "patch":
      if (contentType === APPLY_PATCH) return await apply(kind, ask);
      if (!PATCH_TYPES.includes(contentType)) throw unsupportedMediaType([...PATCH_TYPES, APPLY_PATCH]);
      return await patch(kind, ask);
    case "delete":
      return await remove(kind, ask);
    case "deletecollection":
      return await removeAll(kind, ask, onEnd);
  }
}
