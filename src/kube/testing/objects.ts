/** Small objects for the cache's tests. */
import type { KubeObject, ResourceType } from "../../api/object.ts";

/** A namespaced kind with a payload. */
export interface Widget extends KubeObject {
  spec?: { size?: number; text?: string };
  data?: Record<string, string>;
}

/** A kind that comes from a CRD. */
export const Widgets: ResourceType<Widget> = {
  group: "example.com",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  namespaced: true,
};

/** Another one. */
export const Gadgets: ResourceType<Widget> = { ...Widgets, kind: "Gadget", plural: "gadgets" };

/** `widget("a/b", 3)` is the widget b in namespace a with size 3. */
export function widget(
  key: string,
  size = 0,
  metadata: Partial<KubeObject["metadata"]> = {},
): Widget {
  const [namespace = "", name = ""] = key.includes("/") ? key.split("/") : ["default", key];
  return {
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { namespace, name, ...metadata },
    spec: { size },
  };
}

/** A seeded source of numbers in [0, 1), so that a failing sequence can be run again. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
