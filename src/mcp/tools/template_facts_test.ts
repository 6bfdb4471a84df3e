import assert from "node:assert/strict";
import type { CoderTemplate } from "../../api/template.ts";
import { activeVersionOf, briefOf, conditionOf, detailsOf } from "./template_facts.ts";
import { conditionOf as aCondition, templateOf, VERSION } from "./template_testing.ts";

const sourceOf = (spec: CoderTemplate["spec"]["source"], revision?: string) =>
  detailsOf(templateOf({
    spec: spec === undefined ? {} : { source: spec },
    ...(revision === undefined ? {} : { status: { source: { revision } } }),
  })).source;
const git = (url: string) => sourceOf({ git: { url } });

Deno.test("a template in use runs, a deprecated one does not", () => {
  assert.deepEqual(briefOf(templateOf()), { name: "acme.docker", namespace: "lab", running: true });
  assert.equal(briefOf(templateOf({ status: { deprecated: true } })).running, false);
  assert.equal(
    detailsOf(templateOf({ status: { deprecated: true, deprecationMessage: "old" } })).deprecationMessage,
    "old",
  );
});

Deno.test("what is told of one object is told once", () => {
  const template = templateOf({ spec: { displayName: "Docker" } });
  assert.equal(briefOf(template), briefOf(template));
  assert.equal(briefOf(template).displayName, "Docker");
});

Deno.test("empty texts are left out", () => {
  const details = detailsOf(
    templateOf({ spec: { displayName: "", description: "" }, status: { updatedAt: null } }),
  );
  assert.deepEqual(details, { name: "acme.docker", namespace: "lab", running: true, versionID: VERSION });
});

Deno.test("the active version is that of the status, else that of the spec", () => {
  assert.equal(activeVersionOf(templateOf({ status: { activeVersionID: "a" } })), "a");
  const { status: { activeVersionID: _, ...status }, ...rest } = templateOf();
  assert.equal(activeVersionOf({ ...rest, status }), VERSION);
  const { versionID: __, ...spec } = rest.spec;
  assert.equal(activeVersionOf({ ...rest, spec, status }), "");
});

Deno.test("a problem is told with its reason, and no problem is none", () => {
  const problem = (status: string) =>
    detailsOf(
      templateOf({ status: { conditions: [aCondition("Stalled", status, "no provider", "BuildFailed")] } }),
    ).problem;
  assert.equal(problem("True"), "BuildFailed: no provider");
  assert.equal(problem("False"), undefined);
});

Deno.test("conditions that are none are passed over", () => {
  const conditions = [null, 7, { type: "Ready" }, aCondition("Ready", "True")] as never;
  const template = templateOf({ status: { conditions } });
  assert.equal(conditionOf(template, "Ready")?.status, "True");
  assert.equal(conditionOf(template, "Stalled"), undefined);
  assert.equal(conditionOf(templateOf(), "Ready"), undefined);
});

Deno.test("a source is told with its revision", () => {
  assert.equal(
    sourceOf({ git: { url: "https://git.example.com/t.git" } }, "abc"),
    "https://git.example.com/t.git at abc",
  );
  assert.equal(sourceOf({ oci: { url: "oci://registry.example.com/t" } }), "oci://registry.example.com/t");
  assert.equal(sourceOf(undefined), undefined);
});

Deno.test("credentials in addresses of sources are not told, however they are written", () => {
  for (
    const [url, told] of [
      ["https://bob:hunter2@git.example.com/t.git", "https://git.example.com/t.git"],
      ["https://hunter2@git.example.com/t.git?x=hunter2#hunter2", "https://git.example.com/t.git"],
      ["HTTPS://bob:hun@ter2@git.example.com", "HTTPS://git.example.com"],
      ["https://git.example.com/team@home/t.git", "https://git.example.com/team@home/t.git"],
      ["ssh://git:hunter2@git.example.com:22/t.git", "ssh://git.example.com:22/t.git"],
      ["git@git.example.com:t.git", "git.example.com:t.git"],
      ["https://git.example.com/t.git\n?x=hunter2", "https://git.example.com/t.git\n"],
      ["https://bob:hunter2@\ngit.example.com", "https://\ngit.example.com"],
    ] as const
  ) {
    assert.equal(git(url), told);
    assert.doesNotMatch(git(url) ?? "", /hunter2|hun@ter2/);
  }
});

Deno.test("the page of a template is told without what proves anything", () => {
  const url = (accessURL: string) => detailsOf(templateOf({ status: { accessURL } })).url;
  assert.equal(
    url("https://coder.example.com/templates/a/b?token=1"),
    "https://coder.example.com/templates/a/b",
  );
  assert.equal(url("not an address"), undefined);
});
