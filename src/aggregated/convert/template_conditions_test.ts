import assert from "node:assert/strict";
import type { ChangeRecord } from "../../actions/templates/mod.ts";
import { templateDefinition } from "../../api/template.ts";
import type { Overlay } from "./overlay.ts";
import { templateObject } from "./template.ts";
import { templateConditions } from "./template_conditions.ts";
import { changeRecord, PLACE, shadowRecord, template, uuid } from "./testing.ts";

function shown(overlay: Overlay): Record<string, string> {
  return Object.fromEntries(
    templateConditions(template(), overlay).map(({ type, status, reason, lastTransitionTime }) => [
      type,
      `${status} ${reason} ${lastTransitionTime}`,
    ]),
  );
}

const failed = (reason: "BuildFailed" | "Superseded"): ChangeRecord =>
  changeRecord({
    version: uuid(43),
    failure: { reason, message: "It failed.", log: ["a", "b"], at: "2026-05-01T10:05:00.1Z" },
  });

const SOURCE = { git: { url: "https://example.com/t.git" } };
const USUAL = { Deprecated: "False InUse 2026-03-01T08:00:00Z" };

Deno.test("a template of which nothing is asked is ready", () => {
  assert.deepEqual(shown({}), { Ready: "True Active 2026-04-02T08:00:00Z", ...USUAL });
});

Deno.test("while files are being built it is not ready, and in progress", () => {
  assert.deepEqual(shown({ change: changeRecord() }), {
    Ready: "False Building 2026-05-01T10:00:00Z",
    ...USUAL,
    SourceApplied: "Unknown Building 2026-05-01T10:00:00Z",
    Reconciling: "True Building 2026-05-01T10:00:00Z",
  });
});

Deno.test("after a failure it is stalled, with the error and the last lines of the log", () => {
  for (const reason of ["BuildFailed", "Superseded"] as const) {
    assert.deepEqual(shown({ change: failed(reason) }), {
      Ready: `False ${reason} 2026-05-01T10:05:00Z`,
      ...USUAL,
      SourceApplied: `False ${reason} 2026-05-01T10:05:00Z`,
      Stalled: `True ${reason} 2026-05-01T10:05:00Z`,
    });
  }
  const conditions = templateConditions(template(), { change: failed("BuildFailed") });
  const message = (of: string) => conditions.find(({ type }) => type === of)?.message ?? "";
  assert.match(message("SourceApplied"), /It failed\..*\na\nb$/s);
  // The log is told once.
  assert.deepEqual([message("Ready"), message("Stalled")], ["It failed.", "It failed."]);
});

Deno.test("a source says whether it can be read", () => {
  const spec = { source: SOURCE };
  const source = (more: Parameters<typeof shadowRecord>[0]) =>
    shown({ shadow: shadowRecord({ kind: "templates", spec, ...more }) });
  assert.equal(source({})["SourceReady"], "Unknown NotChecked 2026-04-02T08:00:00Z");
  const checked = source({ source: { checkedAt: "2026-05-01T10:00:00Z" } });
  assert.equal(checked["SourceReady"], "True Checked 2026-04-02T08:00:00Z");
  assert.equal(checked["Stalled"], undefined);
  const at = "2026-05-01T10:00:00Z";
  const refused = source({ refusal: { reason: "AuthenticationFailed", message: "no", at } });
  assert.deepEqual([refused["Ready"], refused["SourceReady"], refused["Stalled"]], [
    `False AuthenticationFailed ${at}`,
    `False AuthenticationFailed ${at}`,
    `True AuthenticationFailed ${at}`,
  ]);
  const odd = source({ refusal: { reason: "not a word", message: "no", at } });
  assert.equal(odd["SourceReady"], `False Refused ${at}`);
  const none = shown({ shadow: shadowRecord({ refusal: { reason: "Refused", message: "no", at } }) });
  assert.deepEqual([none["SourceReady"], none["Stalled"]], [undefined, `True Refused ${at}`]);
});

