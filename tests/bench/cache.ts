/** `deno task bench cache`: memory of cached objects. */
export { measure } from "./cache_memory.ts";
