/** Objects, lists and frames of watches of one resource, in every form that can be asked for. */
import { Buffer } from "node:buffer";
import { apiVersionOf, type KubeObject } from "../../../api/object.ts";
import type { Change, ResourceDefinition } from "../storage.ts";
import type { Form } from "./accept.ts";
import { joinedBytes } from "./joined.ts";
import { metadataText, objectText } from "./object_text.ts";
import type { Page } from "./page.ts";
import { createTables } from "./table.ts";

/** What happened, for who watches. */
export type FrameType = Change<unknown>["type"];

export interface Writer {
  /** Of a large object the same bytes each time. */
  object(object: KubeObject, form: Form): string | Uint8Array;
  /** The bytes are kept as long as the array of items is, where they cannot change with time and are not very many. */
  list(page: Page<KubeObject>, form: Form): Uint8Array;
  /**
   * One line of a watch, newline included. Frames of the same object are written once for all watchers.
   *
   * @param isFirst the first frame of this watch: tables say then what their columns are
   */
  frame(type: FrameType, object: KubeObject, form: Form, isFirst: boolean): Uint8Array;
  /** ADDED frames of objects in one piece. Not kept: who watches later has another state. */
  state(objects: readonly KubeObject[], form: Form, isFirst: boolean): Uint8Array;
  /** @param annotations such as the one that ends the initial events */
  bookmark(
    resourceVersion: string,
    form: Form,
    isFirst: boolean,
    annotations?: Readonly<Record<string, string>>,
  ): Uint8Array;
}

interface KnownList {
  readonly resourceVersion: string;
  readonly bytes: Uint8Array;
}

/** @param now milliseconds since 1970 */
export function createWriter<T extends KubeObject>(
  definition: ResourceDefinition<T>,
  now: () => number,
): Writer {
  const { type, columns } = definition;
  const tables = createTables(columns);
  const ids = { kind: type.kind, apiVersion: apiVersionOf(type) };
  const lists = new WeakMap<readonly KubeObject[], Map<string, KnownList>>();
  const frames = new WeakMap<KubeObject, Map<string, Uint8Array>>();
  const large = new WeakMap<KubeObject, Uint8Array>();

  function objectIn(object: KubeObject, form: Form, isFirst = true): string {
    switch (form.as) {
      case "object":
        return objectText(object);
      case "metadata":
        return metadataText(object);
      case "table": {
        const resourceVersion = object.metadata.resourceVersion ?? "";
        const options = { includeObject: form.includeObject, now: now(), withColumns: isFirst };
        return tables.table([object], { resourceVersion }, options);
      }
    }
  }

  function listBytes({ items, head }: Page<KubeObject>, form: Exclude<Form, { as: "table" }>): Uint8Array {
    const [kind, version, texts] = form.as === "metadata"
      ? ["PartialObjectMetadata", "meta.k8s.io/v1", items.map(metadataText)]
      : [ids.kind, ids.apiVersion, items.map(objectText)];
    const start = `{"kind":"${kind}List","apiVersion":"${version}","metadata":${JSON.stringify(head)}`;
    return joinedBytes(`${start},"items":[`, texts, "]}\n");
  }

  return {
    object(object, form) {
      const known = form.as === "object" ? large.get(object) : undefined;
      if (known !== undefined) return known;
      const text = `${objectIn(object, form)}\n`;
      if (form.as !== "object" || text.length < LARGE) return text;
      const bytes = Buffer.from(text);
      large.set(object, bytes);
      return bytes;
    },
    list(page, form) {
      if (form.as === "table") {
        const options = { includeObject: form.includeObject, now: now() };
        return Buffer.from(`${tables.table(page.items, page.head, options)}\n`);
      }
      const { resourceVersion } = page.head;
      if (page.head.continue !== undefined) return listBytes(page, form);
      const known = entryOf(lists, page.items);
      const before = known.get(form.as);
      if (before?.resourceVersion === resourceVersion) return before.bytes;
      const bytes = listBytes(page, form);
      if (bytes.byteLength <= MOST_KEPT) known.set(form.as, { resourceVersion, bytes });
      return bytes;
    },
    frame(type, object, form, isFirst) {
      if (form.as === "table") return frameOf(type, objectIn(object, form, isFirst));
      const known = entryOf(frames, object);
      const key = `${type} ${form.as}`;
      let bytes = known.get(key);
      if (bytes === undefined) known.set(key, bytes = frameOf(type, objectIn(object, form)));
      return bytes;
    },
    state(objects, form, isFirst) {
      if (objects.length === 0) return new Uint8Array();
      const texts = objects.map((object, index) => objectIn(object, form, isFirst && index === 0));
      const [start, end] = [frameStart("ADDED"), FRAME_END];
      return joinedBytes(start, texts, end, end + start);
    },
    bookmark(resourceVersion, form, isFirst, annotations) {
      const metadata = { resourceVersion, ...(annotations === undefined ? {} : { annotations }) };
      const object: KubeObject = { ...ids, metadata };
      switch (form.as) {
        case "object":
          return frameOf("BOOKMARK", JSON.stringify(object));
        case "metadata":
          return frameOf("BOOKMARK", metadataText(object));
        case "table": {
          const options = { includeObject: form.includeObject, now: now(), withColumns: isFirst };
          return frameOf("BOOKMARK", tables.bookmark(object, options));
        }
      }
    },
  };
}

/** Objects that are compressed, which is remembered by their bytes; in characters. */
const LARGE = 128 * 1024;

/** Of one list, in bytes. Who has more objects asks for them in pages; what those cost is copying texts. */
const MOST_KEPT = 4 * 1024 * 1024;

function entryOf<K extends object, V>(map: WeakMap<K, Map<string, V>>, key: K): Map<string, V> {
  let entry = map.get(key);
  if (entry === undefined) map.set(key, entry = new Map());
  return entry;
}

/** A frame of a watch. @param text the object, as JSON */
export function frameOf(type: FrameType | "BOOKMARK" | "ERROR", text: string): Uint8Array {
  return Buffer.from(frameText(type, text));
}

function frameText(type: string, text: string): string {
  return frameStart(type) + text + FRAME_END;
}

function frameStart(type: string): string {
  return `{"type":"${type}","object":`;
}

const FRAME_END = "}\n";
