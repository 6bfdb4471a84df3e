import assert from "node:assert/strict";
import { MODULES } from "./python.ts";

/** What is found where `PATH` has a node at `${base}/${place}/bin/node`, and home is `${base}/home`. */
async function prefixesWith(place: string, sandboxes: string): Promise<[string, string][]> {
  const base = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const path of [`${place}/bin`, "home", "shims", sandboxes]) {
      await Deno.mkdir(`${base}/${path}`, { recursive: true });
    }
    const node = `${base}/${place}/bin/node`;
    await Deno.writeTextFile(node, `#!/bin/sh\necho ${node}\n`);
    await Deno.chmod(node, 0o755);
    // As version managers have it: what is in PATH is not where it is installed.
    await Deno.writeTextFile(`${base}/shims/node`, `#!/bin/sh\nexec ${node} "$@"\n`);
    await Deno.chmod(`${base}/shims/node`, 0o755);
    const program = `
import json, sys, types
for name, source in json.loads(sys.argv[1]).items():
    sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), sys.modules[name].__dict__)
import programs
print(json.dumps([one for one in programs.prefixes(sys.argv[2]) if one[0].startswith(sys.argv[3])]))
`;
    const { kernel, trees, root, removal, programs } = MODULES;
    const { stdout, stderr, code } = await new Deno.Command("/usr/bin/python3", {
      args: [
        "-I",
        "-S",
        "-c",
        program,
        JSON.stringify({ kernel, trees, root, removal, programs }),
        `${base}/${sandboxes}`,
        base,
      ],
      clearEnv: true,
      env: { PATH: `${base}/shims:/usr/bin:/bin`, HOME: `${base}/home` },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const found = JSON.parse(new TextDecoder().decode(stdout)) as [string, string][];
    return found.map(([prefix, note]) => [prefix.slice(base.length), note.replaceAll(base, "")]);
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

Deno.test("an installation behind a shim is found", async () => {
  assert.deepEqual(await prefixesWith("opt/node-v20", "sandboxes"), [["/opt/node-v20", ""]]);
  assert.deepEqual(await prefixesWith("home/.nvm/versions/node/v20", "sandboxes"), [[
    "/home/.nvm/versions/node/v20",
    "",
  ]]);
});

Deno.test("what is more than an installation is shown to nobody", async () => {
  const [home] = await prefixesWith("home", "sandboxes");
  assert.deepEqual(home, [
    "/home",
    "node at /home is not shown to sessions: it would show more than an installation",
  ]);
  const [above] = await prefixesWith(".", "sandboxes");
  assert.match(above?.[1] ?? "", /more than an installation/);
  const [around] = await prefixesWith("opt/node", "opt/node/var/sandboxes");
  assert.match(around?.[1] ?? "", /the sandboxes are below it/);
});

Deno.test("every module of Python can be loaded in the order that is told, with what Python brings alone", async () => {
  const program = `
import json, sys, types
for name, source in json.loads(sys.stdin.read()).items():
    sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), sys.modules[name].__dict__)
    assert sys.modules[name].__doc__, name
print("loaded")
`;
  const child = new Deno.Command("python3", {
    args: ["-I", "-S", "-E", "-c", program],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(MODULES)));
  await writer.close();
  const { stdout } = await child.output();
  assert.equal(new TextDecoder().decode(stdout), "loaded\n");
});
