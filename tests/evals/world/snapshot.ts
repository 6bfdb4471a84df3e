/** The state of a world as names and fields, and what differs between two of them. */
import { createHash } from "node:crypto";
import type { FakeState } from "../../fake-coder/mod.ts";
import type { Change } from "../task.ts";

export type Fields = Readonly<Record<string, string | number | boolean>>;
/** Fields of what there is, by `workspace <owner>/<name>`, `template <name>`, `<Kind> <name>`. */
export type Snapshot = Readonly<Record<string, Fields>>;

type Row = Record<string, unknown>;

/** What Coder has. Times are left out: they go on by themselves. */
export function coderSnapshot(state: FakeState, startedAt: number): Snapshot {
  const versions = new Map(state.templateVersions.map((one) => [one["id"], String(one["name"])]));
  const named = (id: unknown) => versions.get(id) ?? String(id);
  const all: Record<string, Fields> = {};
  for (const workspace of state.workspaces) {
    if (workspace["deleted"] === true) continue;
    const build = workspace["latest_build"] as Row;
    const values = state.buildParameters.get(String(build["id"])) ?? [];
    const deadline = Date.parse(String(build["deadline"]));
    all[`workspace ${workspace["owner_name"]}/${workspace["name"]}`] = {
      state: String(build["status"]),
      builds: Number(build["build_number"]),
      version: named(build["template_version_id"]),
      parameters: values.map(({ name, value }) => `${name}=${value}`).sort().join(" "),
      ttlMinutes: Number(workspace["ttl_ms"] ?? 0) / 60_000,
      autostart: String(workspace["autostart_schedule"] ?? ""),
      dormant: workspace["dormant_at"] !== null,
      ...(Number.isNaN(deadline) ? {} : { stopsIn: Math.round((deadline - startedAt) / 60_000) }),
    };
  }
  for (const template of state.templates) {
    all[`template ${template["name"]}`] = {
      active: named(template["active_version_id"]),
      versions: state.templateVersions.filter((one) => one["template_id"] === template["id"]).length,
      deprecation: String(template["deprecation_message"] ?? ""),
      description: String(template["description"] ?? ""),
    };
  }
  for (const user of state.users.values()) {
    all[`user ${user.username}`] = { roles: user.roles.join(" "), status: user.status };
  }
  return all;
}

/** What Kubernetes has. Status is left out: the cluster's own parts write it. */
export function objectsSnapshot(objects: readonly Row[]): Snapshot {
  return Object.fromEntries(objects.map((object) => {
    const { metadata, apiVersion: _, kind, status: __, ...content } = object as Row & { metadata: Row };
    const annotations = Object.entries((metadata["annotations"] ?? {}) as Row)
      .filter(([name]) => !name.endsWith("last-applied-configuration"))
      .map(([name, value]) => `${name}=${value}`);
    return [`${kind} ${metadata["name"]}`, {
      uid: String(metadata["uid"]),
      // Pods get their nodes when they get them.
      content: kind === "Pod" ? "" : digest(content),
      annotations: annotations.sort().join(" "),
      labels: digest(metadata["labels"] ?? {}),
    }];
  }));
}

/** What is other, by name; fields with their later values. */
export function differences(before: Snapshot, after: Snapshot): Record<string, Change> {
  const changes: Record<string, Change> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name], after[name]];
    if (is === undefined) changes[name] = "gone";
    else if (was === undefined) changes[name] = { ...is, isNew: true };
    else {
      const other = new Set([...Object.keys(was), ...Object.keys(is)]);
      const fields = [...other].filter((field) => was[field] !== is[field]);
      if (fields.length > 0) {
        changes[name] = Object.fromEntries(fields.map((field) => [field, is[field] ?? ""]));
      }
    }
  }
  return changes;
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);
}
