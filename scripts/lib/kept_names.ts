/**
 * Names that minified code keeps. The bundler gives every function its name back by defining the property anew, which
 * costs each about 300 bytes and, where functions are made over and over, time. Only names of classes matter to a
 * program: packages look at `constructor.name`.
 */
import { join } from "node:path";

/** What the bundler gives names with, minified: `n=(f,s)=>d(f,"name",{value:s,configurable:!0})`. */
const HELPER =
  /=\((?<target>[\w$]+),(?<name>[\w$]+)\)=>(?<define>[\w$]+)\(\k<target>,"name",\{value:\k<name>,configurable:!0\}\)/g;

/** Code of the last character that no function's name begins with, by custom; classes' begin with one before it. */
const BEFORE_LOWERCASE = 96;

/** The same text, in which only what begins with a capital (or `_`, `$`) gets its name back. */
export function nameClassesAlone(text: string): string {
  return text.replace(
    HELPER,
    (helper, target, name) => helper.replace("=>", `=>${name}.charCodeAt(0)>${BEFORE_LOWERCASE}?${target}:`),
  );
}

/** {@linkcode nameClassesAlone} for what `bundle` wrote into a folder. */
export async function nameClassesIn(folder: string): Promise<void> {
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || !name.endsWith(".js")) continue;
    const text = await Deno.readTextFile(join(folder, name));
    const named = nameClassesAlone(text);
    if (named !== text) await Deno.writeTextFile(join(folder, name), named);
  }
}
