import assert from "node:assert/strict";
import { CONTROL_PLANE_NAME_LABEL, CONTROL_PLANE_NAMESPACE_LABEL } from "../../api/aggregated.ts";
import type { CoderTemplate, TemplateSpec } from "../../api/template.ts";
import { settingsOf } from "../convert/template.ts";
import { template } from "../../inventory/testing/records.ts";
import {
  defaultedTemplate,
  firstSettings,
  laterSettings,
  namedSecrets,
  settingsChange,
  templateCauses,
  templateField,
  templateRecord,
  wantedOf,
  withEmptied,
} from "./template_change.ts";

const object = (spec: TemplateSpec, metadata: CoderTemplate["metadata"] = { name: "acme.docker" }) => ({
  apiVersion: "aggregation.coder.com/v1alpha1",
  kind: "CoderTemplate",
  metadata,
  spec,
  status: { updatedAt: null },
});

const BEFORE: TemplateSpec = {
  organization: "acme",
  versionID: "v1",
  displayName: "Docker",
  settings: settingsOf(template()),
  files: { "main.tf": "one" },
};

Deno.test("every setting that is shown can be changed, and is asked for by Coder's name alone", () => {
  const all = {
    defaultTTLMillis: 1,
    activityBumpMillis: 2,
    autostopRequirement: { daysOfWeek: ["monday"], weeks: 3 },
    autostartRequirement: { daysOfWeek: ["sunday"] },
    allowUserAutostart: !BEFORE.settings?.allowUserAutostart,
    allowUserAutostop: !BEFORE.settings?.allowUserAutostop,
    allowUserCancelWorkspaceJobs: !BEFORE.settings?.allowUserCancelWorkspaceJobs,
    failureTTLMillis: 4,
    timeTilDormantMillis: 5,
    timeTilDormantAutoDeleteMillis: 6,
    requireActiveVersion: true,
    deprecationMessage: "old",
    maxPortShareLevel: "public",
    corsBehavior: "passthru",
    useClassicParameterFlow: true,
  };
  for (const field of Object.keys(settingsOf(template()))) assert.ok(field in all, field);
  const change = settingsChange({ ...BEFORE, settings: all }, BEFORE);
  assert.equal(Object.keys(change).length, Object.keys(all).length);
  assert.deepEqual(change.autostop_requirement, { days_of_week: ["monday"], weeks: 3 });
  assert.deepEqual(settingsChange(BEFORE, BEFORE), {});
  for (const name of Object.keys(change)) assert.match(templateField(name), /^spec\.settings\.[a-zA-Z]+$/);
  assert.deepEqual(
    ["name", "display_name", "files", "versionID", "max_port_sharing_level"].map(templateField),
    ["metadata.name", "spec.displayName", "spec.files", "spec.versionID", "spec.settings.maxPortShareLevel"],
  );
  // A new template has some of them under other names, and one only afterwards.
  const first = firstSettings({ settings: all, displayName: "New", icon: "" });
  assert.equal(first.dormant_ttl_ms, 5);
  assert.equal(first.delete_ttl_ms, 6);
  assert.equal(first.template_use_classic_parameter_flow, true);
  assert.deepEqual([first.display_name, "icon" in first, "deprecation_message" in first], [
    "New",
    false,
    false,
  ]);
  assert.deepEqual(laterSettings({ settings: all }), { deprecation_message: "old" });
  assert.deepEqual(laterSettings({}), {});
});

Deno.test("a requirement that is said in part keeps its other part", () => {
  const before = { settings: { autostopRequirement: { daysOfWeek: ["monday"], weeks: 2 } } };
  const { spec } = defaultedTemplate(object({ settings: { autostopRequirement: { weeks: 3 } } }), "acme", {
    before: object(before),
    isWhole: false,
  });
  assert.deepEqual(spec.settings?.autostopRequirement, { daysOfWeek: ["monday"], weeks: 3 });
});

Deno.test("texts that are left out are cleared; files, version and settings stay", () => {
  for (const isWhole of [true, false]) {
    const { spec } = defaultedTemplate(object({ displayName: "", running: true }), "acme", {
      before: object(BEFORE),
      isWhole,
    });
    const { displayName: _, ...rest } = BEFORE;
    assert.deepEqual(spec, rest);
    assert.deepEqual(wantedOf(spec, BEFORE), { settings: { display_name: "" } });
  }
});

