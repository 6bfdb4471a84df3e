/** What the executable may do, and how its engine is tuned. */

/**
 * Permissions, spelt out: no write access, no native code, no imports from elsewhere. `run` is there for exec plugins of
 * a kubeconfig alone, and given up at start where there is none (`src/app/permissions.ts`).
 */
const PERMISSIONS = [
  "--no-prompt",
  "--allow-net",
  "--allow-env",
  "--allow-read",
  "--allow-run",
  "--allow-sys=hostname,homedir",
];

/** V8 tuning, see docs/benchmarks.md for what each costs and saves. */
const V8 = ["--optimize-for-size"];

/** Flags of `deno compile`. */
export const COMPILE_FLAGS: readonly string[] = [...PERMISSIONS, `--v8-flags=${V8.join(",")}`];
