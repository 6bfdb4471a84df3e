import assert from "node:assert/strict";
import type { AccessRequest } from "../kube/reviews.ts";
import type { Authorization } from "./authorize.ts";
import { forbidden, unauthorized, unavailable } from "./refusal.ts";
import type { KubeUser } from "./user.ts";
import { createWorkspaceSight, seeAllRequest } from "./workspace_sight.ts";

const jane: KubeUser = { name: "oidc:jane", groups: ["dev"], extra: {} };

function rig(answer: Authorization, mapping: "username" | "email" | "none" = "username") {
  const asked: { user: KubeUser; request: AccessRequest; signal: AbortSignal | undefined }[] = [];
  const sight = createWorkspaceSight((user, request, signal) => {
    asked.push({ user, request, signal });
    return Promise.resolve(answer);
  }, { mapping, prefix: "oidc:" });
  return { asked, sight };
}

const yes: Authorization = { allowed: true, reason: "" };
const no: Authorization = { allowed: false, refusal: forbidden("no") };

Deno.test("who has the verb `all` on coderworkspaces/others sees all workspaces of the namespace", async () => {
  const { asked, sight } = rig(yes);
  const { signal } = new AbortController();
  assert.deepEqual(await sight(jane, "team", signal), { sees: "all" });
  assert.deepEqual(asked, [{
    user: jane,
    signal,
    request: {
      verb: "all",
      group: "aggregation.coder.com",
      version: "v1alpha1",
      resource: "coderworkspaces",
      subresource: "others",
      namespace: "team",
    },
  }]);
});

Deno.test("all namespaces at once are another question than any one of them", async () => {
  const { asked, sight } = rig(yes);
  await sight(jane, undefined);
  assert.ok(asked[0] && !("namespace" in asked[0].request));
  assert.deepEqual(seeAllRequest(undefined), asked[0].request);
});

Deno.test("without it, one sees the workspaces of one's own Coder user", async () => {
  assert.deepEqual(await rig(no).sight(jane, "team"), {
    sees: "own",
    coderUser: { by: "username", value: "jane" },
  });
  const mail = { ...jane, name: "oidc:Jane@example.com" };
  assert.deepEqual(await rig(no, "email").sight(mail, "team"), {
    sees: "own",
    coderUser: { by: "email", value: "jane@example.com" },
  });
});

Deno.test("who is no Coder user sees none, and is told why", async () => {
  assert.deepEqual(await rig(no).sight({ ...jane, name: "bob" }, "team"), {
    sees: "none",
    why: '"bob" does not begin with "oidc:"',
  });
  assert.equal((await rig(no, "none").sight(jane, "team")).sees, "none");
});

Deno.test("an answer that cannot be had shows nothing: not all, and not one's own either", async () => {
  for (const refusal of [unavailable("later"), unauthorized("who?")]) {
    const { sight } = rig({ allowed: false, refusal });
    assert.deepEqual(await sight(jane, "team"), { sees: "unknown", refusal });
  }
});
