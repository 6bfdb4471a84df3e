/** Processes that several processes of the coordinator see, whoever started them, and that outlive these. */
import assert from "node:assert/strict";
import { until } from "../../sandbox/testing.ts";
import type { SandboxHost } from "../../sandbox/types.ts";
import { type Limits, STANDARD_LIMITS } from "../../types.ts";
import { type ExecutorRig, executorRig } from "../../worker/testing/executor_rig.ts";
import type { SuiteOptions } from "./types.ts";
import { rigOf, signal } from "./rig.ts";

interface Replica extends ExecutorRig {
  readonly host: SandboxHost;
  /** Its process ends: nobody says farewell to workspaces. */
  end(): Promise<void>;
}

export function sharedSuite(options: SuiteOptions): void {
  Deno.test(`${options.name}: shared: processes are seen by all, and outlive who has started them`, async (t) => {
    await using rig = await rigOf(options);
    await using stack = new AsyncDisposableStack();
    const replica = async (existing: boolean, limits: Partial<Limits> = {}): Promise<Replica> => {
      const host = rig.workspace.host();
      const executor = executorRig(host);
      stack.use(executor);
      await executor.ok("session.open", {
        limits: { ...STANDARD_LIMITS, ...limits },
        existing,
        workspace: { directory: rig.directory, files: "workspace" },
      });
      return {
        ...executor,
        [Symbol.asyncDispose]: () => executor[Symbol.asyncDispose](),
        host,
        end: async () => await host.close(),
      };
    };
    stack.defer(async () => await rig.workspace.host().remove("sess-a", signal()));
    const one = await replica(false, { outputBytes: 65_536 });
    const two = await replica(true);
    const command = (line: string, more = {}) => ({ command: line, waitMs: 0, ...more });

    await t.step("one that another has started, its output as it comes, and its end", async () => {
      const { process } = await one.ok(
        "run.command",
        command("echo first; read x; echo got $x; exit 4", { interactive: true }),
      );
      const begun = await two.ok("process.output", { process, waitMs: 60_000 });
      assert.deepEqual([begun["stdout"], begun["state"]], ["first\n", "running"]);
      await two.ok("process.input", { process, data: "input\n", close: true });
      await until(
        "it has ended",
        async () => (await two.ok("process.output", { process }))["state"] === "exited",
      );
      const ended = await two.ok("process.output", { process, stdout: begun["nextStdout"] });
      assert.deepEqual([ended["stdout"], ended["exitCode"]], ["got input\n", 4]);
      const same = await one.ok("process.output", { process, waitMs: 60_000 });
      assert.deepEqual([same["state"], same["exitCode"]], ["exited", 4]);
    });

    await t.step("handles are nobody else's, whoever gives them", async () => {
      const handles: unknown[] = [];
      for (const at of [one, two, one, two]) {
        handles.push((await at.ok("run.command", command("true")))["process"]);
      }
      assert.equal(new Set(handles).size, 4);
      for (const at of [one, two]) {
        assert.match(
          await at.fails("not_found", "process.output", { process: "proc-999999" }),
          /there is no proc-999999/,
        );
      }
    });

    await t.step("what another has told of it is known here, too", async () => {
      const { process } = await one.ok(
        "run.command",
        command("head -c 20000 /dev/zero | tr '\\0' a; sleep 1000"),
      );
      await until(
        "it was written",
        async () => Number((await one.ok("process.output", { process }))["nextStdout"]) === 20_000,
      );
      const at = await two.ok("process.output", { process, stdout: 20_000 });
      assert.equal(at["stdout"], "");
      assert.equal(at["nextStdout"], 20_000);
      await two.ok("process.signal", { process, signal: "SIGKILL" });
      await until(
        "it was told",
        async () => (await one.ok("process.output", { process }))["state"] === "exited",
      );
    });

    await t.step("a session's processes, and what they are called", async () => {
      const { process } = await two.ok("run.command", command("sleep 1001"));
      const { processes } = await one.ok("session.usage") as { processes: Record<string, unknown>[] };
      const found = processes.find((each) => each["process"] === process);
      assert.deepEqual([found?.["command"], found?.["state"]], ["sleep 1001", "running"]);
      await one.ok("process.signal", { process, signal: "SIGTERM" });
    });

    await t.step("programs that nobody asked for are seen by nobody", async () => {
      const before = (await two.ok("session.usage"))["processes"] as unknown[];
      await one.run("test.run", { path: "." });
      const after = (await two.ok("session.usage"))["processes"] as { command: string }[];
      assert.ok(after.length <= before.length + 1, JSON.stringify(after));
    });

    await t.step("it goes on when who has started it ends, also past its time limit", async () => {
      const three = await replica(true);
      const started = await three.ok(
        "run.command",
        command("echo up; sleep 1002; echo never", { timeoutMs: 3_000 }),
      );
      const background = await three.ok("run.command", command("echo up; sleep 1; echo later; sleep 1003"));
      await three.end();
      const process = started["process"];
      await until(
        "its time was up",
        async () => (await two.ok("process.output", { process }))["state"] === "exited",
      );
      const ended = await two.ok("process.output", { process });
      assert.deepEqual([ended["stdout"], ended["limit"], ended["signal"]], ["up\n", "timeout", "SIGTERM"]);
      assert.ok(Number(ended["durationMs"]) >= 3_000);
      const other = background["process"];
      await until("it has said more", async () => {
        const { stdout } = await two.ok("process.output", { process: other });
        return stdout === "up\nlater\n";
      });
      await two.ok("process.signal", { process: other, signal: "SIGKILL" });
    });

    await t.step("who comes later hears all that was kept, and how much was not", async () => {
      const script = "i=0; while [ $i -lt 30000 ]; do echo line-$i; i=$((i + 1)); done";
      const { process } = await one.ok("run.command", command(script, { waitMs: 120_000 }));
      const three = await replica(true);
      const late = await three.ok("process.output", { process });
      const all = Array.from({ length: 30_000 }, (_, i) => `line-${i}\n`).join("");
      const end = Number(late["nextStdout"]);
      assert.equal(late["exitCode"], 0);
      assert.ok(all.slice(0, end).endsWith(String(late["stdout"])), "it is the end of what it has written");
      const shown = String(late["stdout"]).length;
      assert.ok(Number(late["lost"]) > 0 || shown < end || late["more"] === true);
      assert.equal(Number(late["lost"] ?? 0) + shown, end);
      await three.end();
    });

    await t.step("files are one for all", async () => {
      await one.write("shared.txt", "of one");
      assert.equal((await two.ok("fs.read", { path: "shared.txt" }))["size"], 6);
    });
  });

  Deno.test(`${options.name}: shared: a process that writes while nobody is there goes on`, async () => {
    await using rig = await rigOf(options);
    const id = "sess-alone";
    const first = rig.workspace.host();
    const one = await rig.open({ id, limits: { outputBytes: 65_536 } }, first);
    const done = `${rig.directory}/done`;
    await one.spawn({
      argv: ["sh", "-c", `head -c 9000000 /dev/zero; printf end; touch ${done}; sleep 1004`],
      cwd: ".",
      env: {},
      onOutput() {},
      shared: { command: "much", timeoutMs: 0 },
    }, signal());
    await first.close();
    await until("it was not held up", async () => await Deno.stat(done).then(() => true, () => false));
    const two = await rig.open({ id, existing: true });
    let seen = 0;
    let lost = 0;
    let last = "";
    two.shared!.follow(() => ({
      onOutput: (_, bytes) => {
        seen += bytes.length;
        last = new TextDecoder().decode(bytes.slice(-3));
      },
      onLost: (_, bytes) => void (lost += bytes),
    }));
    await two.shared!.refresh(signal());
    assert.equal(seen + lost, 9_000_003);
    assert.ok(lost > 0 && seen >= 65_536, `${seen} seen, ${lost} lost`);
    assert.equal(last, "end");
  });
}
