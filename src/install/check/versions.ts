/** What the product is tested with. `docs/reference/versions.md` says how; a test holds both together. */

/** Minor versions of Kubernetes 1. */
export const TESTED_MINORS: readonly number[] = [34, 35, 36, 37];
/** The first on which everything that is used is there. */
export const FIRST_MINOR = 30;

/** Minor versions of Coder 2 whose API was used in tests. */
export const TESTED_CODER_MINORS: readonly number[] = [29, 30];
/** The first whose answers are understood. */
export const FIRST_CODER_MINOR = 28;
