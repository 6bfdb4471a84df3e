/** What of Debian is in an image. */
import type { Component } from "./cyclonedx.ts";

/** Installed packages, from the text of dpkg's status (or of the pieces in `status.d` that distroless images have). */
export function debianComponents(status: string, release: string): Component[] {
  return status.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}: (.+)$`, "m").exec(stanza)?.[1]?.trim();
    const [name, version, architecture] = [field("Package"), field("Version"), field("Architecture")];
    if (name === undefined || version === undefined) return [];
    if (!(field("Status") ?? "ok installed").endsWith("ok installed")) return [];
    const qualifiers = [`arch=${architecture ?? "all"}`, `distro=debian-${release}`].join("&");
    const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${qualifiers}`;
    return [{ type: "library", name, version, purl } as const];
  }).toSorted((a, b) => a.name < b.name ? -1 : 1);
}
