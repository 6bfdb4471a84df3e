/** A workspace of the real coderd with a real agent, and hosts of sessions in it. */
import { createCoderClient, createTransport } from "../../../src/coder/mod.ts";
import type { AgentEngine } from "../../../src/sessions/agent/engine.ts";
import { createAgentHost } from "../../../src/sessions/agent/host.ts";
import type { SuiteWorkspace } from "../../../src/sessions/agent/suite.ts";
import { SOMEWHERE } from "../../../src/sessions/agent/testing/hosts.ts";
import type { AgentAccess } from "../../../src/sessions/agent/types.ts";
import type { SandboxHost } from "../../../src/sessions/sandbox/types.ts";
import { agentTemplate, type Coderd, sharedCoderd } from "../../coder/mod.ts";

export interface AgentWorkspace extends SuiteWorkspace {
  readonly coderd: Coderd;
  readonly id: string;
  /** `owner/name`, for `coder ssh`. */
  readonly name: string;
  /** How many terminals were opened. */
  readonly terminals: { opened: number };
  /** A way to the agent that the workspace has now. */
  access(): Promise<AgentAccess>;
}

export interface AgentWorkspaceOptions {
  readonly engines: readonly AgentEngine[];
  /** @default the shared one */
  readonly coderd?: Coderd | undefined;
}

export async function agentWorkspace(options: AgentWorkspaceOptions): Promise<AgentWorkspace> {
  const coderd = options.coderd ?? await sharedCoderd();
  const { token } = await coderd.firstUser();
  const template = await coderd.createTemplate({ files: agentTemplate() });
  const workspace = await coderd.createWorkspace({ template });
  const transport = createTransport({ url: coderd.url });
  const client = createCoderClient({ transport, token });
  const terminals = { opened: 0 };
  const hosts: SandboxHost[] = [];
  const access = async (): Promise<AgentAccess> => {
    const [agent] = await coderd.waitForAgents(workspace.id);
    return {
      place: { ...SOMEWHERE, workspaceId: workspace.id },
      terminal: (command, signal) => {
        terminals.opened++;
        return client.terminals.open({ agentId: agent.id, command }, signal);
      },
    };
  };
  const first = await access();
  const home = await homeOf(first);
  return {
    coderd,
    id: workspace.id,
    name: `${workspace.owner_name}/${workspace.name}`,
    terminals,
    home,
    access,
    host() {
      const host = createAgentHost({ access: () => first, engines: options.engines });
      hosts.push(host);
      return host;
    },
    async [Symbol.asyncDispose]() {
      for (const host of hosts) await host.close();
      transport.close();
      await coderd.buildWorkspace(workspace.id, "delete");
    },
  };
}

async function homeOf({ terminal }: AgentAccess): Promise<string> {
  const pwd = await terminal("pwd", AbortSignal.timeout(120_000));
  const pieces = await Array.fromAsync(pwd.output);
  return new TextDecoder().decode(await new Blob(pieces as BlobPart[]).arrayBuffer()).trim();
}
