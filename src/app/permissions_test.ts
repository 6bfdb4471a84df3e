import assert from "node:assert/strict";
import { MODES } from "./config.ts";

/** Runs a script that has all permissions until it drops them itself. Resolves to what it prints, parsed. */
async function script(body: string): Promise<unknown> {
  const text = `import { dropPermissions } from ${JSON.stringify(import.meta.resolve("./permissions.ts"))};
    const attempt = async (what) => {
      try { await what(); return "allowed"; } catch (error) { return error.name; }
    };
    const say = (value) => Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(value)));
    ${body}`;
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", text],
    stdin: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

for (const mode of [...MODES, "diagnose", "kubectl-coder", "support-bundle", "top"]) {
  Deno.test(`${mode} cannot start a process, by Deno or by Node`, async () => {
    const outcome = await script(`
      const spawn = () => new Deno.Command("true").output();
      const { spawn: nodeSpawn } = await import("node:child_process");
      const byNode = () => new Promise((resolve, reject) => nodeSpawn("true").on("error", reject).on("exit", resolve));
      const before = await attempt(spawn);
      await dropPermissions(${JSON.stringify(mode)});
      say({ before, deno: await attempt(spawn), node: await attempt(byNode) });
    `);
    assert.deepEqual(outcome, { before: "allowed", deno: "NotCapable", node: "NotCapable" });
  });
}

Deno.test("the controller can neither write files nor load native code nor import from elsewhere", async () => {
  const file = await Deno.makeTempFile();
  try {
    const outcome = await script(`
      const { dropped, kept } = await dropPermissions("controller");
      say({
        dropped: dropped.toSorted(), kept,
        write: await attempt(() => Deno.writeTextFile(${JSON.stringify(file)}, "x")),
        ffi: await attempt(() => Deno.dlopen("libc.so.6", {})),
        read: await attempt(() => Deno.readTextFile(${JSON.stringify(file)})),
      });
    `);
    assert.deepEqual(outcome, {
      dropped: ["ffi", "import", "run", "sys", "write"],
      kept: ["read", "net", "env"],
      write: "NotCapable",
      ffi: "NotCapable",
      read: "allowed",
    });
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a kubeconfig with an exec plugin keeps the permission to run it, and says so", async () => {
  const outcome = await script(`
    const { dropped, note } = await dropPermissions("controller", "true");
    say({ dropped: dropped.includes("run"), note, spawn: await attempt(() => new Deno.Command("true").output()) });
  `);
  assert.deepEqual(outcome, {
    dropped: false,
    note: "the kubeconfig's exec plugin true needs the permission to start programs",
    spawn: "allowed",
  });
});

Deno.test("who writes records of calls to a file keeps the right to write", async () => {
  const file = await Deno.makeTempFile();
  try {
    const outcome = await script(`
      await dropPermissions("mcp-http", undefined, true);
      say({
        write: await attempt(() => Deno.writeTextFile(${JSON.stringify(file)}, "x")),
        ffi: await attempt(() => Deno.dlopen("libc.so.6", {})),
      });
    `);
    assert.deepEqual(outcome, { write: "allowed", ffi: "NotCapable" });
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("servers with certificates of public authorities can be reached when all is dropped", async () => {
  const outcome = await script(`
    const { get } = await import("node:https");
    await dropPermissions("diagnose");
    const failure = () => new Promise((resolve) => {
      get({ host: "127.0.0.1", port: 1 }, () => resolve("answered")).on("error", (error) => resolve(error.code));
    });
    say({ code: await failure().catch((error) => error.name) });
  `);
  assert.deepEqual(outcome, { code: "ECONNREFUSED" });
});
