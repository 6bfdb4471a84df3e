import assert from "node:assert/strict";
import { addressOf, RESOURCE_TEMPLATES, type ResourceAddress, uriOf } from "./address.ts";

const ADDRESSES: readonly (readonly [string, ResourceAddress])[] = [
  ["coder://workspaces/lab/acme.ann.dev", { kind: "workspace", namespace: "lab", name: "acme.ann.dev" }],
  ["coder://workspaces/lab/acme.ann.dev/log", {
    kind: "workspaceLog",
    namespace: "lab",
    name: "acme.ann.dev",
  }],
  ["coder://templates/lab/acme.docker", { kind: "template", namespace: "lab", name: "acme.docker" }],
  ["coder://templates/lab/main.acme.docker/log", {
    kind: "templateLog",
    namespace: "lab",
    name: "main.acme.docker",
  }],
  ["coder://templates/lab/acme.docker/files/modules%2Fa%20b%23%3F%25.tf", {
    kind: "templateFile",
    namespace: "lab",
    name: "acme.docker",
    path: "modules/a b#?%.tf",
  }],
];

Deno.test("every address has one URI, and every URI is read as its address", () => {
  for (const [uri, address] of ADDRESSES) {
    assert.equal(uriOf(address), uri);
    assert.deepEqual(addressOf(uri), address);
  }
});

Deno.test("slashes of a file's path may come as they are", () => {
  const address = addressOf("coder://templates/lab/acme.docker/files/modules/a/main.tf");
  assert.equal(address?.kind === "templateFile" && address.path, "modules/a/main.tf");
});

Deno.test("names are read as Unicode, byte for byte", () => {
  const uri = uriOf({ kind: "templateFile", namespace: "lab", name: "acme.docker", path: "größe/日本.tf" });
  assert.match(uri, /^[\x21-\x7e]+$/);
  assert.deepEqual(addressOf(uri), {
    kind: "templateFile",
    namespace: "lab",
    name: "acme.docker",
    path: "größe/日本.tf",
  });
});

Deno.test("what is none of ours is refused", () => {
  const base = "coder://templates/lab/acme.docker";
  for (
    const uri of [
      "",
      "https://workspaces/lab/a.b.c",
      "coder:/templates/lab/acme.docker",
      "coder://templates",
      "coder://templates/lab",
      "coder://secrets/lab/acme.docker",
      "coder://templates/Lab/acme.docker",
      "coder://templates/lab/acme docker",
      "coder://templates/lab/.",
      "coder://templates/lab/..",
      "coder://templates/lab/a..b",
      "coder://templates//acme.docker",
      `${base}/`,
      `${base}/other`,
      `${base}/log/x`,
      `${base}/files`,
      `${base}/files/`,
      `${base}?x=1`,
      `${base}#x`,
      "coder://workspaces/lab/a.b.c/files/main.tf",
      `${base}/files/%zz`,
      `${base}/files/%E0%A4`,
      `${base}/files/${"a".repeat(5_000)}`,
      `coder://templates/lab/${"a".repeat(300)}`,
    ]
  ) {
    assert.equal(addressOf(uri), undefined, uri);
  }
});

Deno.test("no path leaves the template, however it is written", () => {
  const base = "coder://templates/lab/acme.docker/files/";
  for (
    const path of [
      "../main.tf",
      "..%2Fmain.tf",
      "%2e%2e/main.tf",
      "a/../../main.tf",
      "a/../main.tf",
      "./main.tf",
      "%2Fetc%2Fpasswd",
      "/etc/passwd",
      "a//b",
      "a%2F%2Fb",
      "a%5Cb",
      "a%00b",
      "__proto__",
      "a/",
    ]
  ) {
    assert.equal(addressOf(`${base}${path}`), undefined, path);
  }
  // Encoded twice is a name with a percent sign.
  const twice = addressOf(`${base}%252e%252e%252fmain.tf`);
  assert.equal(twice?.kind === "templateFile" && twice.path, "%2e%2e%2fmain.tf");
});

Deno.test("parts cannot become others: namespaces and names have no slashes", () => {
  for (const part of ["a%2Fb", "..%2F..", "%2e%2e"]) {
    assert.equal(addressOf(`coder://templates/${part}/acme.docker`), undefined, part);
    assert.equal(addressOf(`coder://templates/lab/${part}`), undefined, part);
  }
});

Deno.test("URI templates that are filled in, as clients do, are URIs", () => {
  const values = { namespace: "lab", name: "acme.ann.dev", path: "a/main.tf" };
  for (const { uriTemplate } of RESOURCE_TEMPLATES) {
    const uri = uriTemplate.replace(
      /\{(\w+)\}/g,
      (_, name: keyof typeof values) => encodeURIComponent(values[name]),
    );
    const address = addressOf(uri);
    assert.equal(address && uriOf(address), uri);
  }
});
