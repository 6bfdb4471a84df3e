/** One package that is there now and was not before, or not in this version. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** Packages of one answer, at most. */
export const MOST_INSTALLED = 5_000;
