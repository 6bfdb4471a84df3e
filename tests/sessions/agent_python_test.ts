/** Sessions by Python in workspaces of the real coderd, through real agents. */
import { pythonEngine } from "../../src/sessions/agent/python_engine.ts";
import { workspaceSuite } from "../../src/sessions/agent/suite.ts";
import { agentWorkspace } from "./agents/rig.ts";

workspaceSuite({
  name: "python through a real agent",
  open: () => agentWorkspace({ engines: [pythonEngine()] }),
});
