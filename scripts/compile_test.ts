import assert from "node:assert/strict";
import { COMPILE_FLAGS } from "./lib/compile_flags.ts";
import { root, runDeno } from "./lib/run.ts";

const compile = (...args: string[]) =>
  runDeno(["run", "-A", "--no-check", "scripts/compile.ts", ...args], { cwd: root });

Deno.test("a target that does not exist is refused before anything is built, with those that do", async () => {
  for (
    const args of [["--target=sparc"], ["--target", "sparc"], ["--target"], ["now"], ["--target=a", "b"]]
  ) {
    const { code, output } = await compile(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(
      output,
      /^compile: unknown arguments .+ x86_64-unknown-linux-gnu, aarch64-unknown-linux-gnu/,
    );
  }
});

Deno.test("the executable cannot load native code, never asks, and gives up the rest itself", () => {
  assert.ok(COMPILE_FLAGS.includes("--no-prompt"));
  const granted = COMPILE_FLAGS.filter((flag) => flag.startsWith("--allow-")).map((flag) =>
    flag.split("=")[0]
  );
  assert.deepEqual(granted.toSorted(), [
    "--allow-env",
    "--allow-net",
    "--allow-read",
    "--allow-run",
    "--allow-sys",
    // For a file of --mcp-audit-log alone: `src/app/permissions.ts`.
    "--allow-write",
  ]);
  assert.ok(!COMPILE_FLAGS.some((flag) => flag === "-A" || flag === "--allow-all"));
});

Deno.test("the executable runs no code that others could have left in the temporary directory", () => {
  assert.ok(COMPILE_FLAGS.includes("--no-code-cache"));
});
