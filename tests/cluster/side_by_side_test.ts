import assert from "node:assert/strict";
import { join } from "node:path";
import { sideBySide } from "./mod.ts";

const first = Promise.withResolvers<void>();
const second = Promise.withResolvers<void>();
const third = Promise.withResolvers<string>();

// Each waits for the other: one after another they would never end.
sideBySide("cases run at once", {
  async "one waits for the other"() {
    first.resolve();
    await second.promise;
  },
  async "the other waits for the one"() {
    second.resolve();
    await first.promise;
    assert.equal(await third.promise, "said without waiting");
  },
  "and one that waits for nobody"() {
    third.resolve("said without waiting");
  },
});

Deno.test("a case that fails is named, and keeps no other from its end", async () => {
  const folder = await Deno.makeTempDir({ prefix: "coder-k8s-side-by-side-" });
  try {
    const file = join(folder, "it_test.ts");
    await Deno.writeTextFile(
      file,
      `import { sideBySide } from ${JSON.stringify(new URL("side_by_side.ts", import.meta.url).href)};
       sideBySide("all", {
         bad() { throw new Error("is bad"); },
         async late() { await new Promise((resolve) => setTimeout(resolve, 30)); },
       });`,
    );
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", file],
      env: { NO_COLOR: "1" },
      stderr: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.equal(code, 1);
    assert.match(text, /all \.\.\. bad => .*\nerror: Error: is bad/);
    assert.match(text, /late \.\.\. ok/);
    assert.match(text, /\| 0 passed \(1 step\) \| 1 failed \(1 step\)/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
