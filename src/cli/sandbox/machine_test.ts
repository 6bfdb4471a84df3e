import assert from "node:assert/strict";
import { directoryDefaults, noDirectory, thisMachine } from "./machine.ts";

const person = { hostname: "laptop", isRoot: false };

Deno.test("root's directories are the system's, whatever the environment says", () => {
  assert.deepEqual(
    directoryDefaults({ hostname: "h", isRoot: true }, { HOME: "/root", XDG_STATE_HOME: "/x" }),
    {
      workspacesDir: "/var/lib/coder-k8s/workspaces",
      cacheDir: "/var/cache/coder-k8s/packages",
    },
  );
});

Deno.test("a person's are below the base directories, or the home", () => {
  assert.deepEqual(directoryDefaults(person, { HOME: "/home/ann/", XDG_STATE_HOME: "/state/" }), {
    workspacesDir: "/state/coder-k8s/workspaces",
    cacheDir: "/home/ann/.cache/coder-k8s/packages",
  });
});

Deno.test("what is not absolute, and the root directory, count for nothing", () => {
  for (const HOME of ["", "home", "/"]) {
    assert.deepEqual(directoryDefaults(person, { HOME, XDG_CACHE_HOME: "cache" }), {
      workspacesDir: undefined,
      cacheDir: undefined,
    });
  }
  assert.match(noDirectory("--cache-dir").what, /is needed/);
});

Deno.test("this machine has a name", () => {
  const { hostname, isRoot } = thisMachine();
  assert.deepEqual([hostname !== "", isRoot], [true, Deno.uid() === 0]);
});
