/** Where others of the same machine may write is no place for a session's state. */
import assert from "node:assert/strict";
import { type Kind, KINDS, toolsOf } from "../../../../tests/sessions/agents/shells.ts";
import { PATIENCE_MS } from "../../sandbox/testing.ts";
import { STANDARD_LIMITS } from "../../types.ts";
import { createAgentHost } from "../host.ts";
import { read } from "../suite/rig.ts";
import { localTerminals } from "../testing.ts";
import { onTerminals } from "../testing/hosts.ts";
import { shellEngine } from "./mod.ts";

const ID = "sess-foreign";
const signal = () => AbortSignal.timeout(PATIENCE_MS);
const options = {
  limits: STANDARD_LIMITS,
  existing: false,
  workspace: { directory: "", files: "scratch" },
} as const;

async function rigOf(kind: Kind) {
  const tools = await toolsOf(kind);
  const terminals = await localTerminals({ path: tools.path, shell: tools.shell });
  const host = createAgentHost({ access: onTerminals(terminals), engines: [shellEngine()] });
  return {
    home: terminals.home,
    host,
    async [Symbol.asyncDispose]() {
      await host.close();
      await terminals[Symbol.asyncDispose]();
      await tools[Symbol.asyncDispose]();
    },
  };
}

for (const kind of KINDS) {
  Deno.test(`where others may write, or a link leads, no session is begun, found or ended (${kind})`, async () => {
    await using rig = await rigOf(kind);
    const { home, host } = rig;
    const base = `${home}/.coder-k8s`;
    const elsewhere = await Deno.makeTempDir({ dir: home, prefix: "elsewhere-" });
    const refused = async (where: string) => {
      const expected = { code: "forbidden", message: new RegExp(`others may write to "${where}"`) };
      await assert.rejects(host.open(ID, options, signal()), expected);
      await assert.rejects(host.remove(ID, signal()), expected);
    };
    // Another user's file, as it were: nothing of it is changed or removed.
    await Deno.mkdir(`${elsewhere}/${ID}/f`, { recursive: true });
    await Deno.writeTextFile(`${elsewhere}/${ID}/shell`, "");
    await Deno.writeTextFile(`${elsewhere}/${ID}/used`, "theirs");

    await Deno.mkdir(base, { mode: 0o700 });
    await Deno.symlink(elsewhere, `${base}/sessions`);
    await refused(`${base}/sessions`);
    await Deno.remove(`${base}/sessions`);

    await Deno.mkdir(`${base}/sessions`, { mode: 0o700 });
    await Deno.symlink(`${elsewhere}/${ID}`, `${base}/sessions/${ID}`);
    await refused(`${base}/sessions/${ID}`);
    await Deno.remove(`${base}/sessions/${ID}`);
    assert.equal(await Deno.readTextFile(`${elsewhere}/${ID}/used`), "theirs");

    for (const mode of [0o720, 0o702, 0o777]) {
      await Deno.chmod(base, mode);
      await refused(base);
    }
    assert.deepEqual([...Deno.readDirSync(`${base}/sessions`)], []);

    await Deno.chmod(base, 0o755);
    const sandbox = await host.open(ID, options, signal());
    await sandbox.file("write", { path: "a", mode: "create" }, new TextEncoder().encode("mine"), signal());
    assert.equal(await read(sandbox, "a"), "mine");
    assert.equal((await Deno.stat(`${base}/sessions/${ID}`)).mode! & 0o777, 0o700);
    await host.remove(ID, signal());
  });
}
