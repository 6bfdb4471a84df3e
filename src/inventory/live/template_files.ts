/** Sources of templates: downloaded once for each version, and kept by the id of the file, which never changes. */
import type { CoderClient } from "../../coder/mod.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { Flight } from "../flight.ts";
import { readSourceFiles, type SourceFiles } from "./source_files.ts";

export interface TemplateFilesOptions {
  readonly clock: Clock;
  /** How much is kept, in characters of text. @default {33_554_432} */
  readonly capacity?: number;
  /** How long a failure is remembered, in milliseconds. @default {10_000} */
  readonly failureMs?: number;
}

const MOST_VERSIONS = 4_096;
const MOST_FAILURES = 1_024;

interface Failure {
  readonly error: unknown;
  readonly until: number;
}

interface Download {
  readonly flight: Flight;
  source?: SourceFiles;
}

const NOTHING: SourceFiles = { files: {}, omitted: [] };

export class TemplateFiles {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #failureMs: number;
  /** The id of its file, by version. */
  readonly #fileIds = new Map<string, string>();
  /** By the id of the file; the one that was not used for longest is first. */
  readonly #kept = new Map<string, { readonly source: SourceFiles; readonly size: number }>();
  /** By version. */
  readonly #downloads = new Map<string, Download>();
  readonly #failures = new Map<string, Failure>();
  #size = 0;

  constructor({ clock, capacity = 32 << 20, failureMs = 10_000 }: TemplateFilesOptions) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#failureMs = failureMs;
  }

  /** Characters that are kept. */
  get size(): number {
    return this.#size;
  }

  /** The source of a version. Rejects with what went wrong, or with the reason of `signal`, which ends this wait alone. */
  async of(
    version: string,
    open: (signal: AbortSignal) => Promise<Pick<CoderClient, "templates">>,
    signal: AbortSignal,
  ): Promise<SourceFiles> {
    const known = this.#known(version);
    if (known !== undefined) return known;
    const failure = this.#failures.get(version);
    if (failure !== undefined && this.#clock.now() < failure.until) throw failure.error;
    const download = this.#downloads.get(version) ?? this.#begin(version, open);
    await download.flight.join(signal);
    return download.source ?? NOTHING;
  }

  #begin(
    version: string,
    open: (signal: AbortSignal) => Promise<Pick<CoderClient, "templates">>,
  ): Download {
    const forget = (flight: Flight) => {
      if (this.#downloads.get(version)?.flight === flight) this.#downloads.delete(version);
    };
    const flight: Flight = new Flight(async (self, own) => {
      try {
        // Not before it is on record.
        await Promise.resolve();
        download.source = await this.#download(version, await open(own), own);
      } catch (error) {
        if (!own.aborted) this.#failed(version, error);
        throw error;
      } finally {
        forget(self);
      }
    }, () => forget(flight));
    const download: Download = { flight };
    this.#downloads.set(version, download);
    return download;
  }

  #known(version: string): SourceFiles | undefined {
    const file = this.#fileIds.get(version);
    const kept = file === undefined ? undefined : this.#kept.get(file);
    if (file === undefined || kept === undefined) return undefined;
    this.#kept.delete(file);
    this.#kept.set(file, kept);
    return kept.source;
  }

  async #download(
    version: string,
    { templates }: Pick<CoderClient, "templates">,
    signal: AbortSignal,
  ): Promise<SourceFiles> {
    const file = this.#fileIds.get(version) ?? (await templates.version(version, { signal })).job.file_id;
    if (this.#fileIds.size >= MOST_VERSIONS) this.#fileIds.clear();
    this.#fileIds.set(version, file);
    // Another version may have the same file.
    const kept = this.#kept.get(file);
    if (kept !== undefined) return kept.source;
    const source = readSourceFiles(await templates.file(file, { signal }));
    this.#keep(file, source);
    return source;
  }

  #keep(file: string, source: SourceFiles): void {
    const size = Object.entries(source.files).reduce(
      (sum, [path, text]) => sum + path.length + text.length,
      256,
    );
    if (size > this.#capacity) return;
    this.#kept.set(file, { source, size });
    this.#size += size;
    for (const [other, { size }] of this.#kept) {
      if (this.#size <= this.#capacity) return;
      this.#kept.delete(other);
      this.#size -= size;
    }
  }

  #failed(version: string, error: unknown): void {
    if (this.#failures.size >= MOST_FAILURES) this.#failures.clear();
    this.#failures.set(version, { error, until: this.#clock.now() + this.#failureMs });
  }
}
