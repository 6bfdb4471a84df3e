/** Templates for tests: the files of one, ready for `createTemplate`. */

/** Files of a template, path → text. */
export type TemplateFiles = Record<string, string>;

/** A workspace of one built-in resource: no provider, no agent, built in about a second. */
export function plainTemplate(options: { seconds?: number } = {}): TemplateFiles {
  const slow = options.seconds === undefined ? "" : `
  provisioner "local-exec" {
    command = "sleep ${options.seconds}"
  }`;
  return {
    "main.tf": `resource "terraform_data" "workspace" {
  input = "workspace"${slow}
}
`,
  };
}

/** A template that cannot be imported. */
export function brokenTemplate(): TemplateFiles {
  return { "main.tf": 'resource "no_such_resource" "workspace" {\n' };
}

/** How a workspace with an agent shall be. */
export interface AgentTemplateOptions {
  /** Version of the provider `coder/coder`. @default whichever the mirror has */
  providerVersion?: string;
  /** More Terraform: parameters, apps, scripts, other resources. The agent is `coder_agent.main`. @default none */
  more?: string;
}

/**
 * Terraform that runs the real agent of `coder_agent.main`: started by every build that starts the workspace, ended by its
 * stop. Needs `data.coder_workspace.me`.
 *
 * @param count of such agents, as Terraform has it
 */
export function agentRunner(count = "data.coder_workspace.me.start_count"): string {
  return `resource "terraform_data" "agent" {
  count            = ${count}
  input            = "agent-\${data.coder_workspace.me.id}"
  triggers_replace = [coder_agent.main.token, plantimestamp()]

  provisioner "local-exec" {
    command = "workspace-agent start \${self.input}"
    environment = {
      CODER_AGENT_URL   = data.coder_workspace.me.access_url
      CODER_AGENT_TOKEN = coder_agent.main.token
    }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "workspace-agent stop \${self.input}"
  }
}
`;
}

/** A workspace with a real agent, which a stop of the workspace ends; the process is started anew by every build. */
export function agentTemplate(options: AgentTemplateOptions = {}): TemplateFiles {
  const version = options.providerVersion === undefined
    ? ""
    : `\n      version = "${options.providerVersion}"`;
  return {
    "main.tf": `terraform {
  required_providers {
    coder = {
      source = "coder/coder"${version}
    }
  }
}

data "coder_workspace" "me" {}

resource "coder_agent" "main" {
  arch = data.coder_provisioner.me.arch
  os   = data.coder_provisioner.me.os
}

data "coder_provisioner" "me" {}

${agentRunner()}${options.more ?? ""}`,
  };
}
