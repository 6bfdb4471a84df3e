import assert from "node:assert/strict";
import { exists } from "../cluster/paths.ts";
import { askedFor, cacheFolder, PLATFORMS, programsOf, versionOf } from "./platforms.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const modOf = (name: string) => Deno.readTextFile(`${root}/tests/matrix/${name}/go.mod`);

Deno.test("every platform has its module, of the version that its name says", async () => {
  for (const platform of PLATFORMS) {
    const minor = platform.name.slice(platform.of.length + 1);
    const version = versionOf(platform, await modOf(platform.name));
    assert.ok(version.startsWith(`${minor}.`), `${platform.name} is of ${version}`);
    assert.ok(await exists(`${root}/tests/matrix/${platform.name}/go.sum`));
  }
});

Deno.test("what is run on a platform is there", async () => {
  for (const { suite } of PLATFORMS) {
    for (const path of suite) assert.ok(await exists(`${root}/${path}`), path);
  }
});

Deno.test("programs are stamped with the platform's version", async () => {
  for (const platform of PLATFORMS) {
    const mod = await modOf(platform.name);
    const version = versionOf(platform, mod);
    for (const { name, flags } of programsOf(platform, mod, "2026-01-02T03:04:05Z")) {
      assert.ok(flags.join(" ").includes(version), `${name}: ${flags.join(" ")}`);
    }
  }
});

Deno.test("a build is kept by version, sums and machine", async () => {
  const [platform] = PLATFORMS;
  assert.ok(platform !== undefined);
  const mod = await modOf(platform.name);
  const one = cacheFolder(platform, mod, "sums", "linux/x86_64");
  assert.match(one, /^kubernetes-1\.35\.\d+-[0-9a-f]{16}$/);
  assert.equal(cacheFolder(platform, mod, "sums", "linux/x86_64"), one);
  assert.notEqual(cacheFolder(platform, mod, "other", "linux/x86_64"), one);
  assert.notEqual(cacheFolder(platform, mod, "sums", "linux/aarch64"), one);
});

Deno.test("all platforms are meant where none is named, and an unknown one is refused by name", () => {
  assert.deepEqual(askedFor([]), PLATFORMS);
  assert.deepEqual(askedFor(["coder-2.29"]).map(({ name }) => name), ["coder-2.29"]);
  assert.throws(
    () => askedFor(["coder-2.29", "kubernetes-1.2"]),
    /there is no kubernetes-1\.2; possible are /,
  );
});
