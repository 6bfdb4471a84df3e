/** What help and completion know of an option besides its schema. */
import { z } from "zod";

/** Headings of `--help`, in order. */
export const GROUPS = [
  "General",
  "Kubernetes",
  "Controllers",
  "Ports",
  "Logging",
  "Aggregated API server",
  "MCP server",
  "Sessions in workspaces",
] as const;

export interface OptionMeta {
  group: (typeof GROUPS)[number];
  /** One or two sentences. */
  help: string;
  /** How help writes the value; absent for booleans, which need none. */
  value?: string;
  /** The words completion offers. */
  choices?: readonly string[];
  /** Completion offers file names. */
  file?: boolean;
  /** Flag may be repeated. */
  repeat?: boolean;
  /** How help writes the default where it is not the schema's own. */
  defaultText?: string;
  /** Never shown in a message. */
  secret?: boolean;
  /** A further environment variable, read where the twin is not set. */
  alias?: string;
}

/** The facts of each option, keyed by its schema. */
export const optionMeta: z.core.$ZodRegistry<OptionMeta> = z.registry<OptionMeta>();
