/** Where templates come from, with the Secrets that their sources name. */
import type { FirstContent, WriteWorld } from "../../aggregated/resources/write_world.ts";
import { StatusError } from "../../aggregated/serving/status_errors.ts";
import type { TemplateSource } from "../../api/template.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { SourceError, SourceFollower, type SourceReader, sourceRecords } from "../../sources/mod.ts";
import type { SecretReader } from "./secret_value.ts";
import type { Bench } from "./workbenches.ts";

/** See {@linkcode WriteWorld.readSource}. */
export function firstContents(
  reader: SourceReader,
  { check, data }: SecretReader,
): NonNullable<WriteWorld["readSource"]> {
  return async (source, namespace, caller, signal): Promise<FirstContent> => {
    const name = secretOf(source);
    if (name !== undefined) await check({ namespace, name }, caller, signal);
    const secret = name === undefined ? undefined : await data({ namespace, name }, signal);
    if (name !== undefined && secret === undefined) {
      throw new StatusError(422, "Invalid", `spec.source: the Secret ${namespace}/${name} does not exist`);
    }
    try {
      const { revision, subject, entries } = await reader.fetch({ source, secret, signal });
      return { revision, entries, message: [revision, subject].filter((text) => text !== "").join(" ") };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SourceError)) throw error;
      const message = `spec.source: ${error.message}`;
      const causes = [{ reason: "FieldValueInvalid", field: "spec.source", message: error.message }];
      throw new StatusError(422, "Invalid", message, { causes }, { cause: error });
    }
  };
}

/** Name of the Secret with a source's credentials. */
export function secretOf({ git, oci }: TemplateSource): string | undefined {
  return (git?.secretRef ?? oci?.secretRef)?.name;
}

/** Follows the sources of one Coder's templates. */
export function sourceFollower(
  { backend, keeping, workbench }: Bench,
  { reader, secrets, log }: { reader: SourceReader; secrets: Pick<SecretReader, "data">; log: Logger },
): SourceFollower {
  const { id, namespace, copy } = backend;
  return new SourceFollower({
    coder: id,
    records: sourceRecords(keeping.shadows),
    reader,
    secret: (name, signal) => secrets.data({ namespace, name }, signal),
    templates: workbench.templates,
    workspaces: workbench.workspaces,
    open: (signal) => backend.open(signal),
    copy,
    log,
  });
}
