/** Points in time as Kubernetes writes them. */

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Whether a text is a point in time as RFC 3339 has it. */
export function isTime(text: string): boolean {
  return RFC_3339.test(text) && !Number.isNaN(Date.parse(text.toUpperCase()));
}

/** `2026-01-01T00:00:00Z`: in seconds, as all of `metadata`. @param now milliseconds since 1970 */
export function timeText(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}
