/** Versions that are known by what they were made of: one is made only where there is none. */
import { isConflict, mayHaveHappened, type TemplateVersion } from "../../coder/mod.ts";
import { ActionError } from "../error.ts";
import { type Identity, identityOf, isSameIdentity, versionName } from "./identity.ts";
import type { ChangeRecord, VersionInputs } from "./types.ts";
import type { TemplateSession } from "./world.ts";

/** Names that are tried for content that failed before. */
const MOST_ATTEMPTS = 50;

/** A name for a version, and the version that has it already and can be used as it is. */
export interface Place {
  readonly name: string;
  /** Being imported, or imported. */
  readonly version?: TemplateVersion | undefined;
  /** The latest attempt, which failed. */
  readonly failed?: TemplateVersion | undefined;
}

/** Finds the version of this identity, or the name for a new one. */
export async function placeOf(
  session: TemplateSession,
  template: string,
  identity: Identity,
  given: string | undefined,
): Promise<Place> {
  const { templates } = await session.client();
  const named = (name: string) => templates.versionNamed(template, name, { signal: session.signal });
  if (given !== undefined) {
    const version = await named(given);
    if (version === undefined) return { name: given };
    if (isUsable(version) && isSameIdentity(identityOf(version.message), identity)) {
      return { name: given, version };
    }
    throw new ActionError("conflict", `there is another version named ${given}: choose a name that is free`, [
      { field: "versionName", message: "is taken" },
    ]);
  }
  let failed: TemplateVersion | undefined;
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    const name = versionName(identity, attempt);
    const version = await named(name);
    if (version === undefined) return { name, failed };
    const isSame = isSameIdentity(identityOf(version.message), identity);
    if (isSame && isUsable(version)) return { name, version };
    if (isSame && !version.archived) failed = version;
  }
  throw new ActionError(
    "conflict",
    `this content was tried ${MOST_ATTEMPTS} times: change it, or name the version`,
  );
}

/** Makes the version on record. One that is there already, made by another replica or by a lost answer, is taken. */
export async function makeVersion(
  session: TemplateSession,
  record: ChangeRecord,
  variables: VersionInputs["variables"],
): Promise<TemplateVersion> {
  const { signal } = session;
  try {
    return await session.write(
      "create version",
      ({ templateChanges }) =>
        templateChanges.createVersion(record.organization, {
          templateId: record.template,
          fileId: record.file,
          name: record.name,
          message: record.message,
          tags: record.tags,
          variables,
        }, { signal }),
    );
  } catch (error) {
    if (!isConflict(error) && !mayHaveHappened(error)) throw error;
    const { templates } = await session.client();
    const found = await templates.versionNamed(record.template, record.name, { signal });
    if (found === undefined || !isSameIdentity(identityOf(found.message), record)) throw error;
    return found;
  }
}

function isUsable({ archived, job: { status } }: TemplateVersion): boolean {
  return !archived && (status === "pending" || status === "running" || status === "succeeded");
}
