import assert from "node:assert/strict";
import { REQUIRE_ON_DEMAND } from "./executable.ts";

/** Runs a program of its own, since it changes what is global. Resolves to what it printed. */
async function printed(program: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "coder-k8s-executable-" });
  try {
    const entry = `${folder}/entry.js`;
    await Deno.writeTextFile(entry, `${REQUIRE_ON_DEMAND}\n${program}`);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-prompt", entry],
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert.equal(code, 0, decode(stderr));
    return decode(stdout).trim();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("CommonJS packages find Node's modules, always by the same require", async () => {
  const answer = await printed(`
    const first = globalThis.require;
    console.log(require("node:path").join("a", "b"), typeof require("events"), first === require);
  `);
  assert.equal(answer, "a/b function true");
});

Deno.test("as long as nobody asks, require is a promise only", async () => {
  const answer = await printed(`
    const { get, value } = Object.getOwnPropertyDescriptor(globalThis, "require");
    console.log(typeof get, typeof value);
    void require;
    const later = Object.getOwnPropertyDescriptor(globalThis, "require");
    console.log(typeof later.get, typeof later.value);
  `);
  assert.equal(answer, "function undefined\nundefined function");
});
