import assert from "node:assert/strict";
import { startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import type { AccessRequest } from "../../kube/reviews.ts";
import { ToolError, type ToolErrorCode } from "../errors.ts";
import { noCoder, ownCoder } from "./own_coder.ts";

const NEED: AccessRequest = { verb: "get", resource: "coderworkspaces" };
const signal = () => AbortSignal.timeout(60_000);

async function refused(call: Promise<unknown>): Promise<{ code: ToolErrorCode; message: string }> {
  const error = await call.then(() => undefined, (error) => error);
  assert.ok(error instanceof ToolError, String(error));
  return error;
}

Deno.test("a person calls Coder as themselves, in any namespace, and is asked about once", async () => {
  await using rig = await startClientRig();
  const coders = ownCoder({ client: rig.client });
  for (const namespace of ["lab", "other"]) {
    const { as, user, ref, client } = await coders.open({ namespace }, NEED, signal());
    assert.deepEqual([as, user, ref.namespace, ref.url], ["caller", "admin", namespace, rig.client.address]);
    assert.equal((await client.users.me()).username, "admin");
  }
  assert.equal(rig.fake.requests.length, 3);
  assert.deepEqual((await coders.list(undefined, signal())).map(({ id }) => id), [rig.client.address]);
});

Deno.test("where it is said which Coder it is, others are not taken for it", async () => {
  await using rig = await startClientRig();
  const coders = ownCoder({ client: rig.client, namespace: "lab", controlPlane: "acme" });
  assert.deepEqual((await coders.list("lab", signal())).map(({ id }) => id), ["lab/acme"]);
  assert.deepEqual(await coders.list("other", signal()), []);
  assert.equal((await refused(coders.open({ namespace: "other" }, NEED, signal()))).code, "not_found");
  const zoo = await refused(coders.open({ namespace: "lab", controlPlane: "zoo" }, NEED, signal()));
  assert.equal(zoo.code, "not_found");
  assert.equal(
    (await coders.open({ namespace: "lab", controlPlane: "acme" }, NEED, signal())).ref.id,
    "lab/acme",
  );
});

Deno.test("there is no operator's access", async () => {
  await using rig = await startClientRig();
  const coders = ownCoder({ client: rig.client });
  const { code } = await refused(coders.open({ namespace: "lab", as: "operator" }, NEED, signal()));
  assert.equal(code, "forbidden");
});

Deno.test("a token that Coder does not take is told, and tried again with the next call", async () => {
  await using rig = await startClientRig();
  const coders = ownCoder({ client: rig.clientWith("0123456789-0123456789012345678901") });
  const { message } = await refused(coders.open({ namespace: "lab" }, NEED, signal()));
  assert.match(message, /API key/);
  await refused(coders.open({ namespace: "lab" }, NEED, signal()));
  assert.equal(rig.fake.requests.length, 2);
});

Deno.test("a Coder that does not answer is away within a second", async () => {
  await using rig = await startClientRig();
  rig.fake.faults.add({ action: { do: "hang" } });
  const begin = performance.now();
  const { code, message } = await refused(
    ownCoder({ client: rig.client }).open({ namespace: "lab" }, NEED, signal()),
  );
  assert.ok(performance.now() - begin < 15_000);
  assert.equal(code, "unavailable");
  assert.match(message, /does not answer in time/);
});

Deno.test("without a Coder it is said what to set", async () => {
  const coders = noCoder();
  assert.deepEqual(await coders.list(undefined, signal()), []);
  const { code, message } = await refused(coders.open({ namespace: "lab" }, NEED, signal()));
  assert.equal(code, "unavailable");
  assert.match(message, /set CODER_URL and CODER_SESSION_TOKEN/);
});

Deno.test("who is known already is not asked about, and what is missing is said in the words that are given", async () => {
  await using rig = await startClientRig();
  const coders = ownCoder({ client: rig.client, user: "ann" });
  assert.equal((await coders.open({ namespace: "lab" }, NEED, signal())).user, "ann");
  assert.equal(rig.fake.requests.length, 0);
  assert.equal(
    (await refused(noCoder("come again").open({ namespace: "" }, NEED, signal()))).message,
    "come again",
  );
});
