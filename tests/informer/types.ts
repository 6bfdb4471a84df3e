/** What all informers of these tests tell, whoever wrote them. */
import type { KubeObject } from "../../src/api/object.ts";

/** What one informer follows. */
export interface InformerSpec {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** @default all */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** What an informer has in its store, and what it has met. */
export interface InformerReport {
  readonly name: string;
  readonly synced: boolean;
  /** The newest version that it knows. */
  readonly version: string;
  /** What must not have been: versions that go back, events that do not follow from those before. */
  readonly mistakes: readonly string[];
  /** Lists, watches, bookmarks, errors, and what handlers were told. */
  readonly counts: Readonly<Record<string, number>>;
  readonly objects: readonly KubeObject[];
}

/** What an informer failed at; it went on by itself. */
export interface InformerError {
  readonly informer: string;
  readonly text: string;
  /** Of the `Status`, where there was one. */
  readonly reason?: string;
  readonly code?: number;
}

/** Several informers that run; disposing of them ends them. */
export interface Informers extends AsyncDisposable {
  readonly errors: readonly InformerError[];
  report(): Promise<InformerReport[]>;
}
