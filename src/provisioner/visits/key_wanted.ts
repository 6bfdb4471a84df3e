/** What the spec of a provisioner asks of its key. */
import { durationMs } from "../../api/duration.ts";
import { ROTATE_ANNOTATION } from "../../api/provisioner_key.ts";
import type { KeyWanted } from "../keys/mod.ts";
import type { Visit } from "./visit.ts";

/** See the file's head. */
export function keyWanted({ coder, home, key, organizationID, provisioner }: Visit): KeyWanted {
  const { metadata: { uid = "", annotations }, spec } = provisioner;
  return {
    uid,
    baseName: spec.key.name || key.name,
    organization: { name: spec.organizationName || "default", id: organizationID },
    tags: spec.tags,
    home,
    rotateAfterMs: durationMs(spec.key.rotateAfter ?? ""),
    rotate: annotations?.[ROTATE_ANNOTATION] || undefined,
    existingSecret: bringsSecret(provisioner),
    credentials: coder?.credentials,
  };
}

/** The user brings the key: none is made, and the Secret is never written. */
export function bringsSecret({ spec }: Visit["provisioner"]): boolean {
  return (spec.key.existingSecret ?? "") !== "";
}
