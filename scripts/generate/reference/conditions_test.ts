import { deepEqual, match, ok, throws } from "node:assert/strict";
import { filesBelow, read } from "../../lib/files.ts";
import { root } from "../../lib/run.ts";
import { conditionFiles, conditionsPage, toldChanges } from "./conditions.ts";
import { parse } from "./source.ts";

const said = (reason: string, message = "", type = "") => ({
  reason,
  message,
  type,
  path: "src/controlplane/x.ts",
});
const type = { type: "Ready", path: "src/controlplane/x.ts" };

Deno.test("types, reasons and Events stand under whose they are", () => {
  const text = conditionsPage(
    [type],
    [said("NotYet", "… pods"), said("NotYet", "other"), said("Created", "Created …", "Normal"), said("Bare")],
    [{ condition: "Ready", type: "Warning", reason: "NotReady", becomes: false }],
    { types: { Ready: "it can be used" }, reasons: { Bare: "nothing is worn" } },
  );
  match(text, /\| `Ready` \| CoderControlPlane \| it can be used \|/);
  match(
    text,
    /## Reasons: CoderControlPlane\n\n.*\n.*\n\| `Bare` \| nothing is worn \|\n\| `NotYet` \| … pods<br>other \|/,
  );
  match(text, /\| `NotReady` \| Warning \| `Ready` is true no more \|/);
  match(text, /\| `Created` \| Normal \| CoderControlPlane \| Created … \|/);
});

Deno.test("words that are missing, and words for what is no more, are told", () => {
  const make = (types: Record<string, string>, reasons: Record<string, string>) =>
    conditionsPage([type], [said("Bare")], [], { types, reasons });
  throws(() => make({ Ready: "x" }, {}), /nothing is said of a reason without a message: Bare/);
  throws(() => make({}, { Bare: "x" }), /nothing is said of a type of condition: Ready/);
  throws(() => make({ Ready: "x" }, { Bare: "x", Old: "y" }), /that the sources have no more: Old/);
  throws(
    () => make({ Ready: "x", Old: "y" }, { Bare: "x" }),
    /words for a type of condition that the sources have no more: Old/,
  );
});

Deno.test("the table of Events for changes is read", () => {
  const file = parse(
    "src/t.ts",
    'const told = [{ type: "Ready", becomes: ["Normal", "Ready"], ends: ["Warning", "NotReady"] }];',
  );
  deepEqual(toldChanges([file]), [
    { condition: "Ready", type: "Normal", reason: "Ready", becomes: true },
    { condition: "Ready", type: "Warning", reason: "NotReady", becomes: false },
  ]);
});

/** Reasons that tests make up, or that others than the product give. */
const NOT_OURS = [
  "Accepted",
  "Awaited",
  "BackendNotFound",
  "Because",
  "CanaryFailed",
  "Evicted",
  "False",
  "Fine",
  "NoMatchingListenerHostname",
  "NotAllowed",
  "NotAllowedByListeners",
  "Odd",
  "OldVersion",
  "Other",
  "Primary",
  "Seen",
  "Shown",
  "Slowly",
  "Spec",
  "Theirs",
  "True",
  "Unschedulable",
  "Warning",
  "Why",
];
/** Made of two parts: the name of the step, and the reason that is told of it. */
const MADE = /^(WorkspaceRBAC|FirstUser)/;
/** Given by the reader of sources, whose reasons a template only repeats. */
const OF_SOURCES = ["AuthenticationFailed"];

Deno.test("every type and reason that a test of the operator expects is on the page", async () => {
  const [file] = await conditionFiles(root);
  const rooms = [
    "operator",
    "workload",
    "controlplane",
    "provisioner",
    "workspaceproxy",
    "aggregated/convert",
  ];
  const folders = [
    ...rooms.map((room) => `src/${room}`),
    ...["operator", "controlplane", "provisioner", "workspaceproxy"].map((room) => `tests/${room}`),
  ];
  const expected = new Map<string, string>();
  for (const folder of folders) {
    for (const path of await filesBelow(folder, ["_test.ts"])) {
      for (const [, reason = ""] of read(path).matchAll(/reason[^\n"]{0,40}"([A-Z][a-z]+[A-Za-z]+)"/g)) {
        expected.set(reason, path);
      }
    }
  }
  ok(expected.size > 100, String(expected.size));
  const missing = [...expected].filter(([reason]) =>
    !NOT_OURS.includes(reason) && !OF_SOURCES.includes(reason) && !MADE.test(reason) &&
    !file!.content.includes(`\`${reason}\``)
  );
  deepEqual(missing, []);
});
