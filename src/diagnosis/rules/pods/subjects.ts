/** Whose pods these rules are about. */
import { SUBJECT_KINDS } from "../../subject.ts";

/** Pods are the same for all. */
export const ALL_SUBJECTS = SUBJECT_KINDS;
