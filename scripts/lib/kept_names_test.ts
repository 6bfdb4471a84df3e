import assert from "node:assert/strict";
import { join } from "node:path";
import { bundle } from "./executable.ts";
import { nameClassesAlone, nameClassesIn } from "./kept_names.ts";

const HELPER = `var d=Object.defineProperty;var n=(f,s)=>d(f,"name",{value:s,configurable:!0});`;

/** Runs what a text makes of its helper: the names that two things have then. */
function namesBy(text: string): string[] {
  const program = `${text} return [n(function a(){}, "fetchAll"), n(class b {}, "Sequence"),
    n(class c {}, "_Queue"), n(() => {}, "$Error")].map((each) => each.name)`;
  return new Function(program)() as string[];
}

Deno.test("classes get their names back, functions do not", () => {
  assert.deepEqual(namesBy(HELPER), ["fetchAll", "Sequence", "_Queue", "$Error"]);
  assert.deepEqual(namesBy(nameClassesAlone(HELPER)), ["a", "Sequence", "_Queue", "$Error"]);
});

Deno.test("a text without the helper stays as it is", () => {
  for (
    const text of [
      "",
      `const n=(f,s)=>f(s,"name");`,
      `x(f,"name",{value:s,configurable:!0})`,
      // The same shape, and yet something else is defined.
      `n=(f,s)=>d(s,"name",{value:f,configurable:!0})`,
    ]
  ) assert.equal(nameClassesAlone(text), text);
});

Deno.test("the helper is changed once, however often it is looked at", () => {
  const once = nameClassesAlone(HELPER);
  assert.notEqual(once, HELPER);
  assert.equal(nameClassesAlone(once), once);
});

Deno.test("of a folder, scripts with the helper are changed and nothing else", async () => {
  const folder = await Deno.makeTempDir({ prefix: "coder-k8s-kept-names-" });
  try {
    await Deno.mkdir(join(folder, "inner.js"));
    for (const [name, text] of [["a.js", HELPER], ["b.js", "1"], ["c.txt", HELPER]] as const) {
      await Deno.writeTextFile(join(folder, name), text);
    }
    await nameClassesIn(folder);
    const texts = await Promise.all(
      ["a.js", "b.js", "c.txt"].map((name) => Deno.readTextFile(join(folder, name))),
    );
    assert.deepEqual(texts, [nameClassesAlone(HELPER), "1", HELPER]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a program that is bundled like the product knows the names of its classes, and keeps none of functions", async () => {
  const folder = await Deno.makeTempDir({ prefix: "coder-k8s-kept-names-" });
  try {
    const sources = {
      "trouble.ts": `export class OwnTrouble extends Error { override name = this.constructor.name; }`,
      "later.ts": `import { OwnTrouble } from "./trouble.ts";
        export class Sequence { fail() { throw new OwnTrouble("y"); } }
        export function readEverything() { return new Sequence(); }`,
      "main.ts": `import { OwnTrouble } from "./trouble.ts";
        const { readEverything, Sequence } = await import("./later.ts");
        const own = new OwnTrouble("x");
        console.log(JSON.stringify({
          classes: [own.constructor.name, own.name, Sequence.name, readEverything().constructor.name],
          isFunctionNamed: readEverything.name === "readEverything",
        }));`,
    };
    for (const [name, text] of Object.entries(sources)) await Deno.writeTextFile(join(folder, name), text);
    await bundle(join(folder, "main.ts"), join(folder, "bundle"));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-prompt", "--allow-read", join(folder, "bundle", "main.js")],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), {
      classes: ["OwnTrouble", "OwnTrouble", "Sequence", "Sequence"],
      isFunctionNamed: false,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
