/** Label selectors in their text form, evaluated here so that a write's result that a watch would not show is not shown. */

type Labels = Readonly<Record<string, string>>;
type Test = (labels: Labels) => boolean;

/**
 * A test for labels against a selector such as `app=coder,tier in (a,b),!legacy`. Undefined or empty matches all.
 * Throws a `SyntaxError` for what the API server would refuse too.
 */
export function labelMatcher(selector: string | undefined): Test {
  const tests = requirements(selector ?? "").map(requirementTest);
  return (labels) => tests.every((test) => test(labels));
}

/** Splits at the commas that are not inside parentheses. */
function requirements(selector: string): string[] {
  return selector.split(/,(?![^(]*\))/).map((part) => part.trim()).filter((part) => part !== "");
}

function requirementTest(text: string): Test {
  const set = /^([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set(list.split(",").map((value) => value.trim()));
    return operator === "in"
      ? (labels) => labels[key] !== undefined && values.has(labels[key])
      : (labels) => labels[key] === undefined || !values.has(labels[key]);
  }
  const equality = /^([^\s!=,()]+)\s*(!=|==|=)\s*([^\s!=,()]*)$/.exec(text);
  if (equality !== null) {
    const [, key = "", operator, value = ""] = equality;
    return operator === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const existence = /^(!?)\s*([^\s!=,()]+)$/.exec(text);
  if (existence !== null) {
    const [, not, key = ""] = existence;
    return not === "!" ? (labels) => labels[key] === undefined : (labels) => labels[key] !== undefined;
  }
  throw new SyntaxError(
    `Cannot read ${
      JSON.stringify(text)
    } as a label requirement: write key=value, key!=value, key in (a,b), ` +
      "key notin (a,b), key or !key.",
  );
}
