/** What the command line has to know of sessions' rules. */
export { boundWorkerId, CODER_ID, WORKER_ID } from "../../sessions/wire/worker_ids.ts";
export { parseEgressRules } from "../../sessions/egress/rules.ts";
export { LABEL, STANDARD_LIMITS } from "../../sessions/types.ts";
