/** Kubernetes quantities (`1`, `500m`, `1.5Gi`, `2e3`), compared exactly. Source: apimachinery, api/resource/quantity.go. */

/** True where both are quantities of the same amount. */
export function sameQuantity(left: unknown, right: unknown): boolean {
  const a = parseQuantity(left);
  const b = parseQuantity(right);
  if (a === undefined || b === undefined) return false;
  return a.units * 10n ** BigInt(b.scale) === b.units * 10n ** BigInt(a.scale);
}

/** `units` divided by ten to the power of `scale`. */
export interface Quantity {
  readonly units: bigint;
  /** Not negative. */
  readonly scale: number;
}

/** Undefined for what is no quantity. */
export function parseQuantity(value: unknown): Quantity | undefined {
  const text = typeof value === "number" ? decimalText(value) : value;
  if (typeof text !== "string" || text.length > maxLength) return undefined;
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:(n|u|m|k|M|G|T|P|E)|(Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?\d{1,3}))?$/
    .exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", decimal, binary, exponent] = match;
  if (whole === "" && fraction === "") return undefined;
  let units = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  if (binary !== undefined) units *= 1024n ** BigInt(binarySuffixes.indexOf(binary) + 1);
  const power = (exponent === undefined ? decimalPowers[decimal ?? ""] ?? 0 : Number(exponent)) -
    fraction.length;
  return power >= 0 ? { units: units * 10n ** BigInt(power), scale: 0 } : { units, scale: -power };
}

/** Longer texts are no quantity anybody writes; the limit keeps the arithmetic small. */
const maxLength = 64;
const binarySuffixes = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const decimalPowers: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

function decimalText(value: number): string | undefined {
  return Number.isFinite(value) ? String(value).replace("e+", "e") : undefined;
}
