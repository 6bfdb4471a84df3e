/** What a diagnosis is about. */

/** What can be asked about. */
export const SUBJECT_KINDS = ["workspace", "controlplane", "provisioner", "proxy"] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** The object that somebody asks about. */
export interface Subject {
  readonly kind: SubjectKind;
  readonly namespace: string;
  readonly name: string;
}
