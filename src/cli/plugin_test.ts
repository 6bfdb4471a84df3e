import assert from "node:assert/strict";
import { PluginError } from "../plugin/world.ts";
import { refusal, workspace } from "../plugin/testing.ts";
import { PLUGIN_WORDS } from "./commands.ts";
import { flagsOf, LIST_FORMATS, PLUGIN_COMMANDS } from "./plugin_commands.ts";
import { pluginRig } from "./plugin_testing.ts";

const page = "https://coder.example.com/@alice/dev";
const dev = () => workspace("acme.alice.dev", { status: { accessURL: page } });

Deno.test("each command has its own help, and the list has them all", async () => {
  const { run, opened } = pluginRig();
  const { out } = await run();
  for (const { name, summary } of PLUGIN_COMMANDS) {
    assert.ok(out.includes(summary), name);
    const own = await run("help", name);
    assert.equal(own.code, 0);
    assert.match(own.out, new RegExp(`kubectl coder ${name}`));
    if (name !== "help") assert.equal((await run(name, "-h")).out, own.out);
    for (const line of own.out.split("\n")) assert.ok(line.length <= 100, line);
  }
  assert.equal((await run("--help")).out, out);
  assert.equal(opened.length, 0);
});

Deno.test("coder-k8s completes what the plugin has", () => {
  const names: string[] = PLUGIN_COMMANDS.map(({ name }) => name);
  assert.deepEqual(
    [...PLUGIN_WORDS],
    names.filter((name) => !["version", "completion", "help"].includes(name)),
  );
});

Deno.test("one letter means one flag, in every command", () => {
  const letters = new Map<string, string>();
  for (const command of PLUGIN_COMMANDS) {
    for (const { flag, letter } of flagsOf(command)) {
      if (letter === undefined) continue;
      assert.equal(letters.get(letter) ?? flag, flag, `-${letter}`);
      letters.set(letter, flag);
    }
  }
});

