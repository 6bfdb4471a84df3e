/** Archives that would write elsewhere, and what is left of a session whose files were being replaced. */
import assert from "node:assert/strict";
import { type Kind, KINDS, toolsOf } from "../../../../tests/sessions/agents/shells.ts";
import { PATIENCE_MS, run } from "../../sandbox/testing.ts";
import type { Sandbox } from "../../sandbox/types.ts";
import { STANDARD_LIMITS } from "../../types.ts";
import { createAgentHost } from "../host.ts";
import { read, refusal, sha256, write } from "../suite/rig.ts";
import { localTerminals } from "../testing.ts";
import { onTerminals } from "../testing/hosts.ts";
import { shellEngine } from "./mod.ts";

const ID = "sess-archives";
const signal = () => AbortSignal.timeout(PATIENCE_MS);

async function rigOf(kind: Kind) {
  const tools = await toolsOf(kind);
  const terminals = await localTerminals({ path: tools.path, shell: tools.shell });
  const host = createAgentHost({ access: onTerminals(terminals), engines: [shellEngine()] });
  const sandbox = await host.open(ID, {
    limits: STANDARD_LIMITS,
    existing: false,
    workspace: { directory: "", files: "scratch" },
  }, signal());
  return {
    home: terminals.home,
    state: `${terminals.home}/.coder-k8s/sessions/${ID}`,
    sandbox,
    async [Symbol.asyncDispose]() {
      await host.remove(ID, signal());
      await host.close();
      await terminals[Symbol.asyncDispose]();
      await tools[Symbol.asyncDispose]();
    },
  };
}

/** Members of a tar file: a name, what kind it is, and its content or what it links to. */
type Member = readonly [name: string, kind: "file" | "symlink" | "hardlink" | "directory", text: string];

const WRITER = `
import io, json, sys, tarfile
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w:gz") as tar:
    for name, kind, text in json.load(sys.stdin):
        info = tarfile.TarInfo(name)
        info.type = {"file": tarfile.REGTYPE, "symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE, "directory": tarfile.DIRTYPE}[kind]
        info.mode = 0o755 if kind == "directory" else 0o644
        if kind.endswith("link"):
            info.linkname = text
            tar.addfile(info)
        else:
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
sys.stdout.buffer.write(out.getvalue())
`;

async function archiveOf(members: readonly Member[]): Promise<Uint8Array<ArrayBuffer>> {
  const child = new Deno.Command("python3", { args: ["-c", WRITER], stdin: "piped", stdout: "piped" })
    .spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(members)));
  await input.close();
  return (await child.output()).stdout as Uint8Array<ArrayBuffer>;
}

/** Gives it to the session. @returns what it is unpacked with */
async function given(sandbox: Sandbox, members: readonly Member[]) {
  const archive = `arch-${crypto.randomUUID().slice(0, 8)}`;
  const bytes = await archiveOf(members);
  await sandbox.file("archive_write", { archive, offset: 0 }, bytes, signal());
  return { archive, sha256: await sha256(bytes) };
}

