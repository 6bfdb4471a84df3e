import assert from "node:assert/strict";
import { SUBJECT_WORDS } from "./look_flags.ts";
import { readSubject } from "./subject.ts";

const read = (line: string) => {
  const { kind, name, mistakes } = readSubject(line.split(" ").filter((word) => word !== ""));
  return mistakes.length > 0
    ? mistakes.map(({ where, what }) => `${where}: ${what}`).join("; ")
    : `${kind} ${name}`;
};

Deno.test("a kind is written as in the help, or as for kubectl", () => {
  for (const kind of SUBJECT_WORDS) assert.equal(read(`${kind} a`), `${kind} a`);
  for (
    const word of [
      "workspaces",
      "coderworkspace",
      "coderworkspaces",
      "CoderWorkspace",
      "cws",
      "coderworkspaces.aggregation.coder.com",
      "coderworkspaces.v1alpha1.aggregation.coder.com",
    ]
  ) {
    assert.equal(read(`${word} acme.ann.dev`), "workspace acme.ann.dev");
    assert.equal(read(`${word}/acme.ann.dev`), "workspace acme.ann.dev");
  }
  for (const word of ["coder", "ccp", "codercontrolplane", "control-plane", "codercontrolplanes.coder.com"]) {
    assert.equal(read(`${word} main`), "controlplane main");
  }
  assert.equal(read("cprov/builders"), "provisioner builders");
  assert.equal(read("cwp region"), "proxy region");
});

Deno.test("what cannot be looked at is refused with what can be", () => {
  assert.equal(
    read(""),
    "diagnose: needs what to look at: workspace, controlplane, provisioner or proxy and a name",
  );
  assert.equal(read("workspce a"), "workspce: is nothing known; did you mean workspace?");
  assert.equal(
    read("deployment a"),
    "deployment: cannot be diagnosed; write workspace, controlplane, provisioner or proxy",
  );
  for (const word of ["template", "ctpl", "codertemplates", "codertemplates.aggregation.coder.com"]) {
    assert.equal(
      read(`${word} acme.docker`),
      `${word}: cannot be diagnosed: a workspace of the template can`,
    );
  }
});

Deno.test("a name is one, and one alone", () => {
  assert.equal(read("workspace"), "workspace: needs a name");
  assert.equal(read("workspace/"), "workspace: needs a name");
  assert.equal(read("coder main more"), "more: stray argument after the name");
  assert.equal(read("coder/main more"), "more: stray argument after the name");
  assert.match(read("workspace ann/dev"), /^ann\/dev: is not the name of an object such as <organization>/);
  assert.equal(read("coder Main"), "Main: is not the name of an object");
  assert.equal(read("coder ../secrets"), "../secrets: is not the name of an object");
});