Deno.test("mistakes are collected, and nothing is asked", async () => {
  const { run, opened } = pluginRig();
  const cases: [string[], RegExp][] = [
    [["strat", "dev"], /strat: unknown command; did you mean start\?/],
    [["start"], /start: needs names of workspaces: <name>\.\.\./],
    [["log"], /log: needs the name of a workspace/],
    [["log", "a", "b"], /b: stray argument after log/],
    [["ssh", "a", "ls"], /ls: stray argument; commands stand behind --/],
    [["stop", "a", "--", "b"], /-- b: means nothing to stop/],
    [["list", "dev"], /dev: stray argument after list/],
    [["list", "-A", "-n", "x"], /--all-namespaces: contradicts --namespace/],
    [["list", "--mine", "--owner=bob"], /--mine: contradicts --owner/],
    [["list", "-o", "xml"], /--output: must be wide, name, json or yaml/],
    [["list", "--owner", "a,b=c"], /--owner: must be the name of a Coder user/],
    [["start", "a", "--timeout=1"], /--timeout: must be a duration/],
    [
      ["start", "a", "--build=1", "--nope"],
      /2 mistakes[^]*--nope: unknown flag[^]*--build: is not a flag of start/,
    ],
    [["log", "a", "--build=0", "--tail=-1"], /2 mistakes/],
    [["list", "--as-group=x"], /--as-group: does nothing without --as/],
    [["list", "--request-timeout=soon"], /--request-timeout: must be a duration such as 10s, or seconds/],
    [["top", "--as=bob"], /--as: is not a flag of top/],
    [["completion", "bash"], /bash: stray argument after completion/],
    [["help", "x"], /x: unknown command/],
    [["help", "list", "x"], /x: stray argument after help/],
    [["--nope"], /--nope: unknown flag/],
    [["diagnose", "dev", "--nope"], /--nope: unknown flag/],
  ];
  for (const [args, words] of cases) {
    const { code, err, out } = await run(...args);
    assert.deepEqual([code, out], [2, ""], args.join(" "));
    assert.match(err, words);
    assert.match(err, /^kubectl coder: /);
    assert.match(err, /Run "kubectl coder help/);
  }
  assert.equal(opened.length, 0);
});

Deno.test("kubectl's flags say where and as whom", async () => {
  const { run, opened } = pluginRig([dev()]);
  await run(
    "list",
    "--kubeconfig=/k",
    "--context",
    "c",
    "--as=bob",
    "--as-group=a",
    "--as-group=b",
    "--as-uid=1",
    "--request-timeout=5",
  );
  const { warn: _warn, environment: _environment, ...asked } = opened[0]!;
  assert.deepEqual(asked, {
    kubeconfig: "/k",
    context: "c",
    as: "bob",
    asGroups: ["a", "b"],
    asUid: "1",
    requestTimeoutMs: 5_000,
  });
  await run("list", "--request-timeout=0s");
  await run("list", "--request-timeout=250ms");
  await run("list");
  assert.deepEqual(opened.slice(1).map(({ requestTimeoutMs }) => requestTimeoutMs), [
    86_400_000,
    250,
    30_000,
  ]);
});

Deno.test("list prints a table, names, JSON and YAML, and where there might be more", async () => {
  const { run, world } = pluginRig([dev(), workspace("acme.bob.web", { running: false })]);
  assert.equal(
    (await run("list")).out,
    "NAME             STATUS\nacme.alice.dev   running\nacme.bob.web     stopped\n",
  );
  assert.match((await run("list", "-A")).out, /^NAMESPACE {3}NAME/);
  assert.match((await run("list", "-o", "wide")).out, /URL/);
  assert.equal((await run("list", "--no-headers", "--owner=bob")).out, "acme.bob.web   stopped\n");
  assert.equal(
    (await run("list", "-o", "name")).out.split("\n")[1],
    "coderworkspace.aggregation.coder.com/acme.bob.web",
  );
  assert.equal(JSON.parse((await run("list", "-o=json")).out).items.length, 2);
  assert.match(
    (await run("list", "-o", "yaml")).out,
    /^apiVersion: v1\nitems:\n {2}- apiVersion: aggregation/,
  );
  assert.equal(LIST_FORMATS.length, 4);
  const nowhere = await run("list", "-n", "empty");
  assert.deepEqual(nowhere, { code: 0, out: "", err: "No resources found in empty namespace.\n" });
  world.objects.length = 0;
  assert.match((await run("list")).err, /in coder namespace\.\n.*-A/);
  assert.equal((await run("list", "-A")).err, "No resources found\n");
});

Deno.test("several are started at once, each once; one that fails fails the command", async () => {
  const { run, world } = pluginRig([dev(), workspace("acme.alice.web", { running: false })]);
  world.patched = (object) => object.spec.running = true;
  const { code, out, err } = await run("start", "dev", "alice/dev", "nobody", "web");
  assert.equal(code, 1);
  assert.match(err, /^kubectl coder: nobody: there is no workspace "nobody"[^\n]*\n$/);
  assert.equal(world.calls.filter((call) => call.startsWith("PATCH")).length, 2);
  assert.match(out, /^acme\.alice\.web: starting/m);
  world.refuse = { matches: /PATCH/, error: refusal(403, "Forbidden", "no") };
  assert.match((await run("stop", "dev")).err, /^kubectl coder: dev: you may not stop dev/);
});

Deno.test("who interrupts is told how each is left, and gets the exit code of the signal", async () => {
  const { run, world, stop } = pluginRig([dev()]);
  world.patched = (object) => {
    object.spec.running = false;
    object.status.latestBuildStatus = "stopping";
    stop.resolve("SIGINT");
  };
  const { code, err } = await run("restart", "dev");
  assert.equal(code, 130);
  assert.match(
    err,
    /^kubectl coder: interrupted: dev (is being stopped, and stays so|may have been asked to stop)/,
  );
});

Deno.test("the log is printed as it is, and harmless on a terminal", async () => {
  const rig = pluginRig([dev()]);
  rig.world.log = ["a\x1b[2Jb\n", "c"];
  assert.equal((await rig.run("log", "dev")).out, "a\x1b[2Jb\nc");
  rig.isTerminal = true;
  assert.equal((await rig.run("log", "dev", "-f", "--build=2", "--since=1m")).out, "ab\nc");
  assert.match(rig.world.calls.at(-1)!, /\/acme\.alice\.dev\/log\?follow=true&build=2&sinceSeconds=60$/);
});

Deno.test("open prints the address, and opens it where something can", async () => {
  const rig = pluginRig([dev()]);
  assert.deepEqual(await rig.run("open", "dev", "--print"), { code: 0, out: `${page}\n`, err: "" });
  const without = await rig.run("open", "dev");
  assert.deepEqual([without.code, without.out], [0, `${page}\n`]);
  assert.match(without.err, /no program here opens it/);
  rig.programs.add("xdg-open");
  assert.equal((await rig.run("open", "dev")).err, "");
  assert.deepEqual(rig.browsed, [`/bin/xdg-open ${page}`]);
  const agents = [{ id: "1", name: "main", healthy: true, apps: [{ slug: "ide", url: "vscode://x" }] }];
  rig.world.objects[0]!.status.agents = agents;
  assert.match((await rig.run("open", "dev", "ide")).err, /no address of the web/);
  assert.equal(rig.browsed.length, 1);
  assert.equal(rig.opened.at(-1)!.program, "open");
});

Deno.test("ssh hands over what is behind --, and its exit code is the command's", async () => {
  const rig = pluginRig([dev()]);
  assert.match((await rig.run("ssh", "dev")).err, /the Coder CLI is not installed/);
  rig.programs.add("coder");
  rig.files.set("/home/alice/.config/coderv2/url", "https://coder.example.com\n");
  const { code } = await rig.run("ssh", "dev", "--agent=main", "--", "make", "--namespace", "-x");
  assert.equal(code, 7);
  assert.deepEqual(rig.handovers[0]?.args, ["ssh", "alice/dev.main", "--", "make", "--namespace", "-x"]);
  assert.equal(rig.handovers[0]?.environment["CODER_URL"], "https://coder.example.com");
  rig.files.set("/home/alice/.config/coderv2/url", "https://other.example.com");
  assert.match((await rig.run("ssh", "dev")).err, /logged in at https:\/\/other\.example\.com/);
  rig.files.delete("/home/alice/.config/coderv2/url");
  assert.equal((await rig.run("ssh", "dev")).code, 7, "logged in nowhere: the CLI says so");
  rig.files.set("/home/alice/.config/coderv2/session", "secret-token");
  const unknown = await rig.run("ssh", "dev");
  assert.match(unknown.err, /does not say of which Coder/);
  assert.ok(unknown.code === 1 && !unknown.err.includes("secret-token"));
  assert.equal(rig.handovers.length, 2);
});

Deno.test("commands of coder-k8s get what was typed, and names of workspaces in full", async () => {
  const rig = pluginRig([dev()]);
  assert.equal((await rig.run("top", "-n", "coder", "--once")).code, 42);
  await rig.run("version", "-o", "json");
  await rig.run("diagnose", "dev", "-o", "json");
  await rig.run("diagnose", "controlplane", "coder", "-n", "coder");
  await rig.run("diagnose", "ccp/coder");
  assert.deepEqual(rig.commands, [
    ["top", "--namespace=coder", "--once=true"],
    ["version", "--output=json"],
    ["diagnose", "workspace", "acme.alice.dev", "--output=json", "--namespace=coder"],
    ["diagnose", "controlplane", "coder", "--namespace=coder"],
    ["diagnose", "ccp/coder"],
  ]);
  assert.equal(rig.opened[0]?.goesOn, true, "permissions are dropped by the command that goes on");
  assert.match((await rig.run("completion")).out, /^#!\/bin\/sh\n/);
});

Deno.test("what goes wrong is one harmless sentence, and warnings of servers are told once", async () => {
  const rig = pluginRig([dev()]);
  rig.world.refuse = {
    matches: /GET/,
    error: refusal(503, "ServiceUnavailable", "Coder \x1b[2J is away", 3_000),
  };
  assert.deepEqual(await rig.run("list"), {
    code: 1,
    out: "",
    err: "kubectl coder: Coder \ufffd[2J is away. Try again in 3 s\n",
  });
  rig.refusal = new PluginError("No kubeconfig found.");
  assert.equal((await rig.run("list")).err, "kubectl coder: No kubeconfig found\n");
  const { warn } = rig.opened[0]!;
  rig.printed.err = "";
  warn("stale");
  warn("stale");
  assert.equal(rig.printed.err, "Warning: stale\n");
});
