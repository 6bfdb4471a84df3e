/** Templates whose builds go on until they are let go, so that no machine is too slow to see them under way. */

/** A workspace whose start, and whose deletion, waits for a file. */
export function gatedTemplate(gates: { readonly start?: string; readonly delete?: string }) {
  return {
    "main.tf": `resource "terraform_data" "workspace" {${waiting(gates.start)}${
      waiting(gates.delete, "\n    when    = destroy")
    }
}
`,
  };
}

function waiting(gate: string | undefined, when = ""): string {
  return gate === undefined ? "" : `
  provisioner "local-exec" {${when}
    command = "until [ -e ${gate} ]; do sleep 0.2; done"
  }`;
}
