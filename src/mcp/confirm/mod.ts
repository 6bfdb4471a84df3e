/** Plans and their tokens. */
export { MemoryClaims, type PlanClaimStore } from "./claims.ts";
export { ClusterClaims, type ClusterClaimsOptions } from "./cluster_claims.ts";
export { createPlanBook, type PlanBookOptions } from "./plan_book.ts";
