/** What came of looking: there, not there, or not to be seen. */

export type Reading<T> =
  | { readonly state: "seen"; readonly value: T }
  | { readonly state: "absent" }
  /** `forbidden`: who asks may not; else the server could not or would not say. */
  | { readonly state: "unread"; readonly why: string; readonly forbidden: boolean };

/** What was seen. */
export function seen<T>(value: T): Reading<T> {
  return { state: "seen", value };
}

/** What is there, or undefined. */
export function valueOf<T>(reading: Reading<T>): T | undefined {
  return reading.state === "seen" ? reading.value : undefined;
}
