/** Files of a large template: lines of Terraform, each file other than the others. Pure. */

const FILE_BYTES = 100_000;

/** Path to text, of about so many bytes of text together. */
export function largeFiles(bytes: number): Record<string, string> {
  const files: Record<string, string> = {};
  for (let left = bytes, file = 0; left > 0; left -= FILE_BYTES, file++) {
    files[`modules/part-${String(file).padStart(3, "0")}/main.tf`] = fileOf(file, Math.min(left, FILE_BYTES));
  }
  return files;
}

function fileOf(file: number, bytes: number): string {
  const blocks: string[] = [];
  for (let size = 0, block = 0; size < bytes; block++) {
    const name = `part_${file}_${block}`;
    const text =
      `resource "docker_container" "${name}" {\n  image    = "registry.example.com/${name}:v1.${block}"\n` +
      `  hostname = lower(data.coder_workspace.me.name)\n  env      = ["TOKEN=\${coder_agent.main.token}", "N=${
        (file * 7919 + block * 104_729) % 1_000_003
      }"]\n}\n\n`;
    blocks.push(text);
    size += text.length;
  }
  return blocks.join("").slice(0, bytes);
}
