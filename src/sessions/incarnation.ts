/** Names of workers' processes, which tell which of two began long before the other. */

const FORM = /^at([0-9]{13})-/;
/** So far the clocks of two machines may be apart, milliseconds. */
export const MACHINES_APART_MS = 60_000;

/** Of a process that begins now. @param now milliseconds since 1970 */
export function newIncarnation(now: number): string {
  return `at${String(Math.floor(now)).padStart(13, "0")}-${crypto.randomUUID()}`;
}

/** Whether the first of two processes of one worker surely began before the other. False where their names do not say. */
export function beganBefore(incarnation: string, other: string): boolean {
  const [one, two] = [FORM.exec(incarnation)?.[1], FORM.exec(other)?.[1]];
  return one !== undefined && two !== undefined && Number(two) - Number(one) > MACHINES_APART_MS;
}
