import assert from "node:assert/strict";
import { argumentsAs, isSameAnyway, startedAs } from "./plugin_name.ts";
import { pluginRig } from "./plugin_testing.ts";

Deno.test("the plugin's names are words before what is typed", () => {
  const list = ["list", "-A"];
  for (
    const name of [
      "kubectl-coder",
      "/usr/local/bin/kubectl-coder",
      "./kubectl-coder",
      "C:\\krew\\kubectl-coder.exe",
    ]
  ) {
    assert.deepEqual(argumentsAs(name, list), ["plugin", ...list], name);
  }
  assert.deepEqual(argumentsAs("/bin/kubectl_complete-coder", [""]), ["plugin", "__complete", ""]);
});

Deno.test("under any other name it is coder-k8s", () => {
  for (
    const name of [
      "coder-k8s",
      "/usr/bin/deno",
      "",
      "kubectl-coder/",
      "constructor",
      "kubectl-coder-x",
      "toString",
    ]
  ) {
    assert.deepEqual(argumentsAs(name, ["version"]), ["version"], name);
  }
});

Deno.test("the name is that of the link that was started", async () => {
  assert.match(await startedAs(), /deno/);
  const directory = await Deno.makeTempDir();
  try {
    await Deno.symlink(Deno.execPath(), `${directory}/kubectl-coder`);
    const module = new URL("plugin_name.ts", import.meta.url).href;
    const { stdout } = await new Deno.Command(`${directory}/kubectl-coder`, {
      args: ["eval", `import { startedAs } from ${JSON.stringify(module)}; console.log(await startedAs());`],
      // What this process was started by would count for its own name.
      env: { _: "/usr/bin/kubectl" },
    }).output();
    assert.equal(new TextDecoder().decode(stdout).trim(), `${directory}/kubectl-coder`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("who tells the name: the executable, the shell that has started it, or the process itself", async () => {
  const asked: string[] = [];
  const started = (executable: string, shell?: string) =>
    startedAs({
      executable,
      shell,
      argv0: () => {
        asked.push(executable);
        return Promise.resolve("/krew/kubectl-coder");
      },
    });
  assert.equal(await started("/krew/store/kubectl-coder", "/usr/bin/kubectl"), "kubectl-coder");
  assert.equal(await started("/usr/local/bin/coder-k8s", "./coder-k8s"), "coder-k8s");
  assert.deepEqual(asked, []);
  assert.equal(await started("/usr/local/bin/coder-k8s", "/usr/bin/kubectl"), "/krew/kubectl-coder");
  assert.equal(await started("/usr/local/bin/coder-k8s"), "/krew/kubectl-coder");
});

Deno.test("nobody is asked for the name where the answer is the same under each", async () => {
  assert.equal(isSameAnyway(["version"]), true);
  for (const args of [[], ["--help"], ["help"], ["version", "--nope"], ["version", "--help"], ["top"]]) {
    assert.equal(isSameAnyway(args), false, args.join(" "));
  }
  // The plugin hands it on as it is.
  const rig = pluginRig();
  await rig.run("version");
  assert.deepEqual(rig.commands, [["version"]]);
});
