/** How sessions of a worker get packages. */
export interface PackageSettings {
  /** Variables of the package managers' processes, besides those that all processes of sessions have. */
  readonly environment: Readonly<Record<string, string>>;
  /** Files that a session had of the worker's mirror, and how many of them were in its cache. */
  readonly counts?: ((sessionId: string) => { readonly files: number; readonly cached: number }) | undefined;
}

/** By the network that sessions have, if they have one. */
export const PLAIN_PACKAGES: PackageSettings = { environment: {} };
