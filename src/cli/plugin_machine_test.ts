import assert from "node:assert/strict";
import { browse, findProgram, handOver } from "./plugin_machine.ts";

async function folder() {
  const path = await Deno.makeTempDir();
  const write = (name: string, text: string, mode = 0o755) =>
    Deno.writeTextFile(`${path}/${name}`, `#!/bin/sh\n${text}\n`, { mode });
  return { path, write, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("a program is the first executable file of the PATH", async () => {
  await using first = await folder();
  await using second = await folder();
  await first.write("coder", "", 0o644);
  await Deno.mkdir(`${first.path}/other`);
  await second.write("coder", "");
  await second.write("other", "");
  const path = `:/nowhere:${first.path}/:${second.path}`;
  assert.equal(await findProgram("coder", path), `${second.path}/coder`);
  assert.equal(await findProgram("other", path), `${second.path}/other`);
  assert.equal(await findProgram("none", path), undefined);
  assert.equal(await findProgram("coder", ""), undefined);
  await using here = await folder();
  await here.write("coder", "");
  const relative = `${"../".repeat(Deno.cwd().split("/").length)}${here.path.slice(1)}`;
  assert.ok((await Deno.stat(`${relative}/coder`)).isFile);
  assert.equal(await findProgram("coder", `${relative}:.:${second.path}`), `${second.path}/coder`);
});

Deno.test("a program that gets the terminal has its environment alone, and its exit code is ours", async () => {
  await using place = await folder();
  await place.write("coder", `echo "$1 $2 $CODER_URL \${HOME-none}" > ${place.path}/said; exit 9`);
  const program = `${place.path}/coder`;
  assert.equal(await handOver({ program, args: ["a b", "c"], environment: { CODER_URL: "https://x" } }), 9);
  assert.equal(await Deno.readTextFile(`${place.path}/said`), "a b c https://x none\n");
  await place.write("killed", "kill -KILL $$");
  assert.equal(await handOver({ program: `${place.path}/killed`, args: [], environment: {} }), 137);
});

Deno.test("an address is opened where the program says so", async () => {
  await using place = await folder();
  await place.write("opens", `echo "$1" > ${place.path}/opened`);
  await place.write("fails", "exit 3");
  assert.equal(await browse(`${place.path}/opens`, "https://a?b=1&c"), true);
  assert.equal(await Deno.readTextFile(`${place.path}/opened`), "https://a?b=1&c\n");
  assert.equal(await browse(`${place.path}/fails`, "https://a"), false);
});
