import assert from "node:assert/strict";
import type { ListedResource, ResourceShelf, SurfaceCall } from "../surface.ts";
import { joinedShelves } from "./joined.ts";

const call = {} as SurfaceCall;

/** Pages of two. */
function shelfOf(scheme: string, count: number): ResourceShelf {
  const all = Array.from({ length: count }, (_, index): ListedResource => ({
    uri: `${scheme}${index}`,
    name: String(index),
    mimeType: "text/plain",
  }));
  return {
    templates: [{ uriTemplate: `${scheme}{x}`, name: scheme, mimeType: "text/plain" }],
    list(cursor) {
      const from = Number(cursor ?? 0);
      const more = from + 2 < count ? { nextCursor: String(from + 2) } : {};
      return Promise.resolve({ resources: all.slice(from, from + 2), ...more });
    },
    read: (uri) => Promise.resolve({ uri, mimeType: "text/plain", text: `${scheme}: ${uri}` }),
  };
}

async function everything(shelf: ResourceShelf): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await shelf.list(cursor, call);
    found.push(...page.resources.map(({ uri }) => uri));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

Deno.test("lists come part by part, and none is left out", async () => {
  const joined = joinedShelves([
    { scheme: "", shelf: shelfOf("coder://", 5) },
    { scheme: "session://", shelf: shelfOf("session://", 3) },
  ]);
  assert.deepEqual(joined.templates.map(({ name }) => name), ["coder://", "session://"]);
  assert.deepEqual(await everything(joined), [
    ...["0", "1", "2", "3", "4"].map((one) => `coder://${one}`),
    ...["0", "1", "2"].map((one) => `session://${one}`),
  ]);
  const empty = joinedShelves([
    { scheme: "", shelf: shelfOf("a://", 0) },
    { scheme: "b://", shelf: shelfOf("b://", 0) },
  ]);
  assert.deepEqual(await everything(empty), []);
});

Deno.test("what is read is of the part whose scheme it has", async () => {
  const joined = joinedShelves([
    { scheme: "", shelf: shelfOf("coder://", 1) },
    { scheme: "session://", shelf: shelfOf("session://", 1) },
  ]);
  const text = async (uri: string) => ((await joined.read(uri, call)) as { text: string }).text;
  assert.equal(await text("session://x/y"), "session://: session://x/y");
  assert.equal(await text("coder://x"), "coder://: coder://x");
  assert.equal(await text("other://x"), "coder://: other://x");
  const alone = joinedShelves([{ scheme: "session://", shelf: shelfOf("session://", 1) }]);
  await assert.rejects(() => alone.read("other://x", call), { name: "ToolError", code: "not_found" });
});

Deno.test("cursors of somebody else's are refused", async () => {
  const joined = joinedShelves([{ scheme: "", shelf: shelfOf("a://", 1) }]);
  for (const cursor of ["", "x", "1:", "99:", "-1:", "0", ":2"]) {
    await assert.rejects(() => joined.list(cursor, call), { code: "invalid" }, cursor);
  }
});
