/** Objects as JSON text. An object is written once, however often it is sent: objects of storages never change. */
import { encodedText } from "../../../api/encoded.ts";
import type { KubeObject } from "../../../api/object.ts";

const whole = new WeakMap<object, string>();
const partial = new WeakMap<object, string>();

/** The object itself. */
export function objectText(object: KubeObject): string {
  let text = encodedText(object) ?? whole.get(object);
  if (text === undefined) whole.set(object, text = JSON.stringify(object));
  return text;
}

/** The object as `PartialObjectMetadata`. */
export function metadataText(object: KubeObject): string {
  let text = partial.get(object);
  if (text === undefined) {
    const { metadata } = object;
    text = JSON.stringify({ kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata });
    partial.set(object, text);
  }
  return text;
}
