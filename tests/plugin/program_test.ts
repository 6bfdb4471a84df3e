/** The plugin from source and compiled, under its own name, found by the real kubectl. */
import assert from "node:assert/strict";
import { variants } from "../cli/program.ts";
import { sharedCluster, waitFor } from "../cluster/mod.ts";
import { pluginTerminal } from "./terminal.ts";

for (const variant of variants()) {
  Deno.test(`${variant.name}: kubectl finds the plugin, which explains itself and what it is not given`, async () => {
    const cluster = await sharedCluster();
    await using terminal = await pluginTerminal(cluster, variant);
    const [help, command, version, none, mistake, list, complete, completer, nowhere] = await Promise.all([
      terminal.says(),
      terminal.says("start", "--help"),
      terminal.says("version", "-o", "json"),
      terminal.run("frobnicate"),
      terminal.run("log", "dev", "--mine", "--tail=x"),
      terminal.run("list"),
      terminal.program("kubectl", "__complete", "coder", "res"),
      terminal.says("completion"),
      terminal.with({ kubeconfig: "/nowhere/config" }).run("list", "--kubeconfig=/nowhere/else"),
    ]);
    assert.match(help, /^kubectl coder works with[^]*^Commands$[^]*^ {2}restart <name>/m);
    assert.match(command, /kubectl coder start <name>\.\.\. \[flags\][^]*--timeout <duration>/);
    assert.match(JSON.parse(version).deno, /^2\./);
    assert.equal(none.code, 2);
    assert.match(none.err, /^kubectl coder: frobnicate: unknown command/);
    assert.equal(mistake.code, 2);
    assert.match(mistake.err, /2 mistakes\n.*--mine: is not a flag of log\n.*--tail: must be a whole number/);
    assert.equal(list.code, 1);
    assert.match(
      list.err,
      /^kubectl coder: this cluster does not serve Coder's workspaces: .*coder-k8s install/,
    );
    assert.equal(complete.out, "restart\tStop workspaces, wait, and start them\n:4\n");
    assert.match(completer, /^#!\/bin\/sh\n[^]*exec kubectl-coder __complete "\$@"\n$/);
    assert.deepEqual([nowhere.code, nowhere.out], [1, ""]);
    assert.match(
      nowhere.err,
      /^kubectl coder: The kubeconfig \/nowhere\/else \(from --kubeconfig\) does not exist/,
    );
  });

  Deno.test(`${variant.name}: completion leaves no program of the kubeconfig behind that does not answer`, async () => {
    const cluster = await sharedCluster();
    await using terminal = await pluginTerminal(cluster, variant);
    const said = `${terminal.programs}/process`;
    await terminal.install(
      "hangs",
      `#!/bin/sh\necho $$ > ${said}.new && mv ${said}.new ${said}\nexec sleep 300\n`,
    );
    const kubeconfig = `${terminal.programs}/kubeconfig`;
    await Deno.writeTextFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "here",
        clusters: [{ name: "here", cluster: { server: "https://127.0.0.1:1" } }],
        users: [{
          name: "me",
          user: {
            exec: {
              apiVersion: "client.authentication.k8s.io/v1",
              command: `${terminal.programs}/hangs`,
              interactiveMode: "Never",
            },
          },
        }],
        contexts: [{ name: "here", context: { cluster: "here", user: "me" } }],
      }),
    );
    const complete = ["__complete", `--kubeconfig=${kubeconfig}`, "log", ""];
    const isThere = (path: string) => Deno.stat(path).then(() => true, () => false);
    // Where the machine is so busy that its time is over before the program has begun, it is asked again.
    await waitFor(async () => {
      const { code, out } = await terminal.program("kubectl-coder", ...complete);
      assert.deepEqual([code, out], [0, ":4\n"]);
      return await isThere(said);
    }, { what: "the program to have begun", timeoutMs: 120_000 });
    const pid = Number(await Deno.readTextFile(said));
    await waitFor(async () => !await isThere(`/proc/${pid}`), {
      what: `process ${pid} to be gone`,
      timeoutMs: 60_000,
    });
  });
}
