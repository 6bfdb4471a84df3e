/** `values.yaml`, read with its comments. */
import { isMap, isScalar, parseDocument, type YAMLMap } from "yaml";

/** A value, in the order of the file. */
export interface DocumentedValue {
  readonly path: readonly string[];
  /** Its comment as one text; empty where there is none. */
  readonly text: string;
  readonly default: unknown;
  /** Whether it is a section, with values of its own below it. */
  readonly isSection: boolean;
}

/** All values of the file. @throws {Error} where it is no map */
export function documentedValues(text: string): DocumentedValue[] {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new Error(`values.yaml: ${error.message}`);
  const root = document.contents;
  if (!isMap(root)) throw new Error("values.yaml is no map");
  return valuesIn(root, []);
}

function valuesIn(map: YAMLMap, path: readonly string[]): DocumentedValue[] {
  return map.items.flatMap(({ key, value }, index) => {
    if (!isScalar(key)) throw new Error("values.yaml has a key that is no text");
    const own = [...path, String(key.value)];
    const isSection = isMap(value) && value.items.length > 0;
    // The first comment of a map is the map's.
    const comment = key.commentBefore ?? (index === 0 && path.length > 0 ? map.commentBefore : undefined);
    const found: DocumentedValue = {
      path: own,
      text: oneText(comment),
      default: isMap(value) || value !== null ? (value as { toJSON(): unknown }).toJSON() : null,
      isSection,
    };
    return [found, ...isSection ? valuesIn(value, own) : []];
  });
}

/** What stands after the last empty line of a comment, its lines joined. */
function oneText(comment: string | null | undefined): string {
  const last = (comment ?? "").split(/\n\s*\n/).at(-1) ?? "";
  return last.split("\n").map((line) => line.trim()).filter((line) => line !== "").join(" ");
}
