/** The official inspector drives the server as people do. */
import assert from "node:assert/strict";
import { startEndpoint } from "./endpoint_rig.ts";
import { inspect, type Target } from "./inspector.ts";
import { denoCache } from "./programs.ts";

const bearer = { authorization: "Bearer a" };

async function prove(t: Deno.TestContext, target: Target): Promise<void> {
  await t.step("tools/list", async () => {
    const { code, answer, stderr } = await inspect(target, ["--method", "tools/list", "--strict"]);
    assert.equal(code, 0, stderr);
    const { tools } = answer as { tools: { name: string }[] };
    assert.deepEqual(tools.map(({ name }) => name), [
      "add",
      "count",
      "fail",
      "hang",
      "say",
      "set_note",
      "traces",
    ]);
  });
  await t.step("tools/call", async () => {
    const ask = ["--method", "tools/call", "--tool-name", "add", "--tool-arg", "a=40", "b=2"];
    const { code, answer, stderr } = await inspect(target, ask);
    assert.equal(code, 0, stderr);
    assert.equal((answer as { structuredContent: { sum: number } }).structuredContent.sum, 42);
  });
  await t.step("resources/list", async () => {
    const { code, answer, stderr } = await inspect(target, ["--method", "resources/list"]);
    assert.equal(code, 0, stderr);
    const { resources } = answer as { resources: { uri: string }[] };
    assert.ok(resources.some(({ uri }) => uri === "fixture://notes/alpha"));
  });
  await t.step("prompts/get", async () => {
    const ask = ["--method", "prompts/get", "--prompt-name", "explain", "--prompt-args", "note=beta"];
    const { code, stdout, stderr } = await inspect(target, ask);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Explain beta\./);
  });
}

Deno.test("the inspector lists, calls and reads over HTTP", async (t) => {
  await using rig = await startEndpoint({ tokens: { a: "ann" } });
  await prove(t, { url: rig.url, headers: bearer });
  await t.step("without a token it is not let in", async () => {
    const { code, stdout } = await inspect({ url: rig.url }, [
      "--method",
      "tools/list",
      "--stored-auth-only",
    ]);
    assert.notEqual(code, 0);
    assert.doesNotMatch(stdout, /set_note/);
  });
});

Deno.test("the inspector lists, calls and reads over standard streams", async (t) => {
  const script = new URL("./serve_stdio.ts", import.meta.url).pathname;
  await prove(t, {
    command: Deno.execPath(),
    args: ["run", "-A", "--no-check", script],
    env: denoCache(),
  });
});
