# A workspace whose agent starts a worker of sandbox sessions: AI clients work in it, with its files and programs.
# What runs the agent (a pod, a container, a machine) is yours to add: see README.md.

terraform {
  required_providers {
    coder = {
      source  = "coder/coder"
      version = ">= 2.0.0"
    }
  }
}

variable "coordinator" {
  type        = string
  description = "Where workers dial the coordinator, such as https://coordinator.example.com:50050."
}

variable "worker_program" {
  type        = string
  default     = "coder-k8s"
  description = "The program in the workspace's image: a name on the PATH, or a path."
}

variable "worker_download_url" {
  type        = string
  default     = ""
  description = "Where the program is downloaded from, as one executable file, where the image has none."
}

variable "worker_flags" {
  type        = string
  default     = ""
  description = "More flags of the worker, such as --capacity=4 or --ca-file=/etc/ssl/coordinator.pem."
}

variable "session_token_file" {
  type        = string
  default     = ""
  description = "A file in the workspace that has data.coder_workspace_owner.me.session_token. Empty: the script has it."
}

locals {
  session_token = (var.session_token_file == ""
    ? "CODER_WORKSPACE_OWNER_SESSION_TOKEN='${data.coder_workspace_owner.me.session_token}'"
  : "CODER_K8S_WORKER_CODER_TOKEN_FILE='${var.session_token_file}'")
}

data "coder_provisioner" "me" {}
data "coder_workspace" "me" {}
data "coder_workspace_owner" "me" {}

resource "coder_agent" "main" {
  arch = data.coder_provisioner.me.arch
  os   = data.coder_provisioner.me.os
}

resource "coder_script" "sandbox_worker" {
  agent_id     = coder_agent.main.id
  display_name = "Sandbox worker"
  run_on_start = true
  timeout      = 300

  # The session token is the owner's, for as long as the workspace runs; nothing else of the workspace gets it. With it the
  # coordinator asks Coder whose workspace this is, and gives the worker a token that is good for this workspace alone.
  script = <<-EOT
    set -eu
    state="$HOME/.coder-k8s"
    mkdir -p "$state"
    chmod 700 "$state"

    program='${var.worker_program}'
    if ! command -v "$program" >/dev/null 2>&1; then
      url='${var.worker_download_url}'
      if [ -z "$url" ]; then
        echo "There is no $program in this workspace: put it into the image, or set worker_download_url." >&2
        exit 1
      fi
      program="$state/coder-k8s"
      if command -v curl >/dev/null 2>&1; then
        curl -fsSL --retry 3 -o "$program.new" "$url"
      else
        wget -q -O "$program.new" "$url"
      fi
      chmod 700 "$program.new"
      mv "$program.new" "$program"
    fi

    # It ends by itself when it is told to; after a failure it is tried again.
    (
      export CODER_WORKSPACE_ID='${data.coder_workspace.me.id}'
      export ${local.session_token}
      until "$program" worker --in-workspace --coordinator='${var.coordinator}' ${var.worker_flags}; do
        sleep 10
      done
    ) >"$state/worker.log" 2>&1 </dev/null &
    echo "The worker has been started; its log is $state/worker.log"
  EOT
}
