import assert from "node:assert/strict";
import { COMMANDS, SHELLS } from "./commands.ts";
import { completionScript } from "./completion.ts";
import { OPTIONS } from "./options.ts";

/** What bash offers for a command line whose last word is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  // readline splits words at "=" as well; COMP_WORDS is what bash would hand to the function.
  const split = words.flatMap((word) =>
    word.split(/(=)/).filter((part, _, all) => part !== "" || all.length === 1)
  );
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/cluster.yaml`, "");
    const quoted = ["coder-k8s", ...split].map((word) => `'${word}'`).join(" ");
    const script = `cd '${directory}'
      ${completionScript("bash")}
      COMP_WORDS=(${quoted}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _coder_k8s
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr, code } = await new Deno.Command("bash", { args: ["--norc", "-c", script] })
      .output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("bash completes commands", async () => {
  assert.deepEqual(await offered(""), COMMANDS.map((command) => command.name));
  assert.deepEqual(await offered("con"), ["controller", "convert"]);
});

Deno.test("bash completes flags, before and behind a mode", async () => {
  assert.deepEqual(await offered("--log-"), ["--log-level=", "--log-format="]);
  assert.deepEqual(await offered("controller", "--leader-election"), ["--leader-election-namespace="]);
  assert.deepEqual(await offered("--deb"), ["--debug"], "a switch needs no value");
});

Deno.test("bash completes the words of a value, spelt either way", async () => {
  assert.deepEqual(await offered("--log-level", ""), ["debug", "info", "warn", "error"]);
  assert.deepEqual(await offered("--log-level="), ["debug", "info", "warn", "error"]);
  assert.deepEqual(await offered("controller", "--log-level=de"), ["debug"]);
  assert.deepEqual(await offered("--leader-elect="), ["true", "false"]);
  assert.deepEqual(await offered("--leader-elect=f"), ["false"]);
  assert.deepEqual(await offered("--concurrency="), []);
});

Deno.test("bash completes file names where a file is wanted", async () => {
  assert.deepEqual(await offered("--kubeconfig=clu"), ["cluster.yaml"]);
  assert.deepEqual(await offered("--config", "clu"), ["cluster.yaml"]);
});

Deno.test("bash completes shells, formats and topics behind the commands that take them", async () => {
  assert.deepEqual(await offered("completion", "b"), ["bash"]);
  assert.deepEqual(await offered("version", "--output="), ["text", "json"]);
  assert.deepEqual(await offered("version", "-o", "j"), ["json"]);
  assert.deepEqual(await offered("diagnose", "-o", ""), ["text", "json", "yaml"]);
  assert.deepEqual(await offered("diagnose", "w"), ["workspace"]);
  assert.deepEqual(await offered("diagnose", "--kubeconfig=clu"), ["cluster.yaml"]);
  assert.deepEqual(await offered("diagnose", "--na"), ["--namespace="]);
  assert.deepEqual(await offered("help", "mcp"), ["mcp-http", "mcp-stdio"]);
  assert.deepEqual(await offered("version", "--log-"), [], "version has no such flag");
  assert.deepEqual(await offered("convert", "h"), ["helm"]);
  assert.deepEqual(await offered("convert", "helm", "clu"), ["cluster.yaml"]);
  assert.deepEqual(await offered("convert", "helm", "cluster.yaml", "--na"), ["--name=", "--namespace="]);
  assert.deepEqual(await offered("convert", "helm", "cluster.yaml", "--name=x"), []);
});

Deno.test("bash completes the options of commands that have their own", async () => {
  assert.deepEqual(await offered("coordinator", "--emb"), ["--embedded-worker"]);
  assert.deepEqual(await offered("coordinator", "--auth="), ["token", "oidc", "coder", "proxy", "off"]);
  assert.deepEqual(await offered("coordinator", "--tool-names", "d"), ["dotted"]);
  assert.deepEqual(await offered("coordinator", "--worker-key-file=clu"), ["cluster.yaml"]);
  assert.deepEqual(await offered("coordinator", "--audit-b"), [], "what only the file has is no flag");
  assert.deepEqual(await offered("worker", "--session-mem"), ["--session-memory="]);
  assert.deepEqual(await offered("worker", "--log-level="), ["debug", "info", "warn", "error"]);
  assert.deepEqual(await offered("worker", "--allow-unisolated="), ["true", "false"]);
  assert.deepEqual(await offered("sessions", "-o", ""), ["table", "json", "yaml"]);
  assert.deepEqual(await offered("sessions", ""), [
    "list",
    "get",
    "workers",
    ...["--help", "--version", "--url=", "--token-file=", "--ca-file=", "--output=", "--timeout=", "--debug"],
  ]);
  assert.deepEqual(await offered("worker-token", "--ttl="), []);
});

Deno.test("every script knows every command, flag and choice", () => {
  for (const shell of SHELLS) {
    const script = completionScript(shell);
    for (const command of COMMANDS) assert.match(script, new RegExp(`\\b${command.name}\\b`), shell);
    for (const option of OPTIONS) {
      assert.match(
        script,
        new RegExp(shell === "fish" ? `-l ${option.flag}\\b` : `--${option.flag}\\b`),
        shell,
      );
      if (option.choices !== undefined) assert.ok(script.includes(option.choices.join(" ")), option.flag);
    }
  }
});

Deno.test("explanations are quoted for the shell that reads them", () => {
  for (const line of completionScript("fish").split("\n")) {
    const open = line.replace(/\\./g, "").split("'").length - 1;
    assert.equal(open % 2, 0, line);
  }
  for (const line of completionScript("zsh").split("\n").filter((one) => one.trimStart().startsWith("'"))) {
    assert.equal((line.replaceAll("'\\''", "").split("'").length - 1) % 2, 0, line);
  }
});
