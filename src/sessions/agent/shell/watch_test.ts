import assert from "node:assert/strict";
import { processesWith, until } from "../../sandbox/testing.ts";
import { watcher } from "./scripts.ts";

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

for (const shell of ["dash", "bash"]) {
  Deno.test(`by ${shell}, a session that nobody uses is ended in its workspace, and one that is used is not`, async () => {
    const base = await Deno.makeTempDir({ prefix: "watch-" });
    const sessions = ["used", "forgotten"].map((name) => `${base}/${name}`);
    const number = `9${Math.floor(Math.random() * 1e9)}`;
    const children: Deno.ChildProcess[] = [];
    for (const state of sessions) {
      await Deno.mkdir(`${state}/p`, { recursive: true });
      for (const file of ["shell", "used"]) await Deno.writeTextFile(`${state}/${file}`, "");
      const started = new Deno.Command("sleep", {
        args: [state.endsWith("used") ? `${number}1` : `${number}2`],
        env: { CODER_K8S_SESSION: state },
      }).spawn();
      children.push(started);
    }
    const long = new Date(Date.now() - 600_000);
    await Deno.utime(`${sessions[1]}/used`, long, long);
    for (const state of sessions) {
      const code = watcher(5).replace("sleep 60", "sleep 0.1");
      children.push(
        new Deno.Command(shell, { args: ["-c", `S=${state}\nID=x\n${code}`], stdout: "null" }).spawn(),
      );
    }
    const [used, forgotten] = sessions as [string, string];
    await until("it is gone", async () => !await exists(forgotten));
    await until(
      "what it has started is gone",
      async () => (await processesWith(`sleep\0${number}2`)).length === 0,
    );
    assert.ok(await exists(`${used}/shell`));
    assert.equal((await processesWith(`sleep\0${number}1`)).length, 1);
    await Deno.remove(used, { recursive: true });
    children[0]!.kill("SIGKILL");
    // Each watch ends with what it watches.
    for (const child of children) await child.status;
    await Deno.remove(base, { recursive: true });
  });
}
