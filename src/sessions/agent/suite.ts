/**
 * What every engine has to do for sessions in workspaces: one suite, over whatever way there is to a workspace. For tests alone.
 */
import { filesSuite } from "./suite/files.ts";
import { archivesSuite } from "./suite/archives.ts";
import { placesSuite } from "./suite/places.ts";
import { processesSuite } from "./suite/processes.ts";
import { sharedSuite } from "./suite/shared.ts";
import type { Feature, SuiteOptions } from "./suite/types.ts";

export type { Feature, SuiteOptions, SuiteWorkspace } from "./suite/types.ts";

/** Registers the tests of one engine over one way to a workspace. */
export function workspaceSuite(options: SuiteOptions): void {
  const has = (feature: Feature) => !options.without?.includes(feature);
  placesSuite(options);
  processesSuite(options, has);
  filesSuite(options, has);
  if (has("archives")) archivesSuite(options);
  if (has("shared")) sharedSuite(options);
}
