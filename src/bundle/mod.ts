/** The door of the room: support bundles. */
export { makeBundle } from "./bundle.ts";
export { packed } from "./pack.ts";
export type { Bundle, BundleFile, BundleOptions, BundleWorld, Gap } from "./types.ts";