Deno.test("who sends a whole object that knows nothing of variables and sources leaves them; a patch takes them away", () => {
  const kept = {
    variables: [{ name: "a", value: "1" }],
    provisionerTags: { os: "linux" },
    source: { git: { url: "https://git.example.com/a.git" } },
  };
  const change = (isWhole: boolean) => ({ before: object({ ...BEFORE, ...kept }), isWhole });
  assert.deepEqual(defaultedTemplate(object(BEFORE), "acme", change(true)).spec, { ...BEFORE, ...kept });
  assert.deepEqual(defaultedTemplate(object(BEFORE), "acme", change(false)).spec, BEFORE);
  const emptied = { ...BEFORE, variables: [], provisionerTags: {} };
  const { variables, provisionerTags } = defaultedTemplate(object(emptied), "acme", change(true)).spec;
  assert.deepEqual([variables, provisionerTags], [undefined, undefined]);
  assert.deepEqual(wantedOf(BEFORE, { ...BEFORE, ...kept }), { isAsBefore: true });
  const none = withEmptied(BEFORE, { ...BEFORE, ...kept });
  assert.deepEqual([none.variables, none.provisionerTags], [[], {}]);
  assert.deepEqual(withEmptied(BEFORE, BEFORE), BEFORE);
});

Deno.test("with a source nothing is built here, and every Secret that is read for it is named when anything of it differs", () => {
  const git = { url: "https://git.example.com/a.git", secretRef: { name: "git" } };
  const from = (name: string) => ({ name, valueFrom: { secretKeyRef: { name, key: "k" } } });
  const before = { ...BEFORE, source: { git }, variables: [from("a"), { name: "b", value: "1" }] };
  assert.deepEqual(namedSecrets(before, before), []);
  assert.deepEqual(namedSecrets({ ...before, displayName: "x", files: {} }, before), []);
  const elsewhere = { ...before, source: { git: { ...git, url: "https://elsewhere.example.com/a.git" } } };
  assert.deepEqual(namedSecrets(elsewhere, before), ["git", "a"]);
  const others = { ...before, variables: [from("c")] };
  assert.deepEqual([namedSecrets(others, before), wantedOf(others, before)], [["git", "c"], {}]);
  const oci = { ...before, source: { oci: { url: "oci://a", secretRef: { name: "oci" } } }, variables: [] };
  assert.deepEqual(namedSecrets(oci, before), ["oci"]);
  const { source: _, ...none } = before;
  assert.deepEqual(namedSecrets(none, before), []);
});

Deno.test("a new template gets its organization from its name, and nothing else", () => {
  assert.deepEqual(defaultedTemplate(object({ files: {} }), "acme").spec, {
    organization: "acme",
    files: {},
  });
  assert.deepEqual(defaultedTemplate(object(undefined as never), "acme").spec, { organization: "acme" });
});

Deno.test("what cannot be is said with its field, all at once", () => {
  const fields = (after: TemplateSpec, before?: TemplateSpec) =>
    templateCauses(object(after), before === undefined ? undefined : object(before)).map(({ field }) =>
      field
    );
  assert.deepEqual(fields(BEFORE, BEFORE), []);
  assert.deepEqual(fields({}), ["spec.files"]);
  assert.deepEqual(fields({ versionID: "v1" }), []);
  assert.deepEqual(fields({ ...BEFORE, organization: "other" }, BEFORE), ["spec.organization"]);
  const source = { git: { url: "" } };
  assert.deepEqual(fields({ ...BEFORE, source, files: {}, versionID: "v2" }, BEFORE), [
    "spec.files",
    "spec.versionID",
    "spec.source.git.url",
  ]);
  assert.deepEqual(fields({ source: { oci: { url: "" } } }), ["spec.source.oci.url"]);
  assert.deepEqual(fields({ source: { git: { url: "a" }, oci: { url: "b" } } }), ["spec.source"]);
});

Deno.test("what is kept has no fields of Coder's, and a refusal goes when something else is asked for", () => {
  const of = { id: "1", name: "acme.docker" };
  const source = { git: { url: "https://git.example.com/a.git" } };
  const labels = {
    mine: "1",
    [CONTROL_PLANE_NAME_LABEL]: "x",
    [CONTROL_PLANE_NAMESPACE_LABEL]: "y",
  };
  const plain = templateRecord(object(BEFORE, { name: "acme.docker", generation: 3 }), of);
  assert.deepEqual(plain, { kind: "templates", ...of, metadata: { generation: 3 } });
  const record = templateRecord(
    object({ ...BEFORE, source }, { labels, annotations: {}, finalizers: [] }),
    of,
    {
      ...plain,
      spec: { source },
      source: { revision: "c0ffee" },
      refusal: { reason: "Unreachable", message: "", at: "" },
    },
  );
  assert.deepEqual(record.metadata, { labels: { mine: "1" } });
  assert.deepEqual(
    [record.spec, record.source, record.refusal?.reason],
    [{ source }, { revision: "c0ffee" }, "Unreachable"],
  );
  const other = templateRecord(object({ ...BEFORE, source: { oci: { url: "oci://a" } } }), of, record);
  assert.deepEqual([other.source, other.refusal], [{ revision: "c0ffee" }, undefined]);
  assert.deepEqual(templateRecord(object(BEFORE), of, record).source, undefined);
});
