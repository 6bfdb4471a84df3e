/** What a change makes of an object, as lines that look like YAML. */
import { diffLines } from "./diff_lines.ts";

/** Longer diffs are cut, in lines. */
const MOST_LINES = 200;
/** Longer lines are cut, in UTF-16 units. */
const MOST_WIDTH = 400;

/**
 * Only what differs, below the names that lead to it; of objects with a `spec`, that alone. Either may be undefined: a
 * thing that is new, or gone. Values of environment variables are not shown. The same two give the same text.
 *
 * @returns undefined where nothing differs
 */
export function diffOf(before: unknown, after: unknown): string | undefined {
  const lines = differences(specOf(before), specOf(after), "", { isEnvironment: false });
  if (lines.length === 0) return undefined;
  const shown = lines.slice(0, MOST_LINES).map((line) =>
    line.length > MOST_WIDTH ? `${line.slice(0, MOST_WIDTH)}…` : line
  );
  const left = lines.length - shown.length;
  return [...shown, ...(left === 0 ? [] : [`@@ ${left} more lines @@`])].join("\n");
}

type Fields = Readonly<Record<string, unknown>>;

interface Place {
  /** Entries are environment variables: their values may be secrets. */
  readonly isEnvironment: boolean;
}

function specOf(value: unknown): unknown {
  return isFields(value) && isFields(value["spec"]) ? value["spec"] : value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function differences(before: unknown, after: unknown, indent: string, place: Place): string[] {
  if (!isFields(before ?? {}) || !isFields(after ?? {})) {
    return diffLines(linesOf(before, indent, place), linesOf(after, indent, place));
  }
  const [old, fresh] = [(before ?? {}) as Fields, (after ?? {}) as Fields];
  const names = [...new Set([...Object.keys(old), ...Object.keys(fresh)])].sort();
  return names.flatMap((name) => fieldDifferences(name, old[name], fresh[name], indent));
}

function fieldDifferences(name: string, before: unknown, after: unknown, indent: string): string[] {
  if (JSON.stringify(sorted(before)) === JSON.stringify(sorted(after))) return [];
  const place = placeOf(name);
  const inner = `${indent}  `;
  if (isFields(before) && isFields(after)) {
    return [` ${indent}${name}:`, ...differences(before, after, inner, place)];
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const lines = diffLines(linesOf(before, inner, place), linesOf(after, inner, place), { context: 1 });
    // Only what is not shown differs.
    return [` ${indent}${name}:`, ...(lines.length > 0 ? lines : [` ${inner}(values that are not shown)`])];
  }
  if (typeof before === "string" && typeof after === "string" && `${before}${after}`.includes("\n")) {
    const inside = (text: string) => text.split("\n").map((line) => `${inner}${line}`);
    return [` ${indent}${name}: |`, ...diffLines(inside(before), inside(after))];
  }
  const whole = (value: unknown) => value === undefined ? [] : fieldLines(name, value, indent);
  return [...whole(before).map((line) => `-${line}`), ...whole(after).map((line) => `+${line}`)];
}

function placeOf(name: string): Place {
  return { isEnvironment: /env$/i.test(name) };
}

function fieldLines(name: string, value: unknown, indent: string): string[] {
  const inner = `${indent}  `;
  if (typeof value === "string" && value.includes("\n")) {
    return [`${indent}${name}: |`, ...value.split("\n").map((line) => `${inner}${line}`)];
  }
  const isParent = (isFields(value) && Object.values(value).some((one) => one !== undefined)) ||
    (Array.isArray(value) && value.length > 0);
  if (!isParent) return [`${indent}${name}: ${scalar(value)}`];
  return [`${indent}${name}:`, ...linesOf(value, inner, placeOf(name))];
}

function linesOf(value: unknown, indent: string, place: Place): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) {
    return value.flatMap((one) => {
      const lines = linesOf(one, `${indent}  `, place);
      return [`${indent}- ${(lines[0] ?? "").trimStart()}`, ...lines.slice(1)];
    });
  }
  if (!isFields(value)) return [`${indent}${scalar(value)}`];
  return Object.entries(value).filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => a === "name" ? -1 : b === "name" ? 1 : a < b ? -1 : 1)
    .flatMap(([name, one]) =>
      place.isEnvironment && name === "value"
        ? [`${indent}value: (not shown)`]
        : fieldLines(name, one, indent)
    );
}

/** Without quotes where YAML needs none. */
function scalar(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value) ?? "null";
  const isPlain = /^[\w/][\w ./@=+-]*$/.test(value) && /[a-z/]/i.test(value) && value.trimEnd() === value &&
    !/^(?:true|false|yes|no|null|on|off|[\d.]+e[+-]?\d+|0[xo].*)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isFields(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(entries.map(([name, one]) => [name, sorted(one)]));
}
