/** How a state is told. */
import type { Facts } from "../facts.ts";
import type { Cause } from "../types.ts";

/** @param causes as ranked; a state may name what the first one says */
export type StateTeller = (
  facts: Facts,
  causes: readonly Cause[],
) => {
  readonly state: string;
  /** It is as it should be, as far as its own status says. */
  readonly isWell: boolean;
};
