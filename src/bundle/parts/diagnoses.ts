/** Diagnoses of everything of coder.com, and of workspaces that are in trouble. */
import { keyOf, keyText } from "../../api/object.ts";
import { type CoderWorkspace, CoderWorkspaces } from "../../api/workspace.ts";
import { diagnose, type Diagnosis, oneLine, stateAlone, type Subject } from "../../diagnosis/mod.ts";
import type { Gatherer } from "../gatherer.ts";
import { inLanes } from "../lanes.ts";
import type { OwnObject } from "./kinds.ts";

const MOST_OBJECTS = 100;
const MOST_WORKSPACES = 20;
const LANES = 4;

/** `diagnoses/<kind>/<namespace>_<name>.yaml`, `workspaces.txt`; a line for each. */
export async function gatherDiagnoses(gatherer: Gatherer, objects: readonly OwnObject[]): Promise<string[]> {
  const own = objects.slice(0, MOST_OBJECTS);
  if (own.length < objects.length) {
    gatherer.gap("diagnoses", `only ${own.length} of ${objects.length} objects were diagnosed`);
  }
  const subjects: Subject[] = own.map(({ subject, namespace, name }) => ({ kind: subject, namespace, name }));
  subjects.push(...await workspacesToAsk(gatherer, objects));
  const lines: string[] = [];
  await inLanes(subjects, LANES, async (subject) => {
    const about = `${subject.kind} ${subject.namespace}/${subject.name}`;
    const told = await gatherer.tried(
      `diagnosis of ${about}`,
      (signal) => diagnose(subject, gatherer.world, { signal }),
    );
    if (told === undefined) return;
    const path = `diagnoses/${subject.kind}/${subject.namespace}_${subject.name}.yaml`;
    gatherer.yaml(path, `diagnosis of ${about}`, 1, told);
    lines.push(`${about}: ${summaryOf(told)}`);
  });
  return lines.sort().map((line) => oneLine(gatherer.world.redaction.text(line)));
}

function summaryOf(told: Diagnosis): string {
  const { state, causes: [first], healthy } = told;
  if (healthy) return `well. ${state}`;
  if (first === undefined) return state;
  return `${stateAlone(told)} ${first.cause} (${first.rule}, ${first.confidence})`;
}

/** Those that somebody named, and those that are not ready though they should be. */
async function workspacesToAsk(gatherer: Gatherer, objects: readonly OwnObject[]): Promise<Subject[]> {
  const { workspaces = [] } = gatherer.options;
  const namespaces = new Set(objects.map(({ namespace }) => namespace));
  const lists = await Promise.all([...namespaces].map((namespace) =>
    gatherer.tried(
      `list of coderworkspaces in ${namespace}`,
      (signal) => gatherer.world.cluster.list(CoderWorkspaces, { namespace, signal }),
    )
  ));
  const all = lists.flatMap((page) => page?.items ?? []);
  if (all.length > 0) {
    const rows = all.map((one) =>
      `${keyText(keyOf(one))} ${one.status?.latestBuildStatus ?? ""} ${one.status?.templateName ?? ""}`
    );
    gatherer.text("workspaces.txt", "workspaces: state and template", 2, rows.join("\n") + "\n");
  }
  const sick = all.filter(isInTrouble).map(keyOf);
  if (sick.length > MOST_WORKSPACES) {
    gatherer.gap(
      "workspaces",
      `only ${MOST_WORKSPACES} of ${sick.length} that are in trouble were diagnosed`,
    );
  }
  const asked = new Map([...workspaces, ...sick.slice(0, MOST_WORKSPACES)].map((key) => [keyText(key), key]));
  return [...asked.values()].map(({ namespace, name }) => ({ kind: "workspace", namespace, name }));
}

function isInTrouble({ status }: CoderWorkspace): boolean {
  return (status?.conditions ?? []).some(({ type, status }) =>
    (type === "Ready" && status === "False") || (type === "Stalled" && status === "True")
  );
}
