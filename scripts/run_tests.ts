/**
 * `deno task test [paths or deno test options…]`: every test, on real parts. Starts one cluster that all test files
 * share, runs `deno test`, stops the cluster.
 */
import { standardError, ToolsError, withSharedCluster } from "../tests/cluster/mod.ts";
import { ensureCoderTools } from "../tests/coder/mod.ts";
import { root, say } from "./lib/run.ts";

/** Runs the tests with extra arguments; resolves to the exit code. A missing tool is one line that says how to get it. */
export async function runTests(args: readonly string[]): Promise<number> {
  try {
    return await runOnRealParts(args);
  } catch (error) {
    if (!(error instanceof ToolsError)) throw error;
    say(`test: ${error.message}`);
    return 1;
  }
}

async function runOnRealParts(args: readonly string[]): Promise<number> {
  const paths = args.filter((arg) => !arg.startsWith("-"));
  const options = args.filter((arg) => arg.startsWith("-"));
  // Built before the tests begin, so that no test's deadline has to bear it, and with progress on the screen.
  if (paths.length === 0 || paths.some((path) => path.includes("tests/"))) await ensureCoderTools();
  return await withSharedCluster(async () => {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "-A",
        "--no-check",
        ...options,
        ...(paths.length === 0 ? ["src", "scripts", "tests"] : paths),
      ],
      cwd: root,
      stdin: "null",
    }).spawn();
    const { code } = await child.status;
    return code;
  }, { progress: standardError() });
}

if (import.meta.main) {
  const code = await runTests(Deno.args);
  if (code !== 0) say("\nSome tests failed. Run one file alone with: deno task test path/to/the_test.ts");
  Deno.exit(code);
}
