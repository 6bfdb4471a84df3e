/** What the command line has to know of the store of sessions, and is loaded with every start. */
export { parseRedisAddress, RedisAddressError } from "../sessions/store/redis/address.ts";
