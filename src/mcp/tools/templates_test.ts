import assert from "node:assert/strict";
import { toolRig, unfenced } from "../testing.ts";
import {
  conditionOf,
  FakeTemplates,
  type FakeTemplatesOptions,
  templateOf,
  VERSION,
} from "./template_testing.ts";
import { getTemplate, listTemplates, setTemplateRunning } from "./templates.ts";

const KEY = { namespace: "lab", name: "acme.docker" };

const rigOf = (templates = [templateOf()], options: FakeTemplatesOptions = {}) => {
  const fake = new FakeTemplates(templates, options);
  return { fake, ...toolRig({ cluster: fake.cluster }) };
};

/** As a Coder with the licence for it does. */
const deprecating: FakeTemplatesOptions = {
  after(template) {
    const { deprecationMessage = "" } = template.spec.settings ?? {};
    const { deprecated: _, ...status } = template.status;
    return {
      ...template,
      status: { ...status, ...(deprecationMessage === "" ? {} : { deprecated: true, deprecationMessage }) },
    };
  },
};
/** As one without it. */
const dropping: FakeTemplatesOptions = {
  after: (template) => ({ ...template, spec: { ...template.spec, settings: { deprecationMessage: "" } } }),
};

Deno.test("templates are listed by name, with what is missing", async () => {
  const { fake, run } = rigOf([
    templateOf({ name: "acme.zebra" }),
    templateOf({ name: "acme.docker", spec: { displayName: "Docker" } }),
    templateOf({ name: "acme.old", namespace: "attic", status: { deprecated: true } }),
  ]);
  fake.missing = ["the Coder of lab/other is away"];
  const { output, text } = await run(listTemplates);
  assert.deepEqual(output["items"], [
    { name: "acme.old", namespace: "attic", running: false },
    { name: "acme.docker", namespace: "lab", running: true, displayName: "Docker" },
    { name: "acme.zebra", namespace: "lab", running: true },
  ]);
  assert.match(text, /Note: the Coder of lab\/other is away/);
  assert.deepEqual((await run(listTemplates, { namespace: "attic" })).output["items"], [
    { name: "acme.old", namespace: "attic", running: false },
  ]);
});

Deno.test("long lists of templates come in pages", async () => {
  const { run } = rigOf(Array.from({ length: 5 }, (_, index) => templateOf({ name: `acme.t${index}` })));
  const first = (await run(listTemplates, { limit: 2 })).output;
  assert.equal(first["total"], 5);
  const second = (await run(listTemplates, { limit: 3, cursor: first["nextCursor"] })).output;
  assert.deepEqual((second["items"] as { name: string }[]).map(({ name }) => name), [
    "acme.t2",
    "acme.t3",
    "acme.t4",
  ]);
  assert.equal(second["nextCursor"], undefined);
});

Deno.test("a list that is refused says so as the Go server does", async () => {
  const { refuses } = rigOf([], { mayList: false });
  assert.match((await refuses(listTemplates)).message, /^list CoderTemplate resources: you may not list/);
});

Deno.test("one template is told without its files, and without asking Coder for them", async () => {
  const { fake, run } = rigOf([templateOf({
    spec: {
      description: "Containers",
      files: { "main.tf": "secret" },
      settings: { defaultTTLMillis: 3_600_000, deprecationMessage: "" },
      source: { git: { url: "https://bob:hunter2@git.example.com/t.git?token=x" } },
    },
    status: {
      pendingVersionID: "9a3e6679-7425-40de-944b-e07fc1f90ae7",
      accessURL: "https://coder.example.com/templates/acme/docker?session=1",
      source: { revision: "abc" },
      conditions: [conditionOf("Stalled", "True", "it could not be built", "BuildFailed")],
    },
  })]);
  const { output, text } = await run(getTemplate, KEY);
  assert.deepEqual(output["template"], {
    name: "acme.docker",
    namespace: "lab",
    running: true,
    description: "Containers",
    versionID: VERSION,
    pendingVersionID: "9a3e6679-7425-40de-944b-e07fc1f90ae7",
    problem: "BuildFailed: it could not be built",
    source: "https://git.example.com/t.git at abc",
    defaultTTLMinutes: 60,
    updatedAt: "2026-01-02T03:04:05Z",
    url: "https://coder.example.com/templates/acme/docker",
  });
  assert.match(
    text,
    /<<<(\w+)\ndescription: Containers\nproblem: BuildFailed: it could not be built\n\1>>>$/,
  );
  assert.doesNotMatch(unfenced(text), /Containers|could not be built/);
  assert.doesNotMatch(text, /secret|hunter2|token|session/);
  assert.deepEqual(fake.calls, ["list lab metadata.name=acme.docker"]);
});

