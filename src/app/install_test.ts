import assert from "node:assert/strict";
import { holderOf } from "./install.ts";

Deno.test("who is at work is named for whoever has to wait: the user where known, the machine, this process", () => {
  assert.equal(holderOf({ USER: "ann", LOGNAME: "other" }, "laptop_1"), "ann@laptop_1");
  assert.equal(holderOf({ LOGNAME: "ann" }, "laptop_1"), "ann@laptop_1");
  assert.equal(holderOf({ USER: "" }, "runner_2"), "runner_2");
});
