import assert from "node:assert/strict";
import type { Config } from "../app/config.ts";
import { COMMANDS, SHELLS } from "./commands.ts";
import type { StartNotes } from "../app/process.ts";
import { OPTIONS } from "./options.ts";
import { runMain } from "./testing.ts";

/** Runs a command line with everything outside replaced. */
async function run(args: readonly string[], environment: Record<string, string> = {}) {
  const started: { config: Config; notes: StartNotes }[] = [];
  const { code, out, err } = await runMain(args, {
    environment,
    readStandardInput: () => Promise.resolve("coder: {image: {tag: v1.2.3}}\n"),
    runApp: (config, notes) => {
      started.push({ config, notes });
      return Promise.resolve(0);
    },
    supportBundle: () => Promise.resolve({ refusal: "no" }),
    diagnose: () => Promise.resolve({ refusal: "there is no such object" }),
    version: () => Promise.resolve({ version: "1.2.3", commit: "abc", built: "", deno: "2.9.4" }),
  });
  return { code, out, err, started, app: started[0]?.config.app };
}

Deno.test("a mode is given as a command, as a flag, in the environment, or is all", async () => {
  assert.equal((await run([])).app, "all");
  assert.equal((await run(["controller"])).app, "controller");
  assert.equal((await run(["--app=controller"])).app, "controller");
  assert.equal((await run(["-app", "controller"])).app, "controller");
  assert.equal((await run([], { CODER_K8S_APP: "controller" })).app, "controller");
  assert.equal(
    (await run(["all"], { CODER_K8S_APP: "controller" })).app,
    "all",
    "the command line comes first",
  );
  assert.equal((await run(["--debug", "controller"])).app, "controller", "flags may come before");
  assert.equal((await run(["controller", "--app=controller"])).app, "controller");
});

Deno.test("a command and a flag that contradict each other are an error", async () => {
  const { code, err, started } = await run(["controller", "--app=all"]);
  assert.equal(code, 2);
  assert.equal(started.length, 0);
  assert.match(err, /--app=all: contradicts the command controller/);
});

Deno.test("an unknown mode is an error that lists the modes", async () => {
  const { code, err } = await run(["--app=operator"]);
  assert.equal(code, 2);
  assert.match(
    err,
    /--app: must be all, controller, aggregated-apiserver, mcp-http or mcp-stdio \(it is "operator"\)/,
  );
});

Deno.test("help goes to standard output and exits 0, however it is asked for", async () => {
  for (const args of [["--help"], ["-h"], ["-help"], ["help"], ["--help", "--nonsense"]]) {
    const { code, out, err } = await run(args);
    assert.deepEqual([code, err], [0, ""], args.join(" "));
    assert.match(out, /^coder-k8s runs Coder on Kubernetes/);
  }
});

Deno.test("the first page of help names every command, and where the settings are", async () => {
  const { out } = await run(["--help"]);
  const flat = out.replace(/\s+/g, " ");
  for (const command of COMMANDS) assert.ok(flat.includes(command.summary), command.name);
  assert.match(out, /^Examples$/m);
  assert.match(flat, /coder-k8s help all has every setting/);
  for (const line of out.split("\n")) assert.ok(line.length <= 100, line);
});

Deno.test("the help of a mode names every option with its variable and default, and examples", async () => {
  const { out } = await run(["help", "all"]);
  const flat = out.replace(/\s+/g, " ");
  for (const option of OPTIONS) {
    assert.ok(flat.includes(` --${option.flag} `), option.flag);
    assert.ok(flat.includes(`env ${option.env}`), option.env);
    assert.ok(flat.includes(option.help), option.flag);
    if (option.shownDefault !== "") assert.ok(flat.includes(`default ${option.shownDefault};`), option.flag);
  }
  assert.match(out, /^Examples$/m);
  for (const line of out.split("\n")) assert.ok(line.length <= 100, line);
});

Deno.test("each command has its own help", async () => {
  for (const command of COMMANDS.filter((one) => one.name !== "help")) {
    const { code, out } = await run(["help", command.name]);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`coder-k8s ${command.name}`));
    assert.equal((await run([command.name, "--help"])).out, out);
  }
  const { code, err } = await run(["help", "controler"]);
  assert.equal(code, 2);
  assert.match(err, /controler: unknown command; did you mean controller\?/);
  assert.match((await run(["help", "all", "more"])).err, /more: stray argument/);
});

