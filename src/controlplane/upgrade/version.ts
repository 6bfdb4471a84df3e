/** Versions of Coder, as tags of images and as Coder itself says them. */

/** A version that can be compared. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  /** Undefined for a tag that follows a minor version, such as `v2.30`. */
  readonly patch: number | undefined;
  /** What stands behind a dash, such as `rc.1`, or the name of a build of one's own. Empty for a release. */
  readonly suffix: string;
}

const PATTERN =
  /^v?(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:\.(0|[1-9]\d{0,8})(?:-([0-9A-Za-z.-]+))?)?(?:\+[0-9A-Za-z.-]+)?$/;

/**
 * Reads `v2.30.0`, `2.30.0`, `v2.31.0-rc.1`, `v2.30.0-acme.3`, `v2.30`, and what Coder says of a build (`v2.30.0+43e67d1`).
 * Undefined for everything else, such as `latest`.
 */
export function parseVersion(text: string): Version | undefined {
  const match = PATTERN.exec(text.trim());
  if (match === null) return undefined;
  const [, major, minor, patch, suffix = ""] = match;
  return {
    major: Number(major),
    minor: Number(minor),
    patch: patch === undefined ? undefined : Number(patch),
    suffix,
  };
}

/** `v2.30.0-acme.3` */
export function versionText({ major, minor, patch, suffix }: Version): string {
  return `v${major}.${minor}${patch === undefined ? "" : `.${patch}`}${suffix === "" ? "" : `-${suffix}`}`;
}

/**
 * Negative where `a` is of an earlier minor version than `b`, zero where both are of the same. Releases of one minor
 * version share their database schema, as a rule.
 */
export function compareMinor(a: Version, b: Version): number {
  return a.major === b.major ? a.minor - b.minor : a.major - b.major;
}

/** Orders as Semantic Versioning does; an open patch comes before every other. */
export function compareVersions(a: Version, b: Version): number {
  return compareMinor(a, b) || (a.patch ?? -1) - (b.patch ?? -1) || compareSuffixes(a.suffix, b.suffix);
}

/** True where both surely name the same release. */
export function isSameVersion(a: Version, b: Version): boolean {
  return a.patch !== undefined && compareVersions(a, b) === 0;
}

/** The latest of them. */
export function latest(versions: readonly (Version | undefined)[]): Version | undefined {
  return versions.reduce(
    (best, each) =>
      best === undefined || (each !== undefined && compareVersions(each, best) > 0) ? each ?? best : best,
    undefined,
  );
}

function compareSuffixes(a: string, b: string): number {
  if (a === b) return 0;
  // A release comes after all that leads up to it.
  if (a === "" || b === "") return a === "" ? 1 : -1;
  const [left, right] = [a.split("."), b.split(".")];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = compareIdentifiers(left[i], right[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifiers(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  const numeric = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (numeric[0] && numeric[1]) return Number(a) - Number(b);
  if (numeric[0] || numeric[1]) return numeric[0] ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
