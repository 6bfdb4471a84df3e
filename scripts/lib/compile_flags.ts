/** What the executable may do, and how its engine is tuned. */

/**
 * Permissions, spelt out: no native code, no imports from elsewhere. `run` is there for exec plugins of a kubeconfig
 * and for a worker's sandboxes, `write` for a file of `--mcp-audit-log` and for a worker's sessions, `sys=ca` for
 * certificates of public authorities, `uid` to `statfs` for who a worker is and how much room its disk has; each is given
 * up at start where it is not needed (`src/app/permissions.ts`).
 */
const PERMISSIONS = [
  "--no-prompt",
  "--allow-net",
  "--allow-env",
  "--allow-read",
  "--allow-write",
  "--allow-run",
  "--allow-sys=hostname,homedir,ca,uid,gid,userInfo,statfs",
];

/**
 * V8 tuning: a young generation of 4 MiB, and a heap that grows by fifths. `--optimize-for-size` would save 8 MB at rest
 * and 35 MB under load, and answer a third as many MCP calls (docs/benchmarks.md).
 */
const V8 = ["--max-semi-space-size=4", "--heap-growing-percent=20"];

/**
 * Deno would keep compiled code of earlier starts in a file of a known name in the temporary directory, and run whatever
 * it finds there: where others may write to that directory, so might they. It would win 10 ms of a start.
 */
const NO_CODE_FROM_ELSEWHERE = "--no-code-cache";

/** Flags of `deno compile`. */
export const COMPILE_FLAGS: readonly string[] = [
  ...PERMISSIONS,
  NO_CODE_FROM_ELSEWHERE,
  `--v8-flags=${V8.join(",")}`,
];
