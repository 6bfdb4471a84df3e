/** Callers of the coordinator by their Coder session tokens, with a real Coder. */
import assert from "node:assert/strict";
import { agentTemplate, sharedCoderd, startDeployment, uniqueName } from "../coder/mod.ts";
import { CLIENT_1, LATEST } from "../mcp/clients.ts";
import { type Answer, ask, refuses } from "./ask.ts";
import { coderToken, coderUser, startCoderCoordinator } from "./coder_rig.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

Deno.test("Coder says who callers are, and what is theirs is theirs alone", async (t) => {
  await using deployment = await startDeployment();
  const { coderd } = deployment;
  const owner = await coderd.firstUser();
  const [ann, bob, eve] = await Promise.all(["ann", "bob", "eve"].map((name) => coderUser(coderd, name)));
  const unused = await coderToken(coderd, ann!.id);
  await using rig = await startCoderCoordinator(coderd, {
    embedded: true,
    args: [`--admins=coder:${bob!.username},coder:${owner.id}`],
  });
  await using asAnn = await rig.client(ann!.token);
  await using asBob = await rig.client(bob!.token, CLIENT_1);

  await t.step("each has sessions of their own, and sees no other's", async () => {
    const { session } = await ask(asAnn, "session.create", { name: "box" });
    await ask(asAnn, "fs.write", { session, path: "secret.txt", contents: "ann's" });
    assert.match(await refuses(asBob, "fs.read", { session, path: "secret.txt" }), /session/);
    assert.deepEqual((await ask(asBob, "session.list"))["sessions"], []);
    const { sessions } = await ask(asAnn, "session.list") as { sessions: Answer[] };
    assert.deepEqual(sessions.map(({ name }) => name), ["box"]);
  });

  await t.step("another token of the same user is the same caller", async () => {
    await using again = await rig.client(await coderToken(coderd, ann!.id));
    assert.equal(
      (await ask(again, "fs.read", { session: "box", path: "secret.txt" }))["content"],
      "ann's",
    );
  });

  await t.step("tokens that Coder does not know, and none, let nobody in", async () => {
    const wrong = `${ann!.token.slice(0, -4)}zzzz`;
    for (const token of [wrong, "not-a-token-of-coder", ""]) {
      assert.equal((await rig.get("/mcp", token)).status, 401, token);
    }
    assert.match((await rig.get("/mcp", wrong)).text, /Coder refuses the session token/);
    await assert.rejects(LATEST.connect({ url: `${rig.url}/mcp`, token: wrong }));
    const scoped = await coderToken(coderd, ann!.id, { scopes: ["workspace:read"] });
    const { status, text } = await rig.get("/mcp", scoped);
    assert.equal(status, 403);
    assert.match(text, /scopes/);
  });

  await t.step("who is suspended is not let in", async () => {
    const { token } = owner;
    await coderd.request("PUT", `/api/v2/users/${eve!.id}/status/suspend`, { token });
    const { status, text } = await rig.get("/mcp", eve!.token);
    assert.equal(status, 401);
    assert.match(text, /Coder refuses the session token/);
  });

  await t.step("administrators are named by their names in Coder, or by their ids", async () => {
    assert.equal((await rig.get("/debug/sessions", ann!.token)).status, 403);
    for (const { token } of [bob!, owner]) {
      const { status, text } = await rig.get("/debug/sessions", token);
      assert.equal(status, 200);
      const { sessions } = JSON.parse(text) as { sessions: Answer[] };
      assert.deepEqual(sessions.map(({ name, owner }) => [name, owner]), [["box", `coder:${ann!.username}`]]);
    }
  });

  await t.step("sessions stay with a user who is called otherwise now", async () => {
    const username = uniqueName("anna");
    await coderd.request("PUT", `/api/v2/users/${ann!.id}/profile`, {
      token: owner.token,
      body: { username, name: "" },
    });
    await using renamed = await rig.client(await coderToken(coderd, ann!.id));
    assert.equal(
      (await ask(renamed, "fs.read", { session: "box", path: "secret.txt" }))["content"],
      "ann's",
    );
    // Whoever takes the name that is free now does not take the sessions.
    await coderd.request("PUT", `/api/v2/users/${bob!.id}/profile`, {
      token: owner.token,
      body: { username: ann!.username, name: "" },
    });
    await using heir = await rig.client(await coderToken(coderd, bob!.id));
    assert.deepEqual((await ask(heir, "session.list"))["sessions"], []);
  });

  await t.step(
    "while Coder is away those who are known go on, and others are told to come again",
    async () => {
      // Whose token it is counts for a minute.
      await using known = await rig.client(await coderToken(coderd, bob!.id));
      await coderd.stop();
      const { status, text } = await rig.get("/mcp", unused);
      assert.equal(status, 503);
      assert.match(text, /Coder does not answer/);
      await ask(known, "echo", { message: "known" });
      await coderd.start();
      await using late = await rig.client(unused);
      await ask(late, "echo", { message: "up again" });
    },
  );

  await t.step("no token is in the log", () => {
    const log = rig.coordinator.lines.join("\n");
    assert.match(log, new RegExp(`"caller":"coder:${ann!.username}"`));
    for (const { token } of [ann!, bob!, eve!, { token: unused }]) {
      assert.ok(!log.includes(token) && !log.includes(token.slice(11)), "a token is in the log");
    }
  });
});

Deno.test("a person's own coordinator has their workspaces, as their session token says", async () => {
  const coderd = await sharedCoderd();
  const [ann, bob] = await Promise.all(["ann", "bob"].map((name) => coderUser(coderd, name)));
  const template = await coderd.createTemplate({ files: agentTemplate() });
  const workspace = await coderd.createWorkspace({ template, token: ann!.token });
  await coderd.waitForAgents(workspace.id);
  const start = (token: string) =>
    LATEST.connect({
      command: Deno.execPath(),
      args: ["run", "-A", "--no-check", MAIN, "coordinator", "--stdio", "--log-level=error"],
      env: { ...Deno.env.toObject(), CODER_URL: coderd.url, CODER_SESSION_TOKEN: token },
    });
  await using asAnn = await start(ann!.token);
  const made = await ask(asAnn, "session.create", { workspace: workspace.name, files: "scratch" });
  assert.equal(made["workspace"], `${ann!.username}/${workspace.name}.main`);
  const { stdout } = await ask(asAnn, "run.command", { session: made["session"], command: "echo it works" });
  assert.equal(stdout, "it works\n");
  await ask(asAnn, "session.close", { session: made["session"] });
  await using asBob = await start(bob!.token);
  assert.match(await refuses(asBob, "session.create", { workspace: workspace.id }), /workspace/);
});
