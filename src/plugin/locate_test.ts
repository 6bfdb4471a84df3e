import assert from "node:assert/strict";
import { locate } from "./locate.ts";
import { ownIn } from "./own.ts";
import { fakeWorld, refusal, workspace } from "./testing.ts";

const { signal } = new AbortController();
const some = () => [
  workspace("acme.alice.dev"),
  workspace("acme.bob.dev"),
  workspace("acme.bob.tools"),
  workspace("acme.alice.web", { namespace: "other" }),
];

Deno.test("a whole name is asked for at once, here and then everywhere", async () => {
  const world = fakeWorld(some());
  assert.deepEqual(await locate(world, "acme.bob.dev", { signal }), {
    namespace: "coder",
    name: "acme.bob.dev",
  });
  assert.deepEqual(world.calls, ["GET coder/acme.bob.dev"]);
  assert.deepEqual((await locate(world, "acme.alice.web", { signal })).namespace, "other");
  await assert.rejects(
    locate(world, "acme.alice.web", { namespace: "coder", signal }),
    /no workspace .* in namespace coder$/,
  );
});

Deno.test("a short name is one's own where others are seen, and whose it is where nobody's is one's own", async () => {
  const world = fakeWorld(some());
  world.seesAll = true;
  world.userName = "oidc:Bob";
  assert.equal((await locate(world, "dev", { signal })).name, "acme.bob.dev");
  await assert.rejects(
    locate(world, "web", { signal }),
    /no workspace of yours is called "web", others have one: other\/acme\.alice\.web/,
  );
  world.userName = "kubernetes-admin";
  assert.equal((await locate(world, "tools", { signal })).name, "acme.bob.tools");
  await assert.rejects(
    locate(world, "dev", { signal }),
    /several workspaces: coder\/acme\.alice\.dev, coder\/acme\.bob\.dev\. Write/,
  );
});

Deno.test("who does not see others is not asked who they are", async () => {
  const world = fakeWorld([workspace("acme.alice.dev")]);
  assert.equal((await locate(world, "dev", { signal })).name, "acme.alice.dev");
  assert.ok(!world.calls.some((call) => call.includes("selfsubjectreviews")));
});

Deno.test("who may not look everywhere is told of the namespace alone; other refusals are theirs", async () => {
  const world = fakeWorld(some());
  world.refuse = { matches: /^LIST \*/, error: refusal(403, "Forbidden", "no") };
  await assert.rejects(locate(world, "alice/web", { signal }), /no workspace "alice\/web" that you may see/);
  world.refuse = { matches: /^LIST coder/, error: refusal(503, "ServiceUnavailable", "away") };
  await assert.rejects(locate(world, "alice/web", { signal }), /away/);
  await assert.rejects(locate(world, "a.b", { signal }), /"a\.b" cannot be the name of a workspace: write/);
});

Deno.test("many that are meant are not all named", async () => {
  const world = fakeWorld(Array.from({ length: 12 }, (_, index) => workspace(`acme.user${index}.dev`)));
  await assert.rejects(locate(world, "dev", { signal }), /user7\.dev and 4 more\. Write/);
});

Deno.test("whose workspaces are one's own follows from the right to see all, and from the name", async () => {
  const world = fakeWorld([]);
  const own = () => ownIn(world, "all", signal);
  assert.deepEqual(await own(), { is: "all" });
  world.seesAll = true;
  assert.deepEqual(await own(), { is: "owner", owner: "alice" });
  for (const userName of ["alice@example.com", "system:admin", "system:serviceaccount:a:b", ""]) {
    world.userName = userName;
    assert.deepEqual(await own(), { is: "unknown", user: userName });
  }
  world.refuse = { matches: /selfsubjectreviews/, error: refusal(404, "", "404 page not found") };
  assert.deepEqual(await own(), { is: "unknown", user: "" });
  world.refuse = { matches: /selfsubjectreviews/, error: new TypeError("a bug") };
  await assert.rejects(own(), TypeError);
});
