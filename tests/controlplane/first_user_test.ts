/** The first user of a real Coder, from a Secret on a real cluster. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { startDeployment } from "../coder/mod.ts";
import { programVersion } from "../coder/program_version.ts";
import { type Rig, startRig } from "./rig.ts";
import { stepsWithToken } from "./visit_steps.ts";

const PASSWORD = "Correct-Horse-Battery-7";
const EMAIL = "ada@example.com";

async function putSecret(rig: Rig, password: string): Promise<void> {
  const stringData = { username: "ada", email: EMAIL, name: "Ada Lovelace", password };
  if (await rig.get("v1/secrets/owner") !== undefined) {
    return void await rig.send("PATCH", "v1/secrets/owner", { stringData });
  }
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "owner" }, stringData };
  await rig.send("POST", "v1/secrets", secret);
}

function reason(rig: Rig, name: string, wanted: string) {
  return waitFor(async () => {
    const { status } = await rig.controlPlane(name) ?? {};
    return status?.conditions?.find(({ type, reason }) => type === "FirstUser" && reason === wanted);
  }, { what: `FirstUser of ${name} to be ${wanted}` });
}

Deno.test("an empty Coder gets its first owner once; a weak password is told in Coder's words", async () => {
  const rig = await startRig("firstuser");
  await using deployment = await startDeployment();
  const { coderd } = deployment;
  const endpoints = { coder: coderd.url, second: coderd.url };
  const visits = () => ({ steps: stepsWithToken("") });
  {
    await using operator = await rig.operator({ endpoints, visits: visits() });
    await putSecret(rig, "weakling1");
    await rig.create("coder", { firstUser: { secretName: "owner" } });
    const refused = await reason(rig, "coder", "Refused");
    assert.match(refused.message, /Coder says: .*password/i);
    assert.ok(!refused.message.includes("weakling1"), refused.message);
    assert.equal((await coderd.send("GET", "/api/v2/users/first")).status, 404);

    await putSecret(rig, PASSWORD);
    const created = await reason(rig, "coder", "Created");
    assert.equal(created.status, "True");
    assert.match(created.message, /ada/);
    assert.ok(operator.lines.every((line) => !line.includes(PASSWORD) && !line.includes("weakling1")));
    await waitFor(async () => {
      const all = await rig.eventReasons("coder");
      return all.includes("FirstUserExists") && all.includes("Degraded");
    }, { what: "the Events of the first user" });
  }
  const { session_token: token } = await coderd.request("POST", "/api/v2/users/login", {
    body: { email: EMAIL, password: PASSWORD },
  });
  const me = await coderd.request("GET", "/api/v2/users/me", { token });
  assert.deepEqual([me.username, me.name, me.roles.map((role: { name: string }) => role.name)], [
    "ada",
    "Ada Lovelace",
    ["owner"],
  ]);
  // Another process, another control plane: the deployment has users now, whatever the Secret says.
  await using _operator = await rig.operator({ endpoints, visits: visits() });
  await putSecret(rig, "Another-Password-1");
  await rig.create("second", { firstUser: { secretName: "owner" } });
  await reason(rig, "second", "Exists");
  await reason(rig, "coder", "Created");
  const { count } = await coderd.request("GET", "/api/v2/users", { token });
  assert.equal(count, 1);
  const { status } = await rig.controlPlane("coder") ?? {};
  assert.equal(status?.version, await programVersion(coderd), "as the running Coder has it");
});

Deno.test("of several operators that create the first user at a time one does, and all say so", async () => {
  const rig = await startRig("firstrace");
  await using deployment = await startDeployment();
  const { coderd } = deployment;
  const names = ["a", "b", "c"];
  await using _operator = await rig.operator({
    endpoints: Object.fromEntries(names.map((name) => [name, coderd.url])),
    visits: { steps: stepsWithToken("") },
  });
  await putSecret(rig, PASSWORD);
  await Promise.all(names.map((name) => rig.create(name, { firstUser: { secretName: "owner" } })));
  const found = await Promise.all(names.map((name) => rig.condition(name, "FirstUser", "True")));
  assert.deepEqual(found.map(({ reason }) => reason).sort(), ["Created", "Exists", "Exists"]);
  const rows = await coderd.sql("select username from users where not is_system");
  assert.deepEqual(rows, [{ username: "ada" }]);
});
