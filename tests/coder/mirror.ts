/** A filesystem mirror with the provider `coder/coder`, and the configuration that points Terraform at it. */
import { join } from "node:path";
import { exists, writeWhole } from "../cluster/paths.ts";

/** Terraform's registry, and OpenTofu's: `coder/coder` means the one or the other. */
const REGISTRIES = ["registry.terraform.io", "registry.opentofu.org"] as const;

/** As Go names platforms. */
function platform(): string {
  const arch: Record<string, string> = { x86_64: "amd64", aarch64: "arm64" };
  return `${Deno.build.os}_${arch[Deno.build.arch] ?? Deno.build.arch}`;
}

/** The text of Terraform's configuration: the mirror, and nothing from the network. */
export function terraformConfigText(mirror: string): string {
  return `disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path = ${JSON.stringify(mirror)}
  }
}
`;
}

/**
 * Makes the mirror and the configuration beside it, unless they are there.
 *
 * @param dir where
 * @param provider the provider's program; the mirror links to it
 * @param version of the provider, without "v"
 * @returns the path of the configuration, for `TF_CLI_CONFIG_FILE`
 */
export async function ensureMirror(dir: string, provider: string, version: string): Promise<string> {
  const mirror = join(dir, "mirror");
  for (const registry of REGISTRIES) {
    const home = join(mirror, registry, "coder", "coder", version, platform());
    const file = join(home, `terraform-provider-coder_v${version}`);
    if (await exists(file)) continue;
    await Deno.mkdir(home, { recursive: true });
    await Deno.symlink(provider, file).catch((error: unknown) => {
      // Somebody else was as quick.
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    });
  }
  const config = join(dir, "terraformrc");
  const text = terraformConfigText(mirror);
  if (await exists(config) && await Deno.readTextFile(config) === text) return config;
  await writeWhole(config, text);
  return config;
}
