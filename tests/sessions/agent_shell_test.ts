/** Sessions by a shell alone, in workspaces of the real coderd, through real agents. */
import { shellEngine } from "../../src/sessions/agent/shell/mod.ts";
import { workspaceSuite } from "../../src/sessions/agent/suite.ts";
import { agentWorkspace } from "./agents/rig.ts";

workspaceSuite({
  name: "shell through a real agent",
  open: () => agentWorkspace({ engines: [shellEngine()] }),
  // Memory and CPU time are not kept by shells.
  without: ["usage"],
});
