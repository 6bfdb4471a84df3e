/** Objects without what nobody asks of them: the cache holds many. */

/** These fields of an object, as far as they are there. */
export function picked<T extends object, K extends keyof T>(object: T, fields: readonly K[]): Pick<T, K> {
  const entries = fields.flatMap((field) => object[field] === undefined ? [] : [[field, object[field]]]);
  return Object.fromEntries(entries) as Pick<T, K>;
}
