import assert from "node:assert/strict";
import { join } from "node:path";
import { ensureMirror, terraformConfigText } from "./mirror.ts";
import { script, withDir } from "./testing_dir.ts";

Deno.test("the mirror has the provider under Terraform's and OpenTofu's registry, and making it again changes nothing", () =>
  withDir(async (dir) => {
    const provider = await script(dir, "provider");
    const config = await ensureMirror(dir, provider, "2.13.1");
    const before = await Deno.stat(config);
    assert.equal(await ensureMirror(dir, provider, "2.13.1"), config);
    assert.deepEqual((await Deno.stat(config)).ino, before.ino);
    for (const registry of ["registry.terraform.io", "registry.opentofu.org"]) {
      const [platform] = [...Deno.readDirSync(join(dir, "mirror", registry, "coder", "coder", "2.13.1"))];
      assert.match(platform?.name ?? "", /^[a-z]+_(amd64|arm64)$/);
      const file = join(
        dir,
        "mirror",
        registry,
        "coder/coder/2.13.1",
        platform?.name ?? "",
        "terraform-provider-coder_v2.13.1",
      );
      assert.equal(await Deno.realPath(file), await Deno.realPath(provider));
    }
  }));

Deno.test("the configuration names the mirror as the only source of providers", () => {
  const text = terraformConfigText("/a b/mirror");
  assert.match(text, /path = "\/a b\/mirror"/);
  assert.doesNotMatch(text, /direct|network/);
  assert.match(text, /disable_checkpoint = true/);
});

Deno.test("several that make the mirror at once all succeed", () =>
  withDir(async (dir) => {
    const provider = await script(dir, "provider");
    const made = await Promise.all(Array.from({ length: 5 }, () => ensureMirror(dir, provider, "1.0.0")));
    assert.equal(new Set(made).size, 1);
  }));
