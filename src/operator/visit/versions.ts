/** Versions of Coder as deployments report them. */

/** The oldest and the newest minor version that the operator is tested with. */
export const TESTED = { oldest: [2, 28], newest: [2, 30] } as const;

/** The same, for people. */
export const TESTED_RANGE = `v${TESTED.oldest.join(".")} to v${TESTED.newest.join(".")}`;

/** `v2.30.0` of `v2.30.0+43e67d1`: what was built, without which build it is. Anything else only loses its length. */
export function plainVersion(reported: string): string {
  const [plain = ""] = reported.trim().split("+");
  return (/^\d/.test(plain) ? `v${plain}` : plain).slice(0, 64);
}

/** How a version stands to those that the operator is tested with. Versions before a release count as that release. */
export function testedness(version: string): "tested" | "older" | "newer" | "unknown" {
  const match = /^v(\d+)\.(\d+)\.\d+/.exec(version);
  if (match === null) return "unknown";
  const given = [Number(match[1]), Number(match[2])] as const;
  if (compare(given, TESTED.oldest) < 0) return "older";
  return compare(given, TESTED.newest) > 0 ? "newer" : "tested";
}

function compare(a: readonly [number, number], b: readonly [number, number]): number {
  return a[0] === b[0] ? a[1] - b[1] : a[0] - b[0];
}
