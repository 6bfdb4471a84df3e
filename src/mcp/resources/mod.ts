/** The door: `coder://…` resources. */
export { RESOURCE_TEMPLATES } from "./address.ts";
export { joinedShelves } from "./joined.ts";
export { namespacesOf, visible } from "./kept.ts";
export { createResourceShelf } from "./shelf.ts";
