/** Objects without what nobody needs for support, or should have: values of variables and Secrets, managed fields. */

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const LEFT_OUT = "[left out]";
/** Fields whose texts are values of somebody's. */
const VALUES = new Set(["data", "stringData", "binaryData"]);

/** A copy. Foreign objects may have any shape. */
export function slim(value: unknown, path: readonly string[] = []): unknown {
  if (Array.isArray(value)) {
    const isEnvironment = path.at(-1) === "env" || path.at(-1) === "extraEnv";
    return value.map((one) => slim(isEnvironment ? withoutValue(one) : one, path));
  }
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    if (name === "managedFields") return [];
    if (path.length === 0 && VALUES.has(name)) return [[name, keysOnly(inner)]];
    if (name === "annotations" && isRecord(inner)) {
      const { [LAST_APPLIED]: _, ...annotations } = inner;
      return [[name, annotations]];
    }
    return [[name, slim(inner, [...path, name])]];
  });
  return Object.fromEntries(entries);
}

function withoutValue(variable: unknown): unknown {
  return isRecord(variable) && "value" in variable ? { ...variable, value: LEFT_OUT } : variable;
}

function keysOnly(data: unknown): unknown {
  return isRecord(data) ? Object.fromEntries(Object.keys(data).map((key) => [key, LEFT_OUT])) : LEFT_OUT;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
