import { S3Error } from "./s3-error";

/** One element to write: text, children, or nothing. Arrays repeat the element. */
export type XmlValue = string | number | boolean | XmlFields | readonly XmlValue[] | undefined;
export type XmlFields = { readonly [name: string]: XmlValue };

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
const namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

/** A whole document in S3's namespace. Fields are written in their order; undefined ones are left out. */
export function writeXml(root: string, fields: XmlFields | string): string {
  const inner = typeof fields === "string" ? escapeText(fields) : writeFields(fields);
  return `${declaration}<${root} xmlns="${namespace}">${inner}</${root}>`;
}

/** S3 writes errors without a namespace. */
export function writeErrorXml(fields: XmlFields): string {
  return `${declaration}<Error>${writeFields(fields)}</Error>`;
}

function writeFields(fields: XmlFields): string {
  return Object.entries(fields)
    .map(([name, value]) => writeElement(name, value))
    .join("");
}

function writeElement(name: string, value: XmlValue): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((item: XmlValue) => writeElement(name, item)).join("");
  const inner =
    typeof value === "object" ? writeFields(value as XmlFields) : escapeText(`${value}`);
  return `<${name}>${inner}</${name}>`;
}

/** Control characters become references, as S3 writes them; clients that mind ask for encoding-type=url. */
function escapeText(text: string): string {
  return text.replace(/[&<>"'\p{Cc}\uFFFE\uFFFF]/gu, (character) => {
    const named = entities[character];
    if (named !== undefined) return named;
    return `&#x${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()};`;
  });
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
const characters: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

export type XmlElement = {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
};

const depthMax = 8;
const token =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)|</g;

/**
 * Reads the few small documents that S3 requests hold. Attributes and namespace prefixes are
 * passed over. A document type is refused, and with it every entity but the five of XML itself.
 * Fails with MalformedXML. The caller bounds the size.
 */
export function parseXml(source: string): XmlElement {
  const root: XmlElement = { name: "", text: "", children: [] };
  const open: XmlElement[] = [root];
  for (const match of source.replace(/^\uFEFF/, "").matchAll(token)) {
    const [whole, cdata, closing, name, , selfClosing, text] = match;
    const parent = open.at(-1);
    if (parent === undefined || whole === "<") throw malformed();
    if (cdata !== undefined) parent.text += cdata;
    else if (text !== undefined) parent.text += unescapeText(text);
    else if (name !== undefined) {
      const local = name.slice(name.indexOf(":") + 1);
      if (closing === "/") {
        if (parent.name !== local || open.length === 1) throw malformed();
        open.pop();
        continue;
      }
      const element: XmlElement = { name: local, text: "", children: [] };
      parent.children.push(element);
      if (selfClosing !== "/") open.push(element);
      if (open.length > depthMax) throw malformed();
    }
  }
  const [document, ...others] = root.children;
  if (open.length !== 1 || document === undefined || others.length > 0) throw malformed();
  if (root.text.trim() !== "") throw malformed();
  return document;
}

function unescapeText(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{1,8}))?;?/g, (whole, ...groups) => {
    const [decimal, hexadecimal, name] = groups as (string | undefined)[];
    if (!whole.endsWith(";")) throw malformed();
    if (name !== undefined) {
      const character = characters[name];
      if (character === undefined) throw malformed();
      return character;
    }
    const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal ?? "", 16);
    if (!(code >= 0 && code <= 0x10ffff)) throw malformed();
    return String.fromCodePoint(code);
  });
}

export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text.trim();
}

/** Keys may begin or end with white space, so theirs is not trimmed. */
export function childTextExact(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

export const malformed = () =>
  new S3Error("MalformedXML", "The XML is not well-formed or does not match the schema");
