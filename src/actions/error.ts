/** Refusals of actions. What Coder itself refuses comes as its own error. */

/** Why an action is refused. */
export type RefusalReason =
  /** There is one of this name already. */
  | "exists"
  /** It is not there, or not any more. */
  | "missing"
  /** It is not what the caller takes it for: a precondition does not hold, or something else is under way. */
  | "conflict"
  /** It cannot be as it is asked for, whoever asks. */
  | "invalid"
  /** Coder does not let the caller do it, as the Coder user that they are. */
  | "forbidden";

/** One thing that is wrong with a request. */
export interface Cause {
  /** What it is about: the name of a parameter, or of a field of the request. */
  readonly field: string;
  readonly message: string;
}

/** Nothing was changed in Coder. */
export class ActionError extends Error {
  override readonly name = "ActionError";

  constructor(readonly reason: RefusalReason, message: string, readonly causes: readonly Cause[] = []) {
    super(message);
  }
}

/** The refusal for a request with these things wrong; undefined where there are none. */
export function invalid(what: string, causes: readonly Cause[]): ActionError | undefined {
  if (causes.length === 0) return undefined;
  const words = causes.map(({ field, message }) => `${field}: ${message}`).join("; ");
  return new ActionError("invalid", `${what}: ${words}`, causes);
}
