/**
 * An API server that has just begun refuses the reviews of everybody until it has read its rules and service accounts.
 * That passes by itself; a right that was taken away does not.
 */
import type { Clock } from "../kube/clock.ts";
import { KubeApiError } from "../kube/errors.ts";

/** The API server refuses a review of this server that it took before, and may take it again in a moment. */
export class PassingRefusalError extends Error {}

/** How long a refusal is believed to pass, in milliseconds: an API server has read its rules well within it. */
const PASSING_MS = 15_000;

/**
 * Wraps reviews of one kind: one that is refused (401, 403) after others were answered rejects with
 * {@linkcode PassingRefusalError} for 15 s from the first refusal on; whatever else it rejects with is passed on.
 */
export function tellPassingRefusals(clock: Clock): <T>(review: () => Promise<T>) => Promise<T> {
  let wasAnswered = false;
  let refusedSince: number | undefined;
  return async (review) => {
    try {
      const answer = await review();
      wasAnswered = true;
      refusedSince = undefined;
      return answer;
    } catch (error) {
      if (!wasAnswered || !isRefusal(error)) throw error;
      refusedSince ??= clock.now();
      if (clock.now() - refusedSince >= PASSING_MS) throw error;
      throw new PassingRefusalError(error.message, { cause: error });
    }
  };
}

function isRefusal(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && (error.code === 401 || error.code === 403);
}
