/** Where the records of tests are shown, and what is kept beside them. For tests alone. */
import type { WishRecord } from "../../actions/mod.ts";
import type { ChangeRecord } from "../../actions/templates/mod.ts";
import { uuid } from "../../inventory/testing/records.ts";
import type { ShadowRecord } from "../../shadow/mod.ts";
import type { Place } from "./metadata.ts";

export { agent, build, template, uuid, workspace } from "../../inventory/testing/records.ts";

export const PLACE: Place = {
  namespace: "team-a",
  name: "acme.alice.dev",
  controlPlane: { namespace: "team-a", name: "coder" },
  addresses: { access: "https://coder.example.com", apps: "*.apps.example.com" },
};

/** What is kept of the workspace of {@linkcode uuid} 1. */
export function shadowRecord(changes: Partial<ShadowRecord> = {}): ShadowRecord {
  return { kind: "workspaces", id: uuid(1), name: "acme.alice.dev", metadata: {}, ...changes };
}

/** Somebody wants that workspace stopped. */
export function wishRecord(
  want: Partial<WishRecord["wish"]["want"]> = {},
  changes: Partial<WishRecord> = {},
): WishRecord {
  return {
    owner: uuid(2),
    name: "dev",
    workspace: uuid(1),
    wish: {
      id: uuid(40),
      by: "jane",
      at: "2026-05-01T10:00:02.5Z",
      base: 3,
      want: { running: false, isRunningAsked: true, ...want },
    },
    built: [],
    ...changes,
  };
}

/** New files of the template of {@linkcode uuid} 4 that are being built. */
export function changeRecord(changes: Partial<ChangeRecord> = {}): ChangeRecord {
  return {
    organization: uuid(3),
    template: uuid(4),
    id: uuid(41),
    by: "jane",
    at: "2026-05-01T10:00:00.7Z",
    text: "t",
    content: "c",
    inputs: "none",
    file: uuid(42),
    name: "k-1",
    message: "",
    tags: {},
    hasVariables: false,
    bases: [uuid(11)],
    ...changes,
  };
}
