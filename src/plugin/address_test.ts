import assert from "node:assert/strict";
import { addressOf, appsOf, coderOf, isWebAddress } from "./address.ts";
import { workspace } from "./testing.ts";

const app = (slug: string, url?: string) => ({ slug, ...(url === undefined ? {} : { url }) });
const agent = (name: string, ...apps: ReturnType<typeof app>[]) => ({ id: name, name, healthy: true, apps });
const page = "https://coder.example.com/@alice/dev";

Deno.test("a workspace's page, and an app by its slug or with its agent", () => {
  const one = workspace("acme.alice.dev", {
    status: {
      accessURL: page,
      agents: [
        agent("main", app("code", "https://code"), app("none")),
        agent("gpu", app("code", "https://gpu"), app("lab", "https://lab")),
      ],
    },
  });
  assert.equal(addressOf(one, undefined), page);
  assert.equal(addressOf(one, "lab"), "https://lab");
  assert.equal(addressOf(one, "gpu/code"), "https://gpu");
  assert.equal(appsOf(one).length, 3);
  assert.throws(() => addressOf(one, "code"), /several agents have an app code: main\/code, gpu\/code/);
  assert.throws(() => addressOf(one, "none"), /no app "none" with an address; it has code, code, lab/);
});

Deno.test("what has no address says why", () => {
  assert.throws(() => addressOf(workspace("a.b.c"), undefined), /no address that is known/);
  assert.throws(() => addressOf(workspace("a.b.c"), "x"), /it has no apps with an address/);
  assert.throws(
    () => addressOf(workspace("a.b.c", { running: false }), "x"),
    /does not run.*kubectl coder start/,
  );
});

Deno.test("browsers are sent to the web alone", () => {
  for (const url of ["https://a/b", "http://127.0.0.1:3000"]) assert.ok(isWebAddress(url), url);
  for (const url of ["javascript:alert(1)", "file:///etc/passwd", "vscode://x", "-x", "", "--help"]) {
    assert.ok(!isWebAddress(url), url);
  }
});

Deno.test("Coder is what is before the page of a workspace", () => {
  assert.equal(coderOf(page), "https://coder.example.com");
  assert.equal(coderOf("https://example.com:8443/coder/@a/b"), "https://example.com:8443/coder");
  assert.equal(coderOf("https://example.com/x"), "https://example.com");
  assert.equal(coderOf("ftp://example.com/@a/b"), undefined);
  assert.equal(coderOf(undefined), undefined);
});
