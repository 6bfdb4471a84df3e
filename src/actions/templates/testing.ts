/** Changes and versions for tests. */
import { templateVersionSchema } from "../../coder/templates.ts";
import type { ChangeRecord } from "./types.ts";

export const [OLD, NEW, OTHER] = ["1", "2", "3"].map((digit) =>
  `0000000${digit}-0000-4000-8000-000000000000`
) as [
  string,
  string,
  string,
];
export const HASH = `sha256:${"ab".repeat(32)}`;
export const AT = "2026-01-01T00:00:00.000Z";

export const record = (changes: Partial<ChangeRecord> = {}): ChangeRecord => ({
  organization: OLD,
  template: OTHER,
  id: "change",
  by: "alice",
  at: AT,
  text: HASH,
  content: HASH,
  inputs: "none",
  file: OLD,
  name: "k8s-1",
  message: "",
  tags: {},
  hasVariables: false,
  bases: [OLD],
  ...changes,
});

export const version = (status: string) =>
  templateVersionSchema.parse({
    id: NEW,
    name: "k8s-1",
    template_id: OTHER,
    job: { id: NEW, status, file_id: OLD },
  });
