import type { PartFactory } from "./part.ts";
export const controllerPart: PartFactory = () => ({});