Deno.test("a new revision of the source is progress until it is promoted, whatever came of the one before", () => {
  const phase = (source: Record<string, unknown>) =>
    shown({
      shadow: shadowRecord({
        kind: "templates",
        spec: { source: SOURCE },
        source,
        refusal: { reason: "CanaryFailed", message: "no", at: "2026-05-01T09:00:00Z" },
      }),
    });
  const trying = phase({ phase: "Canary", attempt: { at: "2026-05-01T10:00:00Z", stage: "canary" } });
  assert.deepEqual([trying["Ready"], trying["Reconciling"], trying["Stalled"]], [
    "False Canary 2026-05-01T10:00:00Z",
    "True Canary 2026-05-01T10:00:00Z",
    undefined,
  ]);
  assert.equal(trying["SourceReady"], "False CanaryFailed 2026-05-01T09:00:00Z");
  assert.equal(phase({ phase: "Building" })["Reconciling"], "True Building 2026-04-02T08:00:00Z");
  const over = phase({ phase: "no word" });
  assert.deepEqual([over["Reconciling"], over["Stalled"]], [
    undefined,
    "True CanaryFailed 2026-05-01T09:00:00Z",
  ]);
});

Deno.test("what is being built is progress, whatever was refused before", () => {
  const refusal = { reason: "Refused", message: "no", at: "2026-05-01T09:00:00Z" };
  const all = shown({ shadow: shadowRecord({ refusal }), change: changeRecord() });
  assert.deepEqual([all["Reconciling"], all["Stalled"]], [
    "True Building 2026-05-01T10:00:00Z",
    undefined,
  ]);
});

Deno.test("the version that is imported is named as soon as it is known, until it has failed", () => {
  const pending = (change: ChangeRecord) =>
    templateObject(template(), PLACE, { change }).status.pendingVersionID;
  assert.equal(pending(changeRecord()), undefined);
  assert.equal(pending(changeRecord({ version: uuid(43) })), uuid(43));
  assert.equal(pending(failed("BuildFailed")), undefined);
});

Deno.test("what is kept of a template is shown with it, in the forms of its schema", () => {
  const spec = {
    source: SOURCE,
    variables: [{ name: "image", value: "debian" }],
    provisionerTags: { zone: "a" },
    running: true,
  };
  const status = { revision: "abc", checkedAt: "2026-05-01T10:00:00Z" };
  const shadow = shadowRecord({
    kind: "templates",
    id: uuid(4),
    metadata: { annotations: { note: "x" }, deletionTimestamp: "2026-05-01T10:00:00Z", finalizers: ["a/b"] },
    spec,
    source: status,
  });
  const object = templateObject(template(), PLACE, { shadow, change: changeRecord({ version: uuid(43) }) });
  const { running: _, ...own } = spec;
  const { source, variables, provisionerTags } = object.spec;
  assert.deepEqual({ source, variables, provisionerTags }, own);
  assert.equal("running" in object.spec, false);
  assert.deepEqual(object.status.source, status);
  assert.equal(object.metadata.deletionTimestamp, "2026-05-01T10:00:00Z");
  assert.deepEqual(object.metadata.annotations, { note: "x" });
  assert.deepEqual(templateDefinition.spec.parse(object.spec), object.spec);
  assert.deepEqual(templateDefinition.status.parse(object.status), object.status);
});

Deno.test("settings that an older Coder does not have are left out, those of zero are not", () => {
  const { settings } = templateObject(
    template({
      autostop_requirement: null,
      autostart_requirement: undefined,
      max_port_share_level: "",
      cors_behavior: "",
      default_ttl_ms: 0,
    }),
    PLACE,
  ).spec;
  assert.deepEqual(Object.keys(settings ?? {}).sort(), [
    "activityBumpMillis",
    "allowUserAutostart",
    "allowUserAutostop",
    "allowUserCancelWorkspaceJobs",
    "defaultTTLMillis",
    "deprecationMessage",
    "failureTTLMillis",
    "requireActiveVersion",
    "timeTilDormantAutoDeleteMillis",
    "timeTilDormantMillis",
    "useClassicParameterFlow",
  ]);
  assert.equal(settings?.defaultTTLMillis, 0);
});
