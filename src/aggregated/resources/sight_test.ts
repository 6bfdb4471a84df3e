import assert from "node:assert/strict";
import type { WorkspaceSight } from "../../identity/mod.ts";
import { StatusError } from "../serving/status_errors.ts";
import { workspaceSight } from "./sight.ts";
import { workspaceStorage } from "./storages.ts";
import { connectionRefused, refusal } from "../../inventory/testing/model_coder.ts";
import { resourcesRig } from "./testing.ts";

/** Two Coders of two namespaces with a workspace of Ann's and one of Bob's each, looked at with `sight`. */
async function rig(sight: () => WorkspaceSight) {
  const base = resourcesRig();
  const coders = ["a/one", "b/two"].map((id) => base.add(id).coder);
  for (const coder of coders) {
    coder.add("hers", { owner_name: "ann", owner_id: "00000000-0000-4000-8000-00000000000a" });
    coder.add("his", { owner_name: "bob", owner_id: "00000000-0000-4000-8000-00000000000b" });
    coder.emails.set("Ann@example.com", "00000000-0000-4000-8000-00000000000a");
  }
  await base.start();
  const storage = workspaceStorage(
    base.resources,
    workspaceSight(() => Promise.resolve(sight()), base.resources),
  );
  return {
    coders,
    clock: base.clock,
    context: () => base.context(),
    storage,
    async names(context = base.context()) {
      const listing = storage.list({ version: { match: "any" } }, context);
      // Questions to Coder take time of the clock.
      await base.clock.advance(1_000);
      return (await listing).items.map(({ metadata }) => metadata.name);
    },
    [Symbol.asyncDispose]: () => base[Symbol.asyncDispose](),
  };
}

Deno.test("with the right to see all, everything is shown", async () => {
  await using there = await rig(() => ({ sees: "all" }));
  assert.equal((await there.names()).length, 4);
});

Deno.test("a user of Coder's own sees their workspaces in lists, reads and watches, and no others", async () => {
  await using there = await rig(() => ({ sees: "own", coderUser: { by: "username", value: "ann" } }));
  const names = await there.names();
  assert.equal(names.length, 2);
  assert.ok(names.every((name) => name?.includes(".ann.")));
  const his = names[0]!.replace(".ann.hers", ".bob.his");
  const looked = assert.rejects(
    there.storage.get({ namespace: "a", name: his }, there.context()),
    (error: StatusError) => error.code === 404,
  );
  await there.clock.advance(1_000);
  await looked;
  const watch = await there.storage.watch({ start: { from: "state" } }, there.context());
  const told: string[] = [];
  const { state, close } = watch.open({
    change: ({ object }) => void told.push(object.metadata.name ?? ""),
    ended() {},
  });
  assert.equal(state.length, 2);
  there.coders[0]?.add("more", { owner_name: "bob" });
  there.coders[0]?.add("mine", { owner_name: "ann" });
  await there.clock.advance(60_000);
  assert.deepEqual(told.map((name) => name.split(".").slice(1).join(".")), ["ann.mine"]);
  close();
});

Deno.test("an e-mail address is looked up in each Coder, once, in any case", async () => {
  await using there = await rig(() => ({
    sees: "own",
    coderUser: { by: "email", value: "ann@example.com" },
  }));
  assert.equal((await there.names()).length, 2);
  await there.names();
  for (const coder of there.coders) {
    assert.equal(coder.log.filter(({ detail }) => detail.startsWith("users ")).length, 1);
  }
});

Deno.test("what a Coder cannot tell of a user is left out, and the caller is told", async () => {
  await using there = await rig(() => ({
    sees: "own",
    coderUser: { by: "email", value: "ann@example.com" },
  }));
  there.coders[0]!.failure = (request) => request === "other" ? refusal("forbidden", 403) : undefined;
  const context = there.context();
  assert.deepEqual((await there.names(context)).length, 1);
  assert.match(context.warnings.join(), /Coder of a\/one cannot tell which workspaces are yours/);
});

Deno.test("who is no user of Coder sees nothing, and hears why", async () => {
  await using there = await rig(() => ({ sees: "none", why: "users are not mapped" }));
  const context = there.context();
  assert.deepEqual(await there.names(context), []);
  assert.match(context.warnings.join(), /users are not mapped; .*coderworkspaces\/others/);
});

Deno.test("where it cannot be found out, the request is refused", async () => {
  await using there = await rig(() => ({
    sees: "unknown",
    refusal: { code: 503, reason: "ServiceUnavailable", message: "no reviews now", retryAfterSeconds: 3 },
  }));
  await assert.rejects(
    there.storage.list({ version: { match: "any" } }, there.context()),
    (error: StatusError) =>
      error instanceof StatusError && error.code === 503 && error.details?.retryAfterSeconds === 3,
  );
});

Deno.test("while a Coder is away, a workspace that is hidden looks like one that nobody knows", async () => {
  await using there = await rig(() => ({ sees: "own", coderUser: { by: "username", value: "ann" } }));
  const [name = ""] = await there.names();
  for (const coder of there.coders) coder.failure = () => connectionRefused();
  await there.clock.advance(60_000);
  const codes = async (names: readonly string[]) => {
    const answers = names.map((one) =>
      there.storage.get({ namespace: "a", name: one }, there.context()).then(
        () => 200,
        (error: StatusError) => error.code,
      )
    );
    await there.clock.advance(1_000);
    return await Promise.all(answers);
  };
  assert.deepEqual(
    await codes([name, name.replace("ann.hers", "bob.his"), name.replace("ann.hers", "bob.none")]),
    [200, 503, 503],
  );
});
