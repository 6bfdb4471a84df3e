/** Where the records of tests are shown. For tests alone. */
import type { Place } from "./metadata.ts";

export { agent, build, template, uuid, workspace } from "../../inventory/testing/records.ts";

export const PLACE: Place = {
  namespace: "team-a",
  name: "acme.alice.dev",
  controlPlane: { namespace: "team-a", name: "coder" },
  addresses: { access: "https://coder.example.com", apps: "*.apps.example.com" },
};
