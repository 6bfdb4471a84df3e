/** What a review that could not be made means for the one who waits for it: nobody is let in, and they are told why. */
import { isTransient, KubeApiError } from "../kube/errors.ts";
import { PassingRefusalError } from "./passing_refusal.ts";
import { internalError, type Refusal, unavailable } from "./refusal.ts";
import { BusyError } from "./review_memory.ts";

/** The kind of review, for messages. */
export type ReviewKind = "TokenReview" | "SubjectAccessReview";

const PLURALS: Record<ReviewKind, string> = {
  TokenReview: "tokenreviews.authentication.k8s.io",
  SubjectAccessReview: "subjectaccessreviews.authorization.k8s.io",
};

/**
 * 503 where trying again may help, 500 where somebody has to act. The error's own text is not passed on: it may name
 * what callers need not know; it belongs in the log.
 *
 * @param what begins the message: `Whether … cannot be found out`
 */
export function reviewFailure(kind: ReviewKind, what: string, error: unknown): Refusal {
  if (error instanceof BusyError) return unavailable(`${what}: too many reviews are under way; try again`);
  if (error instanceof PassingRefusalError) {
    return unavailable(`${what}: the Kubernetes API server refuses the ${kind} for now; try again`);
  }
  if (isTransient(error)) {
    const retryAfterMs = error instanceof KubeApiError ? error.retryAfterMs : undefined;
    return unavailable(
      `${what}: the Kubernetes API server does not answer the ${kind}; try again`,
      (retryAfterMs ?? 1_000) / 1_000,
    );
  }
  if (error instanceof KubeApiError && (error.code === 401 || error.code === 403)) {
    return internalError(
      `${what}: the Kubernetes API server refuses this server's ${kind} (${error.code}). Allow its service account to ` +
        `create ${PLURALS[kind]}, as the ClusterRole system:auth-delegator does`,
    );
  }
  return internalError(`${what}: the ${kind} failed; the log of this server says why`);
}
