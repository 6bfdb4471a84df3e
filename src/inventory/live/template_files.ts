/** Sources of templates: downloaded once for each version, and kept by the id of the file, which never changes. */
import type { CoderClient } from "../../coder/mod.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { Flight } from "../flight.ts";
import { readSourceFiles, type SourceFiles } from "../../archive/mod.ts";

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

type Client = Pick<CoderClient, "templates">;
/** The way to Coder. */
type Open = (signal: AbortSignal) => Promise<Client>;

const NOTHING: SourceFiles = { files: {}, omitted: [] };

export class TemplateFiles {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #failureMs: number;
  /** The id of its file, by version. */
  readonly #fileIds = new Map<string, string>();
  /** By the id of the file; the one that was not used for longest is first. */
  readonly #kept = new Map<string, { readonly source: SourceFiles; readonly size: number }>();
  /** By the id of the version, or of the file where that was asked for. */
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
  async of(version: string, open: Open, signal: AbortSignal): Promise<SourceFiles> {
    const file = this.#fileIds.get(version);
    const known = file === undefined ? undefined : this.#known(file);
    return known ?? await this.#downloaded(version, (client, own) => this.#version(version, client, own), {
      open,
      signal,
    });
  }

  /** As {@linkcode of}, of what was uploaded, be it of any version or not. */
  async ofFile(file: string, open: Open, signal: AbortSignal): Promise<SourceFiles> {
    return this.#known(file) ??
      await this.#downloaded(file, (client, own) => this.#file(file, client, own), { open, signal });
  }

  async #downloaded(
    id: string,
    download: (client: Client, signal: AbortSignal) => Promise<SourceFiles>,
    { open, signal }: { readonly open: Open; readonly signal: AbortSignal },
  ): Promise<SourceFiles> {
    const failure = this.#failures.get(id);
    if (failure !== undefined && this.#clock.now() < failure.until) throw failure.error;
    const begun = this.#downloads.get(id) ??
      this.#begin(id, async (own) => await download(await open(own), own));
    await begun.flight.join(signal);
    return begun.source ?? NOTHING;
  }

  #begin(id: string, read: (signal: AbortSignal) => Promise<SourceFiles>): Download {
    const forget = (flight: Flight) => {
      if (this.#downloads.get(id)?.flight === flight) this.#downloads.delete(id);
    };
    const flight: Flight = new Flight(async (self, own) => {
      try {
        // Not before it is on record.
        await Promise.resolve();
        download.source = await read(own);
      } catch (error) {
        if (!own.aborted) this.#failed(id, error);
        throw error;
      } finally {
        forget(self);
      }
    }, () => forget(flight));
    const download: Download = { flight };
    this.#downloads.set(id, download);
    return download;
  }

  #known(file: string): SourceFiles | undefined {
    const kept = this.#kept.get(file);
    if (kept === undefined) return undefined;
    this.#kept.delete(file);
    this.#kept.set(file, kept);
    return kept.source;
  }

  async #version(version: string, client: Client, signal: AbortSignal): Promise<SourceFiles> {
    const file = this.#fileIds.get(version) ??
      (await client.templates.version(version, { signal })).job.file_id;
    if (this.#fileIds.size >= MOST_VERSIONS) this.#fileIds.clear();
    this.#fileIds.set(version, file);
    // Another version may have the same file.
    return this.#known(file) ?? await this.#file(file, client, signal);
  }

  async #file(file: string, { templates }: Client, signal: AbortSignal): Promise<SourceFiles> {
    const source = readSourceFiles(await templates.file(file, { signal }));
    this.#keep(file, source);
    return source;
  }

  #keep(file: string, source: SourceFiles): void {
    // Two versions of one file may have been asked for at once.
    if (this.#kept.has(file)) return;
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

  #failed(id: string, error: unknown): void {
    if (this.#failures.size >= MOST_FAILURES) this.#failures.clear();
    this.#failures.set(id, { error, until: this.#clock.now() + this.#failureMs });
  }
}
