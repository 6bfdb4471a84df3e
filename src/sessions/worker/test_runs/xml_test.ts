import assert from "node:assert/strict";
import { pick, seededRandom } from "../../../telemetry/testing/random.ts";
import { type Element, parseXml, XmlError } from "./xml.ts";

const element = (name: string, text = "", children: Element[] = [], attributes = {}): Element => ({
  name,
  attributes,
  children,
  text,
});

Deno.test("elements, attributes and text are read", () => {
  assert.deepEqual(
    parseXml(`<?xml version="1.0" encoding="utf-8"?>\n<a x="1" y:z='"2"'>b<c/>d<c>e</c ></a>\n`),
    element("a", "bd", [element("c"), element("c", "e")], { x: "1", "y:z": '"2"' }),
  );
});

Deno.test("entities and references are characters", () => {
  assert.equal(parseXml("<a>&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;</a>").text, "<>&'\"A😀");
  assert.equal(parseXml('<a b="&amp;amp;&#10;"/>').attributes["b"], "&amp;\n");
  assert.equal(parseXml("<a>&#xD800;</a>").text, "\uFFFD");
});

Deno.test("character data and comments", () => {
  assert.equal(parseXml("<a><![CDATA[<b>&amp;]]]]><!-- <x> & --><![CDATA[>]]></a>").text, "<b>&amp;]]>");
});

Deno.test("names that objects have of themselves are names as others", () => {
  const { attributes } = parseXml('<a __proto__="x" constructor="y"/>');
  assert.equal(Object.getOwnPropertyDescriptor(attributes, "__proto__")?.value, "x");
  assert.equal(Object.getPrototypeOf(attributes), Object.prototype);
  assert.equal(attributes["constructor"], "y");
});

for (
  const [what, text] of Object.entries({
    "a document type": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "an entity bomb": '<!DOCTYPE a [<!ENTITY b "&c;&c;"><!ENTITY c "&b;&b;">]><a>&b;</a>',
    "an external entity": '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    "an unknown entity": "<a>&nbsp;</a>",
    "an & alone": "<a>b & c</a>",
    "a number that is no character": "<a>&#x110000;</a>",
    "nothing": "",
    "text alone": "hello",
    "two roots": "<a/><b/>",
    "text beside the root": "<a/>b",
    "no end": "<a><b></b>",
    "another end": "<a></b>",
    "an end alone": "</a>",
    "an open tag": "<a b='1'",
    "an open value": "<a b='1>",
    "a value without quotes": "<a b=1/>",
    "an open comment": "<a><!-- </a>",
    "open character data": "<a><![CDATA[ </a>",
    "a < alone": "<a> < b</a>",
  })
) {
  Deno.test(`refused: ${what}`, () => {
    assert.throws(() => parseXml(text), XmlError);
  });
}

Deno.test("what is too deep or too much is refused", () => {
  assert.throws(() => parseXml("<a>".repeat(1_000)), /within 64 others/);
  assert.throws(() => parseXml(`<a>${"<b/>".repeat(200_001)}</a>`), /more than 200000 elements/);
});

Deno.test("what is written comes back (seeded)", () => {
  const random = seededRandom(7);
  const characters = ["a", "<", ">", "&", '"', "'", " ", "\n", "ü", "😀", "]]>"];
  const some = () =>
    Array.from({ length: Math.floor(random() * 8) }, () => pick(random, characters)).join("");
  const make = (depth: number): Element => {
    const count = depth === 0 ? 0 : Math.floor(random() * 4);
    const children = Array.from({ length: count }, () => make(depth - 1));
    return element(pick(random, ["a", "b-c", "d:e", "_f"]), some(), children, { g: some(), "h.i": some() });
  };
  const escaped = (text: string) =>
    text.replace(
      /[<>&"']/g,
      (one) => random() < 0.5 ? `&#${one.codePointAt(0)};` : `&#x${one.codePointAt(0)!.toString(16)};`,
    );
  const written = ({ name, attributes, children, text }: Element): string => {
    const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`).join("");
    const inner = random() < 0.5 ? escaped(text) : `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
    return `<${name}${list}>${inner}${children.map(written).join("")}</${name}>`;
  };
  for (let tries = 0; tries < 300; tries++) {
    const wanted = make(3);
    assert.deepEqual(parseXml(written(wanted)), wanted);
  }
});

Deno.test("whatever is damaged is read or refused, and never anything else (seeded)", () => {
  const random = seededRandom(8);
  const whole = '<?xml version="1.0"?><a b="c&amp;"><!-- d --><e>f</e><![CDATA[g]]>&#65;</a>';
  for (let tries = 0; tries < 3_000; tries++) {
    const at = Math.floor(random() * whole.length);
    const text = whole.slice(0, at) + pick(random, ["", "<", ">", "&", "'", '"', "]]>", "\0"]) +
      whole.slice(at + Math.floor(random() * 4));
    try {
      assert.equal(typeof parseXml(text).name, "string");
    } catch (error) {
      assert.ok(error instanceof XmlError, String(error));
    }
  }
});
