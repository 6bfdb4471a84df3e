import assert from "node:assert/strict";
import { join } from "node:path";
import { down, main, up } from "./cli.ts";
import { cacheHome, namedClusterDir, withFileLock } from "./paths.ts";
import { runningPid } from "./processes.ts";
import type { ProgressSink } from "./progress.ts";
import { PARTS } from "./state.ts";
import { waitFor } from "./wait.ts";

const CLI = join(import.meta.dirname ?? ".", "cli.ts");
const NAME = `test-${crypto.randomUUID().slice(0, 8)}`;

interface Outcome {
  code: number;
  lines: string[];
  progress: string;
}

/** Runs the command line in a process of its own. */
async function cli(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", CLI, ...args], env });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, lines: decoder.decode(stdout).trimEnd().split("\n"), progress: decoder.decode(stderr) };
}

function recorder(): ProgressSink & { text: string } {
  return {
    isTerminal: false,
    text: "",
    write(text: string) {
      this.text += text;
    },
  };
}

Deno.test("cluster:up leaves a cluster running, and cluster:down ends it", async (t) => {
  let kubeconfig = "";
  try {
    await t.step("up prints the path of its kubeconfig as the last line", async () => {
      const { code, lines, progress } = await cli(["up", "--name", NAME]);
      assert.equal(code, 0, progress);
      kubeconfig = lines.at(-1) ?? "";
      assert.match(await Deno.readTextFile(kubeconfig), /certificate-authority-data/);
      assert.match(progress, /the API server is ready/);
    });
    const dir = join(kubeconfig, "..");
    const pids = () => Promise.all(PARTS.map((part) => runningPid(dir, part)));
    const first = await pids();

    await t.step("it has survived the process that started it", () => {
      assert.equal(first.includes(undefined), false);
    });

    await t.step("up again prints the same path and starts nothing", async () => {
      const progress = recorder();
      assert.equal(await up(NAME, progress), kubeconfig);
      assert.match(progress.text, /is running/);
      assert.deepEqual(await pids(), first);
    });

    await t.step("up starts a part that has died", async () => {
      Deno.kill(first[4] ?? 0, "SIGKILL");
      // A killed process is still listed for a moment.
      await waitFor(async () => (await pids())[4] === undefined, { what: "the killed part to be gone" });
      assert.equal(await up(NAME, recorder()), kubeconfig);
      const now = await pids();
      assert.deepEqual(now.slice(0, 4), first.slice(0, 4));
      assert.notEqual(now[4], undefined);
      assert.notEqual(now[4], first[4]);
    });

    await t.step("up cleans what a dead cluster left behind, and starts anew", async () => {
      const before = await Deno.readTextFile(kubeconfig);
      for (const pid of await pids()) Deno.kill(pid ?? 0, "SIGKILL");
      await waitFor(async () => (await pids()).every((pid) => pid === undefined), {
        what: "all parts to be gone",
      });
      assert.equal(await up(NAME, recorder()), kubeconfig);
      assert.notEqual(await Deno.readTextFile(kubeconfig), before);
      assert.equal((await pids()).includes(undefined), false);
    });
    await t.step("who comes while another starts or stops it waits", async () => {
      const progress = recorder();
      const busy = withFileLock(`${namedClusterDir(NAME)}.lock`, async () => {
        const waiting = up(NAME, progress);
        await waitFor(() => progress.text.includes("waiting for it"), { what: "up to wait" });
        return { waiting };
      });
      assert.equal(await (await busy).waiting, kubeconfig);
    });
  } finally {
    const { code, progress } = await cli(["down", "--name", NAME]);
    assert.equal(code, 0, progress);
  }
  await assert.rejects(Deno.stat(join(kubeconfig, "..")), Deno.errors.NotFound);
  const progress = recorder();
  assert.equal(await down(NAME, progress), false);
  assert.match(progress.text, /There is no cluster/);
});

Deno.test("a command line that is not understood is answered with the usage and 2", async () => {
  for (const args of [[], ["sideways"], ["up", "down"], ["up", "--nam", "x"], ["up", "--name", "../x"]]) {
    const progress = recorder();
    assert.equal(await main(args, progress), 2, args.join(" "));
    assert.match(progress.text, /usage: /);
  }
  assert.equal((await cli(["sideways"])).code, 2);
});

Deno.test("help is printed and exits 0", async () => {
  const { code, lines } = await cli(["--help"]);
  assert.equal(code, 0);
  assert.match(lines.join("\n"), /up {4}starts a cluster/);
});

Deno.test("stopping what does not run is no mistake", async () => {
  const progress = recorder();
  assert.equal(await main(["down", "--name", `${NAME}-none`], progress), 0);
  assert.match(progress.text, /There is no cluster/);
});

Deno.test("without Go and without programs the reason is one line and the exit code 1", async () => {
  const home = await Deno.makeTempDir();
  const denoDir = Deno.env.get("DENO_DIR") ?? join(cacheHome(), "..", "deno");
  const env = { XDG_CACHE_HOME: home, DENO_DIR: denoDir, KUBEBUILDER_ASSETS: "", PATH: "/nonexistent" };
  const { code, progress } = await cli(["up", "--name", NAME], env);
  assert.equal(code, 1);
  assert.match(progress.trimEnd().split("\n").at(-1) ?? "", /needs Go 1\.21 or newer/);
  await Deno.remove(home, { recursive: true });
});
