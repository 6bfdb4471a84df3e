/** Archives of sessions with files of their own: what checkpoints are made of. */
import assert from "node:assert/strict";
import { run } from "../../sandbox/testing.ts";
import type { SuiteOptions } from "./types.ts";
import { read, refusal, rigOf, sha256, signal, someBytes, write } from "./rig.ts";

export function archivesSuite(options: SuiteOptions): void {
  Deno.test(`${options.name}: archives: packed, taken out by pieces, and put into another session`, async (t) => {
    await using rig = await rigOf(options);
    const from = await rig.open({ files: "scratch" });
    const to = await rig.open({ files: "scratch" });
    const large = someBytes(2_000_000);
    await write(from, "dir/large", large);
    await write(from, "program", "#!/bin/sh\necho ran\n", { executable: true });
    await run(from, "ln -s dir/large link; mkdir empty");
    await write(to, "old", "is replaced");

    await t.step("all of it comes back", async () => {
      const packed = (await from.file("pack", { archive: "arch-one" }, undefined, signal())).output;
      assert.equal(packed["files"], 2);
      const size = Number(packed["size"]);
      const hash: Uint8Array[] = [];
      for (let offset = 0; offset < size; offset += 700_000) {
        const length = Math.min(700_000, size - offset);
        const { body } = await from.file(
          "archive_read",
          { archive: "arch-one", offset, length },
          undefined,
          signal(),
        );
        assert.equal(body?.length, length);
        hash.push(body!.slice());
        await to.file("archive_write", { archive: "arch-one", offset }, body, signal());
      }
      assert.equal(
        await sha256(new Uint8Array(await new Blob(hash as BlobPart[]).arrayBuffer())),
        packed["sha256"],
      );
      const { output } = await to.file(
        "unpack",
        { archive: "arch-one", sha256: packed["sha256"] },
        undefined,
        signal(),
      );
      assert.equal(output["files"], 2);
      assert.equal((await run(to, ["./program"])).stdout, "ran\n");
      assert.equal((await run(to, "sha256sum < link | cut -d' ' -f1")).stdout.trim(), await sha256(large));
      assert.equal((await run(to, "ls")).stdout, "dir\nempty\nlink\nprogram\n");
    });

    await t.step("one that is damaged changes nothing", async () => {
      await write(to, "kept", "x");
      const wrong = { archive: "arch-one", sha256: "0".repeat(64) };
      assert.match(await refusal(to, "unpack", wrong), /^(invalid|conflict|failed): /);
      assert.equal(await read(to, "kept"), "x");
    });

    await t.step("dropped, it is gone, and twice is no more than once", async () => {
      for (const sandbox of [from, to]) {
        await sandbox.file("archive_drop", { archive: "arch-one" }, undefined, signal());
        await sandbox.file("archive_drop", { archive: "arch-one" }, undefined, signal());
      }
      assert.match(
        await refusal(from, "archive_read", { archive: "arch-one", offset: 0, length: 10 }),
        /^not_found: /,
      );
    });
  });
}
