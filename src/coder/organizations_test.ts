import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { organizationSchema } from "./organizations.ts";
import { NIL_ID } from "./schema_parts.ts";

Deno.test("organizations are listed, and found by id, name and as the default one", async () => {
  await using rig = await startClientRig();
  const [only] = await rig.client.organizations.list();
  assert.equal(only?.name, "coder");
  assert.equal(only?.is_default, true);
  for (const name of [only!.id, "coder", "default"]) {
    assert.equal((await rig.client.organizations.get(name)).id, only!.id);
  }
});

Deno.test("one that is not there, or not to be seen, is undefined", async () => {
  await using rig = await startClientRig();
  assert.equal(await rig.client.organizations.find("nowhere"), undefined);
  assert.equal((await failure(rig.client.organizations.get("nowhere"))).kind, "notFound");
});

Deno.test("an organization without an id is a broken answer", () => {
  assert.equal(organizationSchema.safeParse({ id: NIL_ID, name: "a" }).success, false);
  assert.equal(organizationSchema.safeParse({ name: "a" }).success, false);
});
