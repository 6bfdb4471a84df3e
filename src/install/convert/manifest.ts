/** A conversion as text. */
import { Document, isMap, isScalar, type YAMLMap } from "yaml";
import type { Conversion } from "./helm.ts";
import type { Note } from "./note.ts";

const WIDTH = 110;

/** YAML for kubectl. What needs attention stands as a comment at its field, or, without one, at the top. */
export function manifestText({ object, notes }: Conversion): string {
  // YAML 1.1 quotes what kubectl would read as something else than text: yes, on, 0400.
  const document = new Document(object, { version: "1.1", aliasDuplicateObjects: false });
  document.directives = undefined as never;
  const top: string[] = [];
  const comments = new Map<string, string[]>();
  for (const note of notes) {
    const field = note.at;
    if (field === undefined || keyAt(document.contents, field) === undefined) top.push(...lines(note, "- "));
    else comments.set(field, [...(comments.get(field) ?? []), ...lines(note)]);
  }
  for (const [field, text] of comments) {
    const key = keyAt(document.contents, field);
    if (key !== undefined) key.commentBefore = text.map((line) => ` ${line}`).join("\n");
  }
  const heading = [
    "Made from values of Coder's Helm chart by coder-k8s convert.",
    "A Helm release is not taken over in place: docs/helm-parity.md tells how to move.",
    ...(top.length === 0 ? [] : ["", "What to look at:", ...top]),
  ];
  const body = document.toString({ lineWidth: WIDTH, flowCollectionPadding: false });
  return `${heading.map((line) => line === "" ? "#" : `# ${line}`).join("\n")}\n${body}`;
}

/** What cannot be mapped, one line each, for a terminal. */
export function warningText(notes: readonly Note[]): string {
  return notes.filter(({ unmapped }) => unmapped).map(({ path, what }) => `warning: ${path}: ${what}\n`).join(
    "",
  );
}

/** The key node of `spec.a.b`, which can carry a comment. */
function keyAt(root: unknown, field: string): { commentBefore?: string | null } | undefined {
  let map = root;
  let key: { commentBefore?: string | null } | undefined;
  for (const name of field.split(".")) {
    if (!isMap(map)) return undefined;
    const pair: YAMLMap["items"][number] | undefined = map.items.find((each) =>
      isScalar(each.key) && each.key.value === name
    );
    if (pair === undefined || !isScalar(pair.key)) return undefined;
    key = pair.key;
    map = pair.value;
  }
  return key;
}

/** A note as comment lines. Control characters would end the comment. */
function lines({ path, what }: Note, bullet = ""): string[] {
  const words = `${bullet}${path}: ${what}`.replace(/\s+/g, " ").split(" ");
  const wrapped: string[] = [];
  for (const word of words) {
    const line = wrapped.at(-1);
    if (line !== undefined && line.length + word.length < WIDTH - 4) {
      wrapped[wrapped.length - 1] = `${line} ${word}`;
    } else wrapped.push(wrapped.length === 0 ? word : `${" ".repeat(bullet.length)}${word}`);
  }
  return wrapped;
}
