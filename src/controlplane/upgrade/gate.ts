/** Whether another image may go to the pods. Pure. */
import { TESTED_RANGE, testedness } from "../../operator/visit/versions.ts";
import { parseImage, versionOfImage } from "./image.ts";
import { movedWords } from "./schema.ts";
import type { UpgradeFacts } from "./upgrade_facts.ts";
import { compareMinor, isSameVersion, type Version, versionText } from "./version.ts";

/** What was found. */
export type Verdict =
  /** The image that was let through last stays; another one is not asked for, or is not let through. */
  | { readonly kind: "keep" }
  | { readonly kind: "blocked"; readonly message: string }
  /** The image goes to the pods: after a backup where the version may change and a backup is asked for. */
  | { readonly kind: "release"; readonly backup: boolean; readonly cancels: boolean };

/** Judges the wanted image. */
export function judge(facts: UpgradeFacts): Verdict {
  const { wanted, released, completed, floor, hasRun, moved, schemaMoved, settings } = facts;
  if (released === wanted) return { kind: "keep" };
  const release = (backup: boolean, cancels = false): Verdict => ({ kind: "release", backup, cancels });
  if (released === undefined || !hasRun) return release(false);
  // The schema is that of this image still; or pods of the image in between never were ready, as far as can be told.
  if (wanted === completed && !moved) return release(false, true);
  if (wanted === completed && schemaMoved && settings.allowDowngrade !== true) {
    return { kind: "blocked", message: migrated(wanted, facts, released) };
  }
  const to = versionOfImage(wanted);
  if (to === undefined) {
    if (versionOfImage(released) === undefined || settings.unchecked === true) return release(true);
    return { kind: "blocked", message: unreadable(wanted, released) };
  }
  if (floor === undefined) return release(true);
  if (compareMinor(to, floor) < 0 && settings.allowDowngrade !== true) {
    return { kind: "blocked", message: downgrade(wanted, to, floor, released) };
  }
  // One backup too many does no harm: only where tags prove that the version stays is there none.
  const from = versionOfImage(released);
  return release(from === undefined || !isSameVersion(to, from) || !isSameVersion(to, floor));
}

/** A sentence about a version that nobody has tried with this operator; undefined where there is nothing to say. */
export function untested(image: string): string | undefined {
  const version = versionOfImage(image);
  if (version === undefined) return undefined;
  const text = versionText({ ...version, patch: version.patch ?? 0 });
  const tested = testedness(text);
  if (tested === "tested" || tested === "unknown") return undefined;
  return `Coder ${text} is ${tested} than the versions that this operator is tested with (${TESTED_RANGE})`;
}

/** The version that an image's tag tells, or what can be said instead. */
export function versionLabel(image: string | undefined): string {
  const version = versionOfImage(image);
  return version === undefined ? "unknown" : versionText(version);
}

function unreadable(wanted: string, released: string): string {
  const { tag, digest } = parseImage(wanted);
  const why = tag !== undefined
    ? `its tag ${JSON.stringify(tag)} is no version`
    : digest === undefined
    ? "it has no tag"
    : "a digest alone tells no version";
  return `${wanted} is not rolled out: ${why}, so that nobody can tell whether it fits the database; the pods keep ` +
    `${released}. Name the version in the tag, such as ghcr.io/coder/coder:v2.30.0 (a digest may follow), or set ` +
    "spec.upgrade.unchecked to true to roll images of unknown version out";
}

function migrated(wanted: string, { state }: UpgradeFacts, released: string): string {
  const { before } = state?.schema ?? {};
  return `${wanted} is not rolled out: ${
    movedWords(state?.schema)
  }. Its pods that still run may go on; none can be ` +
    `started anew on it. The pods keep ${released}. Put right what keeps those from becoming ready, or set spec.image ` +
    `to a later version; or restore a backup of the database${
      before === undefined ? "" : ` (with migration ${before} as its last)`
    }, and set spec.upgrade.allowDowngrade to true until the pods run it`;
}

function downgrade(wanted: string, to: Version, floor: Version, released: string): string {
  return `${wanted} is not rolled out: the database has been used with Coder ${
    versionText(floor)
  }, which Coder ` +
    `${
      versionText(to)
    } is too old for (there is no way back across a migration); the pods keep ${released}. Set ` +
    `spec.image to ${
      versionText({ ...floor, patch: undefined, suffix: "" })
    } or later; or restore a backup of the ` +
    "database made with that version, and set spec.upgrade.allowDowngrade to true until the pods run it";
}
