/** A home directory whose name is more than one line: what is removed there is a session's own alone. */
import assert from "node:assert/strict";
import { type Kind, KINDS, toolsOf } from "../../../../tests/sessions/agents/shells.ts";
import { PATIENCE_MS, run, until } from "../../sandbox/testing.ts";
import { STANDARD_LIMITS } from "../../types.ts";
import { createAgentHost } from "../host.ts";
import { read, write } from "../suite/rig.ts";
import { localTerminals } from "../testing.ts";
import { onTerminals } from "../testing/hosts.ts";
import { shellEngine } from "./mod.ts";

const ID = "sess-odd";
const signal = () => AbortSignal.timeout(PATIENCE_MS);

async function rigOf(kind: Kind) {
  const tools = await toolsOf(kind);
  const base = await Deno.realPath(await Deno.makeTempDir({ prefix: "odd-" }));
  const home = `${base}/precious\n${base}/ $(x) *`;
  await Deno.mkdir(home, { recursive: true });
  const terminals = await localTerminals({ home, path: tools.path, shell: tools.shell });
  const host = createAgentHost({ access: onTerminals(terminals), engines: [shellEngine()] });
  return {
    base,
    home,
    host,
    async [Symbol.asyncDispose]() {
      await host.remove(ID, signal());
      await host.close();
      await terminals[Symbol.asyncDispose]();
      await tools[Symbol.asyncDispose]();
      await Deno.remove(base, { recursive: true });
    },
  };
}

const exists = (path: string) => Deno.lstat(path).then(() => true, () => false);

for (const kind of KINDS) {
  Deno.test(`old processes of a session go, and nothing that is called like a part of its home (${kind})`, async () => {
    await using rig = await rigOf(kind);
    const { base, home, host } = rig;
    await Deno.writeTextFile(`${base}/precious`, "x");
    const sandbox = await host.open(ID, {
      limits: STANDARD_LIMITS,
      existing: false,
      workspace: { directory: "", files: "scratch" },
    }, signal());
    await write(sandbox, "one", "1");
    assert.equal(await read(sandbox, "one"), "1");
    assert.equal((await run(sandbox, "cat one")).stdout, "1");
    const old = `${home}/.coder-k8s/sessions/${ID}/p/1`;
    await until("its end is written down", () => exists(`${old}/x`));
    const before = new Date(Date.now() - 3_600_000);
    await Deno.utime(`${old}/x`, before, before);
    assert.equal((await run(sandbox, "cat one")).stdout, "1");
    await until("what is old is gone", async () => !await exists(old));
    assert.equal(await Deno.readTextFile(`${base}/precious`), "x");
  });
}
