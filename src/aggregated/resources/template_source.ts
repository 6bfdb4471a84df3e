/** The files of a template, as they are shown where it is read alone. */
import type { CoderTemplate } from "../../api/template.ts";
import { type Backend, isNotFoundInCoder, type SourceFiles } from "../../inventory/mod.ts";
import { wantedFiles } from "../convert/overlay.ts";
import { withFiles } from "../convert/template.ts";
import type { RequestContext } from "../serving/storage.ts";
import { coderName } from "./naming.ts";
import type { Resources } from "./resources.ts";

/** Characters of source that are kept together with their templates. */
const MOST_KEPT = 8 << 20;
/** Smaller ones are put together in no time. */
const LEAST_KEPT = 64 << 10;

interface Whole {
  readonly source: SourceFiles;
  readonly object: CoderTemplate;
  readonly size: number;
}

/** Templates with their files that were read lately: the same object each time, whose text is then written once. */
class Lately {
  /** The one that was not read for longest is first. */
  readonly #kept = new Map<CoderTemplate, Whole>();
  #size = 0;

  whole(object: CoderTemplate, source: SourceFiles): CoderTemplate {
    const known = this.#kept.get(object);
    if (known !== undefined) this.#drop(object, known);
    const size = known?.size ?? Object.values(source.files).reduce((sum, text) => sum + text.length, 0);
    const whole = known?.source === source ? known.object : withFiles(object, source);
    if (size < LEAST_KEPT || size > MOST_KEPT) return whole;
    this.#kept.set(object, { source, object: whole, size });
    this.#size += size;
    for (const [other, one] of this.#kept) {
      if (this.#size <= MOST_KEPT) break;
      this.#drop(other, one);
    }
    return whole;
  }

  #drop(object: CoderTemplate, { size }: Whole): void {
    this.#kept.delete(object);
    this.#size -= size;
  }
}

const lately = new Lately();

/**
 * The template with its files: those that are being built to become the active version's, else those of the active
 * version. What is built to be tried, as that of a source is, is nobody's wish yet. Where Coder does not give them it is as it was, and the caller is warned.
 */
export async function withSource(
  resources: Pick<Resources, "overlay">,
  object: CoderTemplate,
  backend: Pick<Backend, "id" | "namespace" | "controlPlane" | "copy">,
  { signal, warn }: Pick<RequestContext, "signal" | "warn">,
): Promise<CoderTemplate> {
  const { copy } = backend;
  const id = object.metadata.uid ?? "";
  const template = copy.template(id);
  if (template === undefined) return object;
  const { change } = resources.overlay(backend, "templates", id);
  const wanted = wantedFiles(change);
  try {
    const source = wanted === undefined ? copy.files(template, signal) : copy.filesOf(wanted.file, signal);
    return lately.whole(object, await source);
  } catch (error) {
    signal.throwIfAborted();
    // Absent files mean "leave them as they are" when the object is written back.
    const why = isNotFoundInCoder(error) ? "Coder does not give them" : "they cannot be read now";
    warn(`spec.files is left out: ${why} (Coder of ${coderName(backend)})`);
    return object;
  }
}
