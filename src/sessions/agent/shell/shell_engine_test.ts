/** The suite of sessions in workspaces, by shells of all kinds, over real pseudo-terminals. */
import { createAgentHost } from "../host.ts";
import { type SuiteWorkspace, workspaceSuite } from "../suite.ts";
import { localTerminals } from "../testing.ts";
import { onTerminals } from "../testing/hosts.ts";
import { type Kind, KINDS, toolsOf } from "../../../../tests/sessions/agents/shells.ts";
import { shellEngine } from "./mod.ts";

async function open(kind: Kind): Promise<SuiteWorkspace> {
  const tools = await toolsOf(kind);
  const terminals = await localTerminals({ path: tools.path, shell: tools.shell });
  const hosts: ReturnType<typeof createAgentHost>[] = [];
  return {
    home: terminals.home,
    host() {
      const host = createAgentHost({ access: onTerminals(terminals), engines: [shellEngine()] });
      hosts.push(host);
      return host;
    },
    async [Symbol.asyncDispose]() {
      for (const host of hosts) await host.close();
      await terminals[Symbol.asyncDispose]();
      await tools[Symbol.asyncDispose]();
    },
  };
}

for (const kind of KINDS) {
  // Memory and CPU time are not kept by shells, and what has ended is not counted.
  workspaceSuite({ name: `shell (${kind})`, open: () => open(kind), without: ["usage"] });
}
