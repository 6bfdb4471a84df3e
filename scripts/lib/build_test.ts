import assert from "node:assert/strict";
import { writeEntry } from "./build.ts";
import { REQUIRE_ON_DEMAND } from "./executable.ts";

Deno.test("the entry is stamped before the program runs, and loads no module of Node by itself", async () => {
  const work = await Deno.makeTempDir();
  try {
    const entry = await writeEntry(work, { version: "1.2.3", commit: "abc", built: "2026-01-01T00:00:00Z" });
    const text = await Deno.readTextFile(entry);
    assert.ok(text.startsWith(REQUIRE_ON_DEMAND));
    assert.doesNotMatch(text, /from "node:/);
    const stamped = text.indexOf('stampBuild({"version":"1.2.3","commit":"abc"');
    assert.ok(stamped > 0 && stamped < text.indexOf("await main("), text);
    for (const [, url = ""] of text.matchAll(/from "(file:[^"]+)"/g)) await Deno.stat(new URL(url));
  } finally {
    await Deno.remove(work, { recursive: true });
  }
});