for (const kind of KINDS) {
  Deno.test(`an archive that would write or reach elsewhere changes nothing (${kind})`, async () => {
    await using rig = await rigOf(kind);
    const { home, sandbox } = rig;
    await Deno.writeTextFile(`${home}/secret`, "s");
    await write(sandbox, "kept", "x");
    const hostile: [Member[], RegExp][] = [
      [[["a", "symlink", home], ["a/secret", "file", "owned"]], /below what is no directory/],
      [[["./a", "symlink", ".."], ["a//./secret", "file", "owned"]], /below what is no directory/],
      [
        [["d/", "directory", ""], ["d/a", "symlink", "../.."], ["d/a/b/secret", "file", "owned"]],
        /below what/,
      ],
      [[["a", "directory", ""], ["a/b", "file", "x"], ["a", "symlink", home], ["a/c", "file", "y"]], /./],
      [[["h", "hardlink", `${home}/secret`]], /./],
      [[["d/h", "hardlink", "../../../../secret"]], /./],
      [[["h", "hardlink", "d/../../../../../secret"]], /./],
    ];
    // Busybox leaves out what leads elsewhere, also where it lists names.
    if (kind !== "busybox") {
      hostile.push([[["../secret", "file", "owned"]], /".." in it/], [
        [["/secret", "file", "owned"]],
        /absolute/,
      ]);
    }
    for (const [members, why] of hostile) {
      const refused = await refusal(sandbox, "unpack", await given(sandbox, members));
      assert.match(refused, why, JSON.stringify(members));
      assert.equal(await Deno.readTextFile(`${home}/secret`), "s");
      assert.equal((await Deno.stat(`${home}/secret`)).nlink, 1);
      assert.equal(await read(sandbox, "kept"), "x", JSON.stringify(members));
    }
  });

  Deno.test(`links that lead somewhere are restored as they were, and nothing is taken for hostile (${kind})`, async () => {
    await using rig = await rigOf(kind);
    const { home, sandbox } = rig;
    const members: Member[] = [
      ["./", "directory", ""],
      ["./a", "symlink", "a.d"],
      ["./a.d/", "directory", ""],
      ["./a.d/x", "file", "1"],
      ["./ab/x", "file", "2"],
      ["./a\\b $(x) `y` *", "file", "3"],
      ["./-rf", "file", "4"],
      ["./h", "hardlink", "./ab/x"],
      ["./out", "symlink", home],
    ];
    const { output } = await sandbox.file("unpack", await given(sandbox, members), undefined, signal());
    assert.equal(output["files"], 5);
    assert.deepEqual(
      [await read(sandbox, "a/x"), await read(sandbox, "h"), await read(sandbox, "a\\b $(x) `y` *")],
      ["1", "2", "3"],
    );
    assert.match(await refusal(sandbox, "read", { path: "out/secret" }), /^forbidden: /);
  });

  Deno.test(`files of a session whose replacing was cut off are still there after the next try fails (${kind})`, async () => {
    await using rig = await rigOf(kind);
    const { sandbox, state } = rig;
    await write(sandbox, "kept", "x");
    const wish = await given(sandbox, [["a", "symlink", "b"], ["a/x", "file", "y"]]);
    const fails = await given(sandbox, [["f", "hardlink", "nothing"]]);
    for (const one of [wish, fails]) {
      // As where it is ended between the two steps of the exchange.
      await Deno.rename(`${state}/files`, `${state}/old`);
      await refusal(sandbox, "unpack", one);
      assert.equal(await Deno.readTextFile(`${state}/files/kept`), "x");
    }
    assert.equal(await read(sandbox, "kept"), "x");
  });

  // That one's tar leaves nothing out, and says so.
  if (kind === "busybox") continue;

  Deno.test(`a FIFO keeps no file out of an archive, whatever its name is (${kind})`, async () => {
    await using rig = await rigOf(kind);
    const { sandbox } = rig;
    await write(sandbox, "dir/precious", "x");
    assert.equal((await run(sandbox, `mkfifo "$(printf 'a\\nprecious')" '[d]ir' 'd*' '\\?'`)).exitCode, 0);
    const { output } = await sandbox.file("pack", { archive: "arch-one" }, undefined, signal());
    assert.equal(output["files"], 1);
    const { body = new Uint8Array() } = await sandbox.file(
      "archive_read",
      { archive: "arch-one", offset: 0, length: Number(output["size"]) },
      undefined,
      signal(),
    );
    const list = new Deno.Command("tar", { args: ["-tzf", "-"], stdin: "piped", stdout: "piped" }).spawn();
    const input = list.stdin.getWriter();
    await input.write(body);
    await input.close();
    const names = new TextDecoder().decode((await list.output()).stdout).trim().split("\n").sort();
    assert.deepEqual(names, ["./", "./dir/", "./dir/precious"]);
  });
}
