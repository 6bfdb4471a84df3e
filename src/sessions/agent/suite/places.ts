/** Where sessions are in a workspace, and what becomes of files. */
import assert from "node:assert/strict";
import { processesWith, run, until } from "../../sandbox/testing.ts";
import type { SuiteOptions } from "./types.ts";
import { read, refusal, rigOf, signal, write } from "./rig.ts";

export function placesSuite(options: SuiteOptions): void {
  Deno.test(`${options.name}: places: a person's own files, and those of a session alone`, async (t) => {
    await using rig = await rigOf(options);

    await t.step("it says what it is", async () => {
      const sandbox = await rig.open({ id: "sess-said" });
      assert.equal(sandbox.isolation, "workspace");
      assert.equal(sandbox.id, "sess-said");
      assert.equal(rig.host.report.isolation, "workspace");
      assert.deepEqual(await rig.host.leftovers(), []);
    });

    await t.step("ids that are no names are refused", async () => {
      for (const id of ["", "..", "a/b", "/etc", ".hidden", "a'b", "x".repeat(65)]) {
        await assert.rejects(() => rig.open({ id }), { code: "invalid" }, JSON.stringify(id));
        await assert.rejects(() => rig.host.remove(id, signal()), { code: "invalid" }, JSON.stringify(id));
      }
    });

    await t.step("a directory by its full name", async () => {
      const sandbox = await rig.open();
      assert.equal((await run(sandbox, "pwd")).stdout, `${rig.directory}\n`);
    });

    await t.step("the agent's directory, and one below it", async () => {
      const name = `below-${crypto.randomUUID()}`;
      await Deno.mkdir(`${rig.workspace.home}/${name}/a b`, { recursive: true });
      const at = await rig.open({ directory: `${name}/a b` });
      assert.equal((await run(at, "pwd")).stdout, `${rig.workspace.home}/${name}/a b\n`);
      const home = await rig.open({ directory: "" });
      assert.equal((await run(home, "pwd")).stdout, `${rig.workspace.home}\n`);
      await Deno.remove(`${rig.workspace.home}/${name}`, { recursive: true });
    });

    await t.step("a directory that is not there is not made", async () => {
      const missing = `${rig.directory}/missing`;
      await assert.rejects(() => rig.open({ directory: missing }), { code: "not_found", message: /missing/ });
      await assert.rejects(() => Deno.stat(missing), Deno.errors.NotFound);
      await Deno.writeTextFile(`${rig.directory}/file`, "");
      await assert.rejects(() => rig.open({ directory: `${rig.directory}/file` }), { code: "not_found" });
    });

    await t.step("a person's files stay when the session goes", async () => {
      const sandbox = await rig.open({ id: "sess-stays" });
      await write(sandbox, "stays.txt", "it stays");
      await rig.host.remove("sess-stays", signal());
      assert.equal(await Deno.readTextFile(`${rig.directory}/stays.txt`), "it stays");
      await assert.rejects(() => run(sandbox, "true"), { code: "session_ended" });
    });

    await t.step("they are never replaced as a whole", async () => {
      const sandbox = await rig.open();
      for (const op of ["unpack", "archive_write"]) {
        assert.match(
          await refusal(sandbox, op, { archive: "arch-a", offset: 0 }),
          /^invalid: .*a person's own/,
        );
      }
    });

    await t.step("scratch files are a session's own, and go with it", async () => {
      const one = await rig.open({ id: "sess-scratch-1", files: "scratch" });
      const other = await rig.open({ id: "sess-scratch-2", files: "scratch" });
      await write(one, "a/b/file", "x");
      assert.equal((await run(one, "ls -A")).stdout, "a\n");
      assert.equal((await run(other, "ls -A")).stdout, "");
      const path = (await run(one, "pwd")).stdout.trim();
      assert.ok((await Deno.stat(path)).isDirectory);
      assert.equal((await Deno.stat(`${path}/..`)).mode! & 0o777, 0o700);
      await run(one, "mkdir closed; touch closed/file; chmod 0 closed");
      await rig.host.remove("sess-scratch-1", signal());
      await assert.rejects(() => Deno.stat(path), Deno.errors.NotFound);
      assert.equal((await run(other, "echo still here")).stdout, "still here\n");
    });

    await t.step("removing what is not there is done", async () => {
      await rig.host.remove("sess-never", signal());
      await rig.host.remove("sess-stays", signal());
    });

    await t.step("a session ends with all that it has started", async () => {
      const sandbox = await rig.open({ id: "sess-ends", files: "scratch" });
      const marker = `${rig.directory}/alive`;
      await run(sandbox, `(while :; do echo x >> ${marker}; sleep 0.05; done) > /dev/null 2>&1 &`);
      const process = await sandbox.spawn(
        { argv: ["sleep", "1000"], cwd: ".", env: {}, onOutput() {} },
        signal(),
      );
      await until("it writes", async () => await Deno.stat(marker).then(() => true, () => false));
      await rig.host.remove("sess-ends", signal());
      assert.deepEqual((await process.exited).signal, "SIGKILL");
      await until("all of it has ended", async () => (await processesWith(marker)).length === 0);
    });

    await t.step("closed, it is opened again; closed and removed, it is gone", async () => {
      const one = await rig.open({ id: "sess-again", files: "scratch" });
      await write(one, "file", "kept");
      await one.close();
      await assert.rejects(() => run(one, "true"), { code: "session_ended" });
      const two = await rig.open({ id: "sess-again", files: "scratch", existing: true });
      assert.equal(await read(two, "file"), "kept");
      const path = (await run(two, "pwd")).stdout.trim();
      await two.close();
      await rig.host.remove("sess-again", signal());
      await assert.rejects(() => Deno.stat(path), Deno.errors.NotFound);
    });

    await t.step("one that is opened twice is one", async () => {
      const one = await rig.open({ id: "sess-twice" });
      assert.equal(await rig.open({ id: "sess-twice" }), one);
    });

    await t.step("another host finds it, with its files and settings", async () => {
      const one = await rig.open({ id: "sess-found", files: "scratch" });
      await write(one, "file", "kept");
      const other = rig.workspace.host();
      const found = await rig.open({ id: "sess-found", files: "scratch", existing: true }, other);
      assert.equal(await read(found, "file"), "kept");
      await write(found, "file", "changed");
      assert.equal(await read(one, "file"), "changed");
    });

    await t.step("a host that is closed says so, and what it had goes on", async () => {
      const other = rig.workspace.host();
      const one = await rig.open({ id: "sess-goes-on", files: "scratch" }, other);
      await write(one, "file", "kept");
      await other.close();
      await assert.rejects(() => rig.open({}, other), { code: "unavailable" });
      const found = await rig.open({ id: "sess-goes-on", files: "scratch", existing: true });
      assert.equal(await read(found, "file"), "kept");
    });

    await t.step("several at once", async () => {
      const all = await Promise.all(Array.from({ length: 6 }, async (_, i) => {
        const sandbox = await rig.open({ files: "scratch" });
        return (await run(sandbox, `echo ${i} > file; cat file`)).stdout;
      }));
      assert.deepEqual(all, Array.from({ length: 6 }, (_, i) => `${i}\n`));
    });
  });
}
