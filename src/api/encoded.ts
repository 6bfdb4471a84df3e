/**
 * Objects that are kept as JSON text, which is what they are sent as anyway: beside it only their metadata are there all
 * the time, which takes half the memory. Whatever else is read of them is parsed then, and forgotten when memory is short.
 */
import type { KubeObject } from "./object.ts";

const texts = new WeakMap<object, string>();
const bodies = new WeakMap<object, WeakRef<Readonly<Record<string, unknown>>>>();
/** One for each name of a field, so that all objects of a kind have one shape. */
const getters = new Map<string, (this: object) => unknown>();

/**
 * An object that equals `object`, and looks like it to whoever reads, copies, compares or serializes it. It must never be
 * changed: fields beside `apiVersion`, `kind` and `metadata` are others each time that they are read.
 */
export function encoded<T extends KubeObject>(object: T): T {
  const { apiVersion, kind, metadata } = object;
  const shown = { apiVersion, kind, metadata };
  texts.set(shown, JSON.stringify(object));
  for (const [name, value] of Object.entries(object)) {
    if (name in shown || value === undefined) continue;
    Object.defineProperty(shown, name, { get: getterOf(name), enumerable: true });
  }
  return shown as T;
}

/** The text of an object that was made by {@linkcode encoded}; undefined for others. */
export function encodedText(object: object): string | undefined {
  return texts.get(object);
}

function getterOf(name: string): (this: object) => unknown {
  let getter = getters.get(name);
  if (getter === undefined) {
    getter = function (this: object) {
      return bodyOf(this)[name];
    };
    getters.set(name, getter);
  }
  return getter;
}

function bodyOf(object: object): Readonly<Record<string, unknown>> {
  const known = bodies.get(object)?.deref();
  if (known !== undefined) return known;
  const body = JSON.parse(texts.get(object) ?? "{}") as Record<string, unknown>;
  bodies.set(object, new WeakRef(body));
  return body;
}
