/** What the steps of a write share: the kind, how it is stored, and what is known of the request. */
import { Turns } from "../../../actions/mod.ts";
import { apiVersionOf, type KubeObject, type ObjectKey } from "../../../api/object.ts";
import { invalid, type StatusCause, StatusError } from "../../serving/status_errors.ts";
import type { RequestContext, WriteRequest } from "../../serving/storage.ts";
import { MAX_CAUSES } from "../decode/causes.ts";
import { managerName, objectSchema, type WriteScope } from "../managed/mod.ts";
import type { KindRules } from "../meta/rules.ts";
import type { WriteTarget } from "../target.ts";
import type { Trace } from "./audit.ts";
import type { Trying } from "./retry.ts";

/** A kind that is written. The same for all its requests. */
export interface WrittenKind<T extends KubeObject> {
  readonly target: WriteTarget<T>;
  readonly rules: KindRules;
  readonly scope: WriteScope;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Of those that were overtaken. */
  readonly turns: Turns;
  /** A whole number from 0 to below its argument; absent: as chance has it. */
  readonly random?: ((below: number) => number) | undefined;
}

/** One request. */
export interface Ask {
  readonly request: WriteRequest;
  readonly context: RequestContext;
  /** Who writes, as managed fields name them. */
  readonly manager: string;
  /** What is known of the write so far, for who keeps books. */
  readonly trace: Trace;
}

/** What came of it. */
export type Outcome<T> =
  | { readonly code: 200 | 201 | 202; readonly object: T }
  | { readonly code: 200; readonly document: object };

export function writtenKind<T extends KubeObject>(
  target: WriteTarget<T>,
  { now = Date.now, random }: Partial<Pick<WrittenKind<T>, "now" | "random">>,
): WrittenKind<T> {
  const { definition, rules } = target;
  return {
    target,
    rules: { ...rules, definition },
    scope: { type: definition.type, schema: objectSchema(definition), untouched: [["status"]] },
    now,
    turns: new Turns(),
    random,
  };
}

/** How a change of an object is tried again. */
export function tryingFor<T extends KubeObject>(
  { target, turns }: WrittenKind<T>,
  { namespace, name }: ObjectKey,
  { signal }: Pick<RequestContext, "signal">,
): Trying {
  return { type: target.definition.type, namespace, name, turns, signal };
}

export function managerOf({ options }: WriteRequest, { userAgent }: RequestContext): string {
  return managerName({
    ...(options.fieldManager === undefined ? {} : { fieldManager: options.fieldManager }),
    ...(userAgent === undefined ? {} : { userAgent }),
  });
}

/** @throws {StatusError} 422 with what the kind has against an object beside its schema */
export function checkCauses<T extends KubeObject>(
  { target }: WrittenKind<T>,
  after: T,
  before: T | undefined,
): void {
  const causes: StatusCause[] = (target.causes?.(after, before) ?? []).slice(0, MAX_CAUSES)
    .map(({ field, message, reason = "FieldValueInvalid" }) => ({ reason, message, field }));
  if (causes.length > 0) throw invalid(target.definition.type, after.metadata.name ?? "", causes);
}

export function isNotFound(error: unknown): boolean {
  return error instanceof StatusError && error.code === 404 && error.reason === "NotFound";
}

export function isAlreadyThere(error: unknown): boolean {
  return error instanceof StatusError && error.reason === "AlreadyExists";
}

/** A list as it is sent. */
export function listOf<T extends KubeObject>({ target }: WrittenKind<T>, items: readonly T[]): object {
  const { type } = target.definition;
  return { kind: `${type.kind}List`, apiVersion: apiVersionOf(type), metadata: {}, items };
}
