/** Reading sources in a bundle, as the product is shipped, with no more permissions than it has. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bundle } from "../../scripts/lib/executable.ts";
import { startGitServer } from "./git_server.ts";
import { newRepository } from "./repository.ts";
import { startSshServer } from "./ssh_server.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("in a bundle, Git is read over HTTPS and SSH without starting programs or writing files", async () => {
  await using repository = await newRepository();
  const commit = await repository.commit({ "main.tf": "one" });
  await using https = await startGitServer({ root: repository.root });
  await using ssh = await startSshServer(repository.root);
  await Deno.mkdir(join(ROOT, "dist"), { recursive: true });
  const dir = await Deno.makeTempDir({ dir: join(ROOT, "dist") });
  try {
    const entry = join(dir, "entry.ts");
    await Deno.writeTextFile(
      entry,
      `import { createRequire } from "node:module";
import { createSourceReader } from "${ROOT}src/sources/mod.ts";
Object.defineProperty(globalThis, "require", { value: createRequire(import.meta.url) });
const asked = JSON.parse(await new Response(Deno.stdin.readable).text());
const reader = createSourceReader();
const answers = [];
for (const { url, data } of asked) {
  const secret = new Map(Object.entries(data).map(([key, text]) => [key, new TextEncoder().encode(String(text))]));
  const request = { source: { git: { url } }, secret, signal: new AbortController().signal };
  const { revision, entries } = await reader.fetch(request);
  answers.push([await reader.look(request), revision, entries.map(({ path }) => path)]);
}
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(answers)));
Deno.exit(0);
`,
    );
    const out = join(dir, "out");
    await bundle(entry, out);
    const main = await Deno.readTextFile(join(out, "entry.js"));
    assert.ok(
      !main.includes("upload-pack") && !main.includes("curve25519"),
      "libraries are loaded when they are needed",
    );
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...[
          "run",
          "--no-prompt",
          "--allow-net",
          "--allow-env",
          "--allow-read",
          "--deny-run",
          "--deny-write",
          "--deny-ffi",
        ],
        ...["--no-config", "--no-npm", "--no-remote", join(out, "entry.js")],
      ],
      ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify([
      { url: https.url, data: { "ca.crt": https.ca } },
      { url: ssh.url, data: { identity: ssh.identity, known_hosts: ssh.knownHosts } },
    ])));
    await writer.close();
    const { stdout, stderr } = await child.output();
    const one = [commit, commit, ["main.tf"]];
    assert.equal(
      new TextDecoder().decode(stdout),
      JSON.stringify([one, one]),
      new TextDecoder().decode(stderr),
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
