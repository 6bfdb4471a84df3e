/** What a watcher has been told, put together: events in, what is shown out. Pure. */
import { type Rows, type Section, SECTIONS, type WatchEvent } from "./types.ts";

export interface SectionState<S extends Section = Section> {
  readonly rows: ReadonlyMap<string, Rows[S]>;
  /** All rows were told once. */
  readonly isComplete: boolean;
  readonly problem: string;
}

export interface Shown {
  /** Absent before the first `hello`. */
  readonly hello?: Omit<Extract<WatchEvent, { kind: "hello" }>, "kind"> | undefined;
  readonly sections: { readonly [S in Section]: SectionState<S> };
  /** Why the other side ended it; empty: it did not. */
  readonly ended: string;
}

const EMPTY = { rows: new Map<string, never>(), isComplete: false, problem: "" };

/** Before anything was told. */
export const NOTHING: Shown = {
  sections: Object.fromEntries(SECTIONS.map((section) => [section, EMPTY])) as unknown as Shown["sections"],
  ended: "",
};

/** What is shown after an event. A `hello` begins anew; a section's old rows stay until its first ones come. */
export function shownAfter(shown: Shown, event: WatchEvent): Shown {
  switch (event.kind) {
    case "hello": {
      const { kind: _, ...hello } = event;
      const sections = { ...shown.sections };
      for (const section of SECTIONS) {
        const before = sections[section];
        const next = hello.sections.includes(section) ? { ...before, isComplete: false, problem: "" } : EMPTY;
        Object.assign(sections, { [section]: next });
      }
      return { hello, sections, ended: "" };
    }
    case "rows": {
      const { section, rows, removed, reset, complete } = event;
      const before = shown.sections[section];
      const next = new Map<string, Rows[Section]>(reset === true ? [] : before.rows);
      for (const id of removed) next.delete(id);
      for (const row of rows) next.set(row.id, row);
      const isComplete = complete === true || (before.isComplete && reset !== true);
      return { ...shown, sections: { ...shown.sections, [section]: { ...before, rows: next, isComplete } } };
    }
    case "problem": {
      const { section, message } = event;
      const before = shown.sections[section];
      return { ...shown, sections: { ...shown.sections, [section]: { ...before, problem: message } } };
    }
    case "end":
      return { ...shown, ended: event.message };
  }
}
