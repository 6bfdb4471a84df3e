import assert from "node:assert/strict";
import type { CoderClient, ListedTemplateVersion } from "../../coder/mod.ts";
import { ToolError } from "../errors.ts";
import { chosenVersion, goodVersionBefore, versionsOf, versionText } from "./template_version.ts";
import { templateOf } from "./template_testing.ts";

interface Parts {
  readonly id: string;
  readonly name?: string;
  readonly at?: string;
  readonly status?: string;
  readonly archived?: boolean;
}

const versionOf = (
  { id, name = id, at = "2026-01-01T00:00:00Z", status = "succeeded", archived = false }: Parts,
) =>
  ({ id, name, created_at: at, archived, message: "", job: { status, error: "" } }) as ListedTemplateVersion;

const template = templateOf({ spec: { versionID: "b" } });

const refused = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ToolError);
    return error;
  }
  throw new Error("it was not refused");
};

Deno.test("versions are sorted by when they were made, those of one moment by id", async () => {
  const asked: unknown[] = [];
  const client = {
    templates: {
      versions: (...args: unknown[]) => {
        asked.push(args.slice(0, 2));
        return Promise.resolve([
          versionOf({ id: "a" }),
          versionOf({ id: "d", at: "2026-01-03T00:00:00Z" }),
          versionOf({ id: "c" }),
          versionOf({ id: "b", at: "2026-01-02T00:00:00.5Z" }),
        ]);
      },
    },
  } as unknown as CoderClient;
  const versions = await versionsOf({ client, signal: AbortSignal.timeout(60_000) }, template);
  assert.deepEqual(versions.map(({ id }) => id), ["d", "b", "a", "c"]);
  assert.deepEqual(asked, [[template.metadata.uid, { archived: true }]]);
});

Deno.test("a version is meant by its id, its name, or its place", () => {
  const versions = [versionOf({ id: "c" }), versionOf({ id: "b", name: "two" }), versionOf({ id: "a" })];
  const chosen = (wanted: string) => chosenVersion(versions, template, wanted).id;
  assert.deepEqual(["a", "A", "two", "active", "newest"].map(chosen), ["a", "a", "b", "b", "c"]);
});

Deno.test("names win over places, and ids over names", () => {
  const versions = [
    versionOf({ id: "c", name: "a" }),
    versionOf({ id: "b", name: "x" }),
    versionOf({ id: "a", name: "newest" }),
  ];
  assert.equal(chosenVersion(versions, template, "a").id, "a");
  assert.equal(chosenVersion(versions, template, "newest").id, "a");
});

Deno.test("one that is not there is told with the newest that are", () => {
  const many = Array.from({ length: 30 }, (_, index) => versionOf({ id: `id${index}`, name: `v${index}` }));
  const { code, message } = refused(() => chosenVersion(many, template, "V1"));
  assert.equal(code, "not_found");
  assert.match(message, /^acme\.docker has no version "V1"; the newest are: v0, v1, .*v9$/);
  assert.match(refused(() => chosenVersion([], template, "active")).message, /the newest are: none$/);
});

Deno.test("only what workspaces can be built of is gone back to", () => {
  const versions = [
    versionOf({ id: "e" }),
    versionOf({ id: "d", status: "failed" }),
    versionOf({ id: "c", status: "running" }),
    versionOf({ id: "b", archived: true }),
    versionOf({ id: "a" }),
  ];
  assert.equal(goodVersionBefore(versions, { id: "e" })?.id, "a");
  assert.equal(goodVersionBefore(versions, { id: "c" })?.id, "a");
  assert.equal(goodVersionBefore(versions, { id: "a" }), undefined);
  // Of one that is not known, nothing is before it.
  assert.equal(goodVersionBefore(versions, { id: "x" }), undefined);
});

Deno.test("a version is called by its name and its id, where it has a name", () => {
  assert.equal(versionText({ id: "a", name: "one" }), "one (a)");
  assert.equal(versionText({ id: "a", name: "" }), "a");
});
