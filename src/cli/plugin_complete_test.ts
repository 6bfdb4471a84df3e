import assert from "node:assert/strict";
import { refusal, workspace } from "../plugin/testing.ts";
import { completing } from "./plugin_complete.ts";
import { pluginRig } from "./plugin_testing.ts";

const words = (...args: string[]) => {
  const asked = completing(args);
  return asked.kind === "words" ? asked.words.map(({ value }) => value) : asked.kind;
};

Deno.test("commands, flags and values are known without asking", () => {
  assert.deepEqual(words("st"), ["start", "stop"]);
  assert.deepEqual(words("help", "to"), ["top"]);
  assert.deepEqual(words("log", "--t"), ["--tail=", "--timestamps"]);
  assert.deepEqual(words("list", "-o", ""), ["wide", "name", "json", "yaml"]);
  assert.deepEqual(words("list", "--output=w"), ["--output=wide"]);
  assert.deepEqual(words("version", "-o", "j"), ["json"]);
  assert.deepEqual(
    words("-o", ""),
    ["wide", "name", "json", "yaml"].slice(0, 0).concat(words("version", "-o", "") as string[]),
  );
  assert.deepEqual(words("list", ""), []);
  assert.deepEqual(words("nonsense", ""), []);
  assert.deepEqual(words("ssh", "dev", "--", "l"), []);
  assert.deepEqual(words(), words(""));
});

Deno.test("names are asked for where a workspace may stand", () => {
  assert.equal(words("start", ""), "workspaces");
  assert.equal(words("start", "a", "b", ""), "workspaces");
  assert.equal(words("-n", "x", "log", "-f", ""), "workspaces");
  assert.deepEqual(words("log", "a", ""), []);
  assert.equal(words("open", "a", ""), "apps");
  assert.equal(words("list", "-n", ""), "namespaces");
  assert.equal(words("list", "--namespace="), "namespaces");
  assert.equal(words("diagnose", ""), "workspaces");
});

Deno.test("shells are told when file names fit, and when a value follows at once", () => {
  const directive = (...args: string[]) => {
    const asked = completing(args);
    return asked.kind === "words" ? asked.directive : undefined;
  };
  assert.equal(directive("list", "--kubeconfig", ""), 0);
  assert.equal(directive("list", "--kubec"), 6);
  assert.equal(directive("list", "--mi"), 4);
});

Deno.test("workspaces are offered with their state, where they are of use", async () => {
  const agents = [{
    id: "1",
    name: "main",
    healthy: true,
    apps: [{ slug: "code", url: "https://code" }, { slug: "lab", url: "https://lab" }, {
      slug: "c;rm -rf ~",
      url: "https://odd",
    }],
  }];
  const { run, opened } = pluginRig([
    workspace("acme.alice.dev", { status: { agents } }),
    workspace("acme.alice.web", { running: false }),
  ]);
  const complete = async (...args: string[]) => (await run("__complete", ...args)).out;
  assert.equal(await complete("log", ""), "dev\tacme.alice.dev: running\nweb\tacme.alice.web: stopped\n:4\n");
  assert.equal(await complete("start", ""), "web\tacme.alice.web: stopped\n:4\n");
  assert.equal(await complete("stop", ""), "dev\tacme.alice.dev: running\n:4\n");
  assert.equal(await complete("open", "dev", "c"), "code\thttps://code\n:4\n");
  await complete("--context=other", "log", "-n", "coder", "--as", "bob", "");
  const { context, as } = opened.at(-1)!;
  assert.deepEqual([context, as], ["other", "bob"]);
});

Deno.test("whatever goes wrong is silence", async () => {
  const rig = pluginRig([workspace("acme.alice.dev")]);
  rig.world.refuse = { matches: /./, error: refusal(403, "Forbidden", "no") };
  const silent = { code: 0, out: ":4\n", err: "" };
  assert.deepEqual(await rig.run("__complete", "log", ""), silent);
  assert.deepEqual(await rig.run("__complete", "list", "-n", ""), silent);
  rig.refusal = new Error("no kubeconfig");
  assert.deepEqual(await rig.run("__complete", "open", "dev", ""), silent);
  rig.world.refuse = { matches: /./, error: new TypeError("a bug") };
  rig.refusal = undefined;
  assert.deepEqual(await rig.run("__complete", "log", ""), silent);
});
