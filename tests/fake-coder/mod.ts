/** The fake Coder server; README.md says what it is and is not. */
export { type FakeCoder, type FakeCoderOptions, type LoggedRequest, startFakeCoder } from "./fake_coder.ts";
export { type Fault, type FaultAction, type FaultMatch, htmlPage, tooManyRequests } from "./faults.ts";
export { databaseAway401, refuse, type Reply } from "./reply.ts";
export { beginBuild, endBuild, pickUpBuild } from "./life.ts";
export { addLogLine } from "./routes/builds.ts";
export { fakeLicense, FEATURES, type LicenseWords } from "./routes/licenses.ts";
export { addOrganization } from "./routes/organizations.ts";
export { addDaemon, addJob } from "./routes/provisioners.ts";
export { beginImport, endImport } from "./routes/template_changes.ts";
export { addTemplate, addVersion } from "./routes/templates.ts";
export { addWorkspace } from "./routes/workspaces.ts";
export type { FakeCoderSettings } from "./settings.ts";
export { type FakeKey, type FakeState, type FakeUser, WEEK_SECONDS } from "./state.ts";
