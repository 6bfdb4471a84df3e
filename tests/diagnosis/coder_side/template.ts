/** A template whose parameter says what goes wrong in a workspace of it. */
import { agentRunner, type TemplateFiles } from "../../coder/mod.ts";

/** `none`: an agent connects. */
export const TROUBLES = ["none", "broken", "slow", "absent", "script"] as const;
export type Trouble = (typeof TROUBLES)[number];

/** How long an agent may take to connect, in seconds. */
const CONNECT_SECONDS = 10;

/** The agent is a real one, started on this machine. */
export function troubleTemplate(): TemplateFiles {
  return {
    "main.tf": `terraform {
  required_providers {
    coder = {
      source = "coder/coder"
    }
  }
}

data "coder_workspace" "me" {}

data "coder_provisioner" "me" {}

data "coder_parameter" "trouble" {
  name    = "trouble"
  type    = "string"
  default = "none"
  mutable = true
}

locals {
  trouble = data.coder_parameter.trouble.value
  starts  = data.coder_workspace.me.start_count
}

resource "coder_agent" "main" {
  arch               = data.coder_provisioner.me.arch
  os                 = data.coder_provisioner.me.os
  connection_timeout = ${CONNECT_SECONDS}
}

resource "coder_script" "install" {
  count        = local.trouble == "script" ? 1 : 0
  agent_id     = coder_agent.main.id
  display_name = "Install"
  run_on_start = true
  script       = "echo 'E: Unable to locate package gcc-99' >&2; exit 100"
}

resource "terraform_data" "region" {
  input = "region"

  lifecycle {
    precondition {
      condition     = local.trouble != "broken"
      error_message = "There is no region eu-9."
    }
  }
}

resource "terraform_data" "machine" {
  count = local.starts
  input = coder_agent.main.id
}

resource "terraform_data" "disk" {
  count = local.trouble == "slow" ? local.starts : 0

  provisioner "local-exec" {
    command = "sleep 120"
  }
}

${agentRunner('contains(["none", "script"], local.trouble) ? local.starts : 0')}`,
  };
}

/** One without an agent that asks for the value of a variable. */
export function variableTemplate(): TemplateFiles {
  return {
    "main.tf": `variable "region" {
  type        = string
  description = "Where workspaces are."
}

resource "terraform_data" "workspace" {
  input = var.region
}
`,
  };
}
