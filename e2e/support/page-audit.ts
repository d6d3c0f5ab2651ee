import type { Page } from "@playwright/test";

/**
 * What is wrong with the page as it stands, in words; an empty list when nothing is:
 *
 * - the page is wider than its window, so that a phone would scroll sideways;
 * - a control that a screen reader could not name, or two elements with one id;
 * - not exactly one h1 (under an open dialog: the dialog has no title);
 * - text whose contrast with what it stands on is under WCAG AA (4.5, or 3 for large text).
 */
export async function auditPage(page: Page): Promise<string[]> {
  // The page's CSP forbids to add scripts; evaluate needs none.
  return page.evaluate(findFaults);
}

/** Runs in the page, so it holds everything it needs. */
function findFaults(): string[] {
  type Rgba = [number, number, number, number];
  const painted = new Map<string, Rgba>();
  const faults: string[] = [];
  const dialog = [...document.querySelectorAll('[role="dialog"]')].at(-1) ?? null;
  const scope: Element = dialog ?? document.body;

  const wider = document.documentElement.scrollWidth - window.innerWidth;
  if (wider > 0) faults.push(`the page is ${wider}px wider than the window: ${widest()}`);
  if (dialog) {
    const box = dialog.getBoundingClientRect();
    if (box.left < 0 || box.right > window.innerWidth) faults.push("the dialog leaves the window");
    if (box.top < 0 || box.bottom > window.innerHeight) faults.push("the dialog leaves the window");
    if (!dialog.getAttribute("aria-labelledby")) faults.push("the dialog has no title");
  } else if (document.querySelectorAll("h1").length !== 1) {
    faults.push(`${document.querySelectorAll("h1").length} h1 on the page`);
  }
  if (!document.querySelector("main")) faults.push("no main landmark");
  if (document.title.trim() === "") faults.push("no title");

  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) {
    faults.push(`two elements have the id ${id}`);
  }
  for (const control of scope.querySelectorAll(
    "button, a[href], input, select, textarea, [role=tab], [role=radio], [role=progressbar]",
  )) {
    if (isVisible(control) && nameOf(control) === "") faults.push(`no name: ${describe(control)}`);
  }
  const walker = document.createTreeWalker(scope, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!element || !node.nodeValue?.trim() || !isVisible(element)) continue;
    if (element.closest("option, :disabled, [aria-disabled=true], [aria-hidden=true], .sr-only"))
      continue;
    const style = getComputedStyle(element);
    const size = Number.parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ground = groundOf(element);
    const ratio = contrast(over(rgba(style.color), ground), ground);
    if (ratio < (isLarge ? 3 : 4.5)) {
      faults.push(`contrast ${ratio.toFixed(2)}: “${node.nodeValue.trim().slice(0, 40)}”`);
    }
  }
  return [...new Set(faults)];

  function isVisible(element: Element): boolean {
    return element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  }

  function describe(element: Element): string {
    return element.outerHTML.slice(0, 120);
  }

  function widest(): string {
    const out = [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 0.5)
      .filter((element) => !element.closest(".overflow-x-auto"));
    return out[0] ? describe(out[0]) : "unknown";
  }

  function nameOf(element: Element): string {
    const labelled = (element.getAttribute("aria-labelledby") ?? "")
      .split(/\s+/)
      .map((id) => (id ? (document.getElementById(id)?.textContent ?? "") : ""))
      .join(" ");
    const labels = "labels" in element ? [...((element.labels as NodeList | null) ?? [])] : [];
    return [
      element.getAttribute("aria-label") ?? "",
      labelled,
      ...labels.map((label) => label.textContent ?? ""),
      element.textContent ?? "",
      element.getAttribute("title") ?? "",
    ]
      .join(" ")
      .trim();
  }

  /** Any CSS colour, oklch too, as the browser would paint it. */
  function rgba(color: string): Rgba {
    const known = painted.get(color);
    if (known) return known;
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (!context) return [0, 0, 0, 0];
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
    painted.set(color, [red, green, blue, alpha / 255]);
    return [red, green, blue, alpha / 255];
  }

  function over(front: Rgba, back: Rgba): Rgba {
    const mix = (at: 0 | 1 | 2) => front[at] * front[3] + back[at] * (1 - front[3]);
    return [mix(0), mix(1), mix(2), 1];
  }

  function groundOf(element: Element): Rgba {
    const behind = element.parentElement ? () => groundOf(element.parentElement as Element) : null;
    const own = rgba(getComputedStyle(element).backgroundColor);
    if (own[3] === 1 || !behind) return own[3] === 1 ? own : [255, 255, 255, 1];
    return own[3] === 0 ? behind() : over(own, behind());
  }

  function contrast(one: Rgba, other: Rgba): number {
    const luminance = ([red, green, blue]: Rgba) => {
      const [r = 0, g = 0, b = 0] = [red, green, blue].map((channel) => {
        const share = channel / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }
}