Deno.test("version prints text or JSON, also as a flag", async () => {
  assert.equal((await run(["version"])).out, "coder-k8s 1.2.3\n  commit   abc\n  deno     2.9.4\n");
  assert.equal((await run(["--version"])).out, (await run(["version"])).out);
  assert.equal((await run(["controller", "--version"])).out, (await run(["version"])).out);
  for (const args of [["version", "-o", "json"], ["version", "--output=json"], ["--version", "-o=json"]]) {
    const { code, out } = await run(args);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(out), { version: "1.2.3", commit: "abc", built: "", deno: "2.9.4" });
  }
});

Deno.test("version refuses formats and flags that it does not have", async () => {
  const { code, err } = await run(["version", "-o", "xml", "--namespace=a", "more"]);
  assert.equal(code, 2);
  assert.match(err, /3 mistakes/);
  assert.match(err, /--output: must be text or json/);
  assert.match(err, /--namespace: is not a flag of version/);
  assert.match(err, /more: stray argument after version/);
});

Deno.test("flags of other commands are refused by modes", async () => {
  assert.match((await run(["controller", "--name=a"])).err, /--name: is not a flag of a mode/);
  assert.match((await run(["controller", "-o", "json"])).err, /--output: is not a flag of a mode/);
});

Deno.test("an unknown flag, an unknown command and a stray argument are errors with a suggestion", async () => {
  const cases: readonly [string[], RegExp][] = [
    [["--log-levle=debug"], /--log-levle: unknown flag; did you mean --log-level\?/],
    [["controler"], /controler: unknown command; did you mean controller\?/],
    [["qqqqqq"], /qqqqqq: unknown command\n/],
    [["controller", "now"], /now: stray argument after controller/],
    [["controller", "log-level=debug"], /did you mean --log-level=debug\?/],
    [["log-level=debug"], /did you mean --log-level=debug\?/],
    [["--leader-elect", "false"], /false: stray argument; write --leader-elect=false/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err, started } = await run(args);
    assert.deepEqual([code, out, started.length], [2, "", 0], args.join(" "));
    assert.match(err, message);
    assert.match(err, /Run "coder-k8s (?:--help|help all|help controller)" to see what is possible\.\n$/);
  }
});

Deno.test("every mistake is listed at once, those of the command line and those of the environment", async () => {
  const { code, err } = await run(["--nonsense", "--concurrency=0", "stray"], {
    CODER_K8S_LOG_FORMAT: "xml",
  });
  assert.equal(code, 2);
  assert.match(err, /^coder-k8s: 4 mistakes\n( {2}- .+\n){4}Run /);
});

Deno.test("completion prints a script for each shell and refuses others", async () => {
  for (const shell of SHELLS) assert.equal((await run(["completion", shell])).code, 0);
  assert.match((await run(["completion"])).err, /needs a shell: bash, zsh or fish/);
  assert.match((await run(["completion", "csh"])).err, /csh: not a known shell; write bash, zsh or fish/);
  assert.match((await run(["completion", "bash", "zsh"])).err, /zsh: stray argument/);
  assert.match((await run(["completion", "bash", "--debug"])).err, /--debug: is not a flag of completion/);
});

Deno.test("convert prints a control plane and refuses flags that it does not have", async () => {
  const { code, out, err, started } = await run(["convert", "helm", "-", "--namespace=team"]);
  assert.deepEqual([code, err, started.length], [0, "", 0]);
  assert.match(out, /^ {2}image: ghcr\.io\/coder\/coder:v1\.2\.3$/m);
  const wrong = await run(["convert", "helm", "-", "--debug", "-o", "json"]);
  assert.deepEqual([wrong.code, wrong.out], [2, ""]);
  assert.match(wrong.err, /--debug: is not a flag of convert/);
  assert.match(wrong.err, /--output: is not a flag of convert/);
});

Deno.test("warnings and unknown variables reach the app", async () => {
  const { started } = await run(["--coder-session-token=abcdef"], { CODER_K8S_LOGLEVEL: "debug" });
  assert.equal(started[0]?.notes.warnings.length, 1);
  assert.deepEqual(started[0]?.notes.unknownVariables.map((one) => one.variable), ["CODER_K8S_LOGLEVEL"]);
});
