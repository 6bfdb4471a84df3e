/** The door: prompts. */
export { promptNamed, PROMPTS } from "./prompts.ts";
export { createPromptShelf } from "./shelf.ts";
