/** What a target of the compiler is called in names of archives, and in Krew. */
import type { Target } from "../lib/build.ts";

export interface Platform {
  readonly os: "linux" | "darwin";
  readonly arch: "amd64" | "arm64";
}

export function platformOf(target: Target): Platform {
  return {
    os: target.endsWith("-apple-darwin") ? "darwin" : "linux",
    arch: target.startsWith("aarch64") ? "arm64" : "amd64",
  };
}

/** `coder-k8s_1.2.3_linux_amd64.tar.gz` */
export function archiveName(program: string, version: string, { os, arch }: Platform): string {
  return `${program}_${version}_${os}_${arch}.tar.gz`;
}
