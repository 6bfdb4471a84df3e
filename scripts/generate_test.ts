import assert from "node:assert/strict";

const script = new URL("./generate.ts", import.meta.url).pathname;
const repository = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** Runs the command in a copy of what it reads and writes. */
async function run(root: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", `${repository}/deno.json`, script, "--root", root, ...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code: output.code, text: decoder.decode(output.stdout) + decoder.decode(output.stderr) };
}

async function workspace(): Promise<string> {
  const root = await Deno.makeTempDir();
  // What is written of them is made of what stands there.
  for (const source of ["charts", "deploy", "docs", "src", "deno.json"]) {
    const copied = await new Deno.Command("cp", { args: ["-r", `${repository}/${source}`, root] }).output();
    assert.ok(copied.success, `${source} cannot be copied`);
  }
  await Deno.remove(`${root}/src/api/kubernetes/types.ts`);
  return root;
}

Deno.test("generate writes every file, and --check then finds nothing to say", async () => {
  const root = await workspace();
  try {
    const first = await run(root);
    assert.equal(first.code, 0, first.text);
    assert.match(first.text, /wrote crd\/coder\.com_codercontrolplanes\.yaml/);
    assert.match(first.text, /wrote src\/api\/kubernetes\/types\.ts/);
    assert.deepEqual(await run(root, "--check"), { code: 0, text: "" });
    assert.match((await run(root)).text, /up to date/);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("--check fails, names each file that differs, and changes none", async () => {
  const root = await workspace();
  try {
    await run(root);
    await Deno.writeTextFile(`${root}/crd/coder.com_coderprovisioners.yaml`, "changed by hand\n");
    await Deno.remove(`${root}/src/api/kubernetes/resources.ts`);
    const { code, text } = await run(root, "--check");
    assert.equal(code, 1);
    assert.deepEqual(text.trim().split("\n").map((line) => line.split(" ")[0]), [
      "crd/coder.com_coderprovisioners.yaml",
      "src/api/kubernetes/resources.ts",
    ]);
    assert.equal(
      await Deno.readTextFile(`${root}/crd/coder.com_coderprovisioners.yaml`),
      "changed by hand\n",
    );
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("what is committed is what the generators make", async () => {
  assert.deepEqual(await run(repository, "--check"), { code: 0, text: "" });
});

Deno.test("an unknown argument is named", async () => {
  const { code, text } = await run(repository, "--chekc");
  assert.equal(code, 2);
  assert.match(text, /--chekc/);
});
