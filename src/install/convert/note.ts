/** What a conversion has to tell besides its result. */

/** One remark about one value. */
export interface Note {
  /** Path of the value, as `coder.service.loadBalancerIP`. */
  readonly path: string;
  /** What about it, and what to do. */
  readonly what: string;
  /** False where the value has its place in the result, but somebody should look at it. */
  readonly unmapped: boolean;
  /** The field of the result that the remark is about, as `spec.image`; its comment stands there. */
  readonly at?: string;
}