Deno.test("W-8: a template that is asked for by another form of its name is answered under its own", async () => {
  const { run } = rigOf([templateOf({ uid: "other", name: "acme.other" }), templateOf()], {
    aliases: { "main.acme.docker": "acme.docker" },
  });
  const { template } = (await run(getTemplate, { namespace: "lab", name: "main.acme.docker" })).output as {
    template: { name: string };
  };
  assert.equal(template.name, "acme.docker");
});

Deno.test("who may get a template and not list them gets it", async () => {
  const { run } = rigOf([templateOf({ spec: { files: { "main.tf": "x" } } })], { mayList: false });
  assert.match((await run(getTemplate, KEY)).text, /acme\.docker/);
});

Deno.test("a template that is not there is not found, in the Go server's words", async () => {
  const { refuses } = rigOf([]);
  const error = await refuses(getTemplate, KEY);
  assert.deepEqual([error.code, error.message], [
    "not_found",
    'get CoderTemplate lab/acme.docker: codertemplates "acme.docker" not found',
  ]);
  assert.equal((await refuses(getTemplate, { namespace: "lab", name: "a,b=c" })).code, "not_found");
  assert.equal((await refuses(getTemplate, { namespace: "lab", name: "" })).message, "name is required");
});

Deno.test("W-6: a template is deprecated, and taken back, and the answer is what is so afterwards", async () => {
  const { fake, run, carriesOut } = rigOf([templateOf()], deprecating);
  const { plan, done } = await carriesOut(setTemplateRunning, {
    ...KEY,
    running: false,
    message: "use podman",
  });
  assert.match(plan.text, /Deprecate the template lab\/acme\.docker: new workspaces of it are refused/);
  assert.match(plan.text, /\+.*deprecationMessage: use podman/);
  assert.deepEqual(done.output, {
    template: { name: "acme.docker", namespace: "lab", running: false },
    updated: true,
  });
  assert.equal(fake.items[0]?.spec.settings?.deprecationMessage, "use podman");
  // Saying it again changes nothing, and asks nobody.
  const again = await run(setTemplateRunning, { ...KEY, running: false });
  assert.deepEqual([again.output["updated"], again.output["plan"], again.changed], [false, undefined, false]);
  const back = await carriesOut(setTemplateRunning, { ...KEY, running: true });
  assert.match(back.plan.text, /Take back the deprecation/);
  assert.deepEqual(back.done.output["template"], { name: "acme.docker", namespace: "lab", running: true });
});

Deno.test("W-6: where Coder's licence does not cover it, the answer says that nothing was changed, and why", async () => {
  const { carriesOut } = rigOf([templateOf()], dropping);
  const { done } = await carriesOut(setTemplateRunning, { ...KEY, running: false });
  assert.deepEqual([done.output["updated"], (done.output["template"] as { running: boolean }).running], [
    false,
    true,
  ]);
  assert.match(done.text, /Nothing was changed.*licence does not cover/);
});

Deno.test("a template of the same name that was made anew is not the one of the plan", async () => {
  const { fake, run, refuses } = rigOf([templateOf()], deprecating);
  const { plan } = (await run(setTemplateRunning, { ...KEY, running: false })).output as {
    plan: { planToken: string };
  };
  fake.items = [templateOf({ uid: "another" })];
  const error = await refuses(setTemplateRunning, { ...KEY, running: false, planToken: plan.planToken });
  assert.equal(error.code, "conflict");
});

Deno.test("the message of who deprecated it stays where nobody says another", async () => {
  const { run } = rigOf([templateOf({
    spec: { settings: { deprecationMessage: "use podman" } },
    status: { deprecated: true, deprecationMessage: "use podman" },
  })]);
  assert.equal((await run(setTemplateRunning, { ...KEY, running: false })).output["plan"], undefined);
  const { plan } = (await run(setTemplateRunning, { ...KEY, running: false, message: "gone" })).output as {
    plan: { diff: string };
  };
  assert.match(plan.diff, /-.*use podman\n\+.*gone/s);
});
