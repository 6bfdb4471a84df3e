/** The import rules: the table of rooms in docs/architecture.md, read, and held against every import. */

/** A room and the rooms it may import. */
export type Rooms = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Reads the table whose rows begin with a room's path in backticks and whose last column lists what it may import:
 * room names, `all`, `–`. Packages are not rooms and are not listed.
 */
export function readRooms(markdown: string): Rooms {
  const rooms = new Map<string, Set<string>>();
  for (const line of markdown.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    if (cells.length < 5) continue;
    const names = [...(cells[1] ?? "").matchAll(/`(?:src\/)?([a-z]+)(?:\/|\.ts)`/g)].map((match) =>
      match[1] ?? ""
    );
    const doors = cells.at(-2) ?? "";
    for (const name of names) {
      rooms.set(name, new Set(doors === "–" ? [] : doors.split(",").map((door) => door.trim())));
    }
  }
  return rooms;
}

/** The module specifiers that a TypeScript file imports, static, dynamic and re-exported. */
export function importsOf(source: string): string[] {
  const patterns = [
    /^\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"/gm,
    /^\s*import\s+"([^"]+)"/gm,
    /\bimport\(\s*"([^"]+)"\s*\)/g,
  ];
  return patterns.flatMap((pattern) => [...source.matchAll(pattern)].map((match) => match[1] ?? ""));
}

/** The room a source file is in: `src/kube/x.ts` → `kube`, `main.ts` → `main`, tests and scripts → undefined. */
export function roomOf(path: string): string | undefined {
  if (path === "main.ts") return "main";
  return /^src\/([a-z]+)\//.exec(path)?.[1];
}

/** Every import of `path` that goes through a door that is not in the table, said in words. */
export function wrongDoors(path: string, source: string, rooms: Rooms): string[] {
  const room = roomOf(path);
  const wrong: string[] = [];
  for (const specifier of importsOf(source)) {
    if (/^(jsr:|https?:)/.test(specifier)) wrong.push(`${path}: "${specifier}" is not from the npm registry`);
    if (room === undefined || !specifier.startsWith(".")) continue;
    const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
    const other = roomOf(target);
    if (other === room) continue;
    const doors = rooms.get(room);
    if (doors === undefined) wrong.push(`${path}: the room "${room}" is not in docs/architecture.md`);
    else if (target.startsWith("tests/") && path.endsWith("_test.ts")) continue;
    else if (other === undefined) wrong.push(`${path}: imports ${target}, which is no room`);
    else if (!doors.has("all") && !doors.has(other)) {
      wrong.push(`${path}: ${room} may not import ${other} (${target})`);
    }
  }
  return wrong;
}
