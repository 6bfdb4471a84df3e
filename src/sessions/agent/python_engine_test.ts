/** The suite by Python, over pseudo-terminals of this machine, and without a terminal in between. */
import { createAgentHost } from "./host.ts";
import { createLocalAgentHost } from "./local.ts";
import { pythonEngine } from "./python_engine.ts";
import { workspaceSuite } from "./suite.ts";
import { localTerminals } from "./testing.ts";
import type { SandboxHost } from "../sandbox/types.ts";
import { onTerminals } from "./testing/hosts.ts";

workspaceSuite({
  name: "python over terminals",
  open: async () => {
    const terminals = await localTerminals();
    const hosts: SandboxHost[] = [];
    return {
      home: terminals.home,
      host: () => {
        const host = createAgentHost({ access: onTerminals(terminals), engines: [pythonEngine()] });
        hosts.push(host);
        return host;
      },
      async [Symbol.asyncDispose]() {
        for (const host of hosts) await host.close();
        await terminals[Symbol.asyncDispose]();
      },
    };
  },
});

workspaceSuite({
  name: "python within the workspace",
  open: async () => {
    const home = await Deno.realPath(await Deno.makeTempDir({ prefix: "workspace-" }));
    const hosts: SandboxHost[] = [];
    return {
      home,
      host: () => {
        const host = createLocalAgentHost({
          directory: home,
          engines: [pythonEngine()],
          withoutVariables: ["TERM"],
          variables: { HOME: home },
        });
        hosts.push(host);
        return host;
      },
      async [Symbol.asyncDispose]() {
        for (const host of hosts) await host.close();
        await Deno.remove(home, { recursive: true });
      },
    };
  },
});
