import assert from "node:assert/strict";
import { daemonTags, tagsMatch, tagText } from "./provisioner_tags.ts";

Deno.test("tags are told without those that all have", () => {
  assert.equal(tagText(daemonTags({})), undefined);
  assert.equal(tagText(daemonTags({ zone: "eu", env: "gpu" })), "env=gpu, zone=eu");
  assert.equal(tagText({ scope: "user", owner: "7" }), "owner=7, scope=user");
});

Deno.test("a daemon takes jobs whose tags it has, and jobs without tags only where it has none", () => {
  const plain = { scope: "organization", owner: "" };
  assert.equal(tagsMatch({ ...plain, env: "gpu" }, daemonTags({ env: "gpu", zone: "eu" })), true);
  assert.equal(tagsMatch({ ...plain, env: "gpu" }, daemonTags({ zone: "eu" })), false);
  assert.equal(tagsMatch(plain, daemonTags({ zone: "eu" })), false);
  assert.equal(tagsMatch(plain, daemonTags({})), true);
});
