/** What the command line has to know of sessions' limits. */
export { STANDARD_LIMITS } from "../../sessions/types.ts";
