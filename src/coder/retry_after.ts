/** When a server says that the next request may come. */

/** The longest wait that a server may ask for, in milliseconds; a longer one is a mistake that must not stop us for ever. */
export const MAX_RETRY_AFTER_MS = 10 * 60_000;

/** Answer headers, by lower-case name. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The one value of a header; the first where it came several times. */
export function headerOf(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * `Retry-After`, in milliseconds from now: seconds, or a date that is read against the answer's own `Date`, so that
 * clocks need not agree. Undefined where it is absent or nonsense.
 */
export function retryAfterMs(headers: AnswerHeaders, wallTime: () => number = Date.now): number | undefined {
  const value = headerOf(headers, "retry-after")?.trim() ?? "";
  if (value === "") return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.min(MAX_RETRY_AFTER_MS, Number(value) * 1_000);
  const then = Date.parse(value);
  // "Sat, …": other forms that Date.parse takes, such as "-5", are not dates of HTTP.
  if (Number.isNaN(then) || !/^[A-Za-z]{3}/.test(value)) return undefined;
  const sent = Date.parse(headerOf(headers, "date") ?? "");
  const wait = then - (Number.isNaN(sent) ? wallTime() : sent);
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(0, wait));
}
