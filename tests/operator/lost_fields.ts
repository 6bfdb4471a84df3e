/** Whether the API server stored what was sent. */

/** Paths of values that were sent and are not there now; what the API server added does not count. */
export function lostFields(sent: unknown, live: unknown, path = ""): string[] {
  if (Array.isArray(sent)) {
    if (!Array.isArray(live) || live.length !== sent.length) return [path];
    return sent.flatMap((each, index) => lostFields(each, live[index], `${path}[${index}]`));
  }
  if (typeof sent === "object" && sent !== null) {
    if (typeof live !== "object" || live === null) return [path];
    return Object.entries(sent).flatMap(([name, value]) =>
      lostFields(value, (live as Record<string, unknown>)[name], `${path}.${name}`)
    );
  }
  return sent === live ? [] : [path];
}
