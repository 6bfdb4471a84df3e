/** Secrets that are signed with. */
export { type Keys, processKeys } from "./key_ring.ts";
export { KEYS_SECRET } from "./key_secret.ts";
export { createSharedKeys, type SharedKeys, type SharedKeysOptions } from "./shared_keys.ts";
