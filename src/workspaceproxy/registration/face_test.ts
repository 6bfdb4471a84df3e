import assert from "node:assert/strict";
import { DEFAULT_ICON, differs, faceOf, isMarked, newFace } from "./face.ts";
import { liveProxy, UID } from "./testing.ts";

const nothing = { name: "paris", displayName: "", icon: "" };
const all = { name: "paris", displayName: "Paris", icon: "/emojis/1f5fc.png" };

Deno.test("a new proxy carries the mark of its resource, and no part of it is empty", () => {
  assert.deepEqual(newFace(nothing, "paris", UID), {
    name: "paris",
    displayName: "paris",
    icon: `${DEFAULT_ICON}#coder-k8s-${UID}`,
  });
  assert.deepEqual(newFace(all, "begun", UID), {
    name: "begun",
    displayName: "Paris",
    icon: `/emojis/1f5fc.png#coder-k8s-${UID}`,
  });
});

Deno.test("a mark is known by the resource that made it alone", () => {
  const live = liveProxy({ icon_url: newFace(nothing, "paris", UID).icon });
  assert.equal(isMarked(live, UID), true);
  assert.equal(isMarked(live, "other"), false);
  assert.equal(isMarked(live, ""), false);
  assert.equal(isMarked(liveProxy({ icon_url: "/a.png#coder-k8s-" }), ""), false);
});

Deno.test("a face is what the spec says, else what Coder has, and never empty", () => {
  const live = liveProxy({ display_name: "Hand", icon_url: "/hand.png" });
  assert.deepEqual(faceOf(all, live), all);
  assert.deepEqual(faceOf(nothing, live), { name: "paris", displayName: "Hand", icon: "/hand.png" });
  const bare = liveProxy({ display_name: "", icon_url: "" });
  assert.deepEqual(faceOf(nothing, bare), { name: "paris", displayName: "paris", icon: DEFAULT_ICON });
});

Deno.test("the mark goes, and a fragment of the user's own stays", () => {
  const live = (icon_url: string) => liveProxy({ icon_url });
  assert.equal(faceOf(nothing, live(`/a.png#coder-k8s-${UID}`)).icon, "/a.png");
  assert.equal(faceOf(nothing, live(`/a.svg#logo#coder-k8s-${UID}`)).icon, "/a.svg#logo");
  assert.equal(faceOf(nothing, live("/a.svg#logo")).icon, "/a.svg#logo");
  assert.equal(faceOf(nothing, live(`#coder-k8s-${UID}`)).icon, DEFAULT_ICON);
});

Deno.test("Coder is told what the spec says and it has otherwise, and of marks", () => {
  const live = liveProxy({ display_name: "Paris", icon_url: "/emojis/1f5fc.png" });
  assert.equal(differs(all, live), false);
  assert.equal(differs(nothing, live), false);
  assert.equal(differs({ ...all, name: "lyon" }, live), true);
  assert.equal(differs({ ...all, displayName: "P" }, live), true);
  assert.equal(differs({ ...all, icon: "/p.png" }, live), true);
  assert.equal(differs(nothing, liveProxy({ icon_url: "/a.png#coder-k8s-other" })), true);
  assert.equal(differs(nothing, liveProxy({ display_name: "", icon_url: "" })), false);
});
