/** Who changed what in Coder: one entry for every action that may have changed something, and for every refusal. */

/** One call to Coder that was made. */
export interface AuditCall {
  /** Such as `stop build`, `set ttl`. */
  readonly call: string;
  /** `ok`, or what went wrong. */
  readonly result: string;
}

interface Told {
  readonly at: Date;
  /** The human on whose behalf it was done. */
  readonly by: string;
  /** Such as `create workspace`, `continue wish`, `promote version`. */
  readonly action: string;
  /** What was asked for, without secrets: values of parameters and variables, and contents, are left out. */
  readonly changes: Readonly<Record<string, unknown>>;
  readonly calls: readonly AuditCall[];
  /** `unknown`: Coder's answer was lost, and Coder could not be asked. */
  readonly result: "done" | "accepted" | "refused" | "unknown";
  /** What came of it, in words. */
  readonly message: string;
}

export interface AuditEntry extends Told {
  readonly workspace: { readonly id?: string | undefined; readonly owner: string; readonly name: string };
}

export interface TemplateAuditEntry extends Told {
  readonly template: {
    readonly id?: string | undefined;
    readonly organization: string;
    readonly name: string;
  };
}

/** Takes entries. Must not throw. */
export interface AuditSink {
  write(entry: AuditEntry): void;
}

/** For tests and for those who want none. */
export const noAudit: AuditSink = { write() {} };
