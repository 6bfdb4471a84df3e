/** Input that cannot be converted at all. The message says why and what to do. */
export class ConvertError extends Error {
  override readonly name = "ConvertError";
}
