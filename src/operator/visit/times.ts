/** Times as the status has them. */

/** RFC 3339 without fractions: seconds are as fine as the API keeps times. */
export function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
