import type { Page } from "@playwright/test";

export type DroppedFile = { readonly name: string; readonly text: string };

/** Lets files fall onto an element, as a person does who drags them out of a folder. */
export async function dropFiles(
  page: Page,
  selector: string,
  files: readonly DroppedFile[],
): Promise<void> {
  const dataTransfer = await page.evaluateHandle((dropped) => {
    const transfer = new DataTransfer();
    for (const { name, text } of dropped) transfer.items.add(new File([text], name));
    return transfer;
  }, files);
  for (const type of ["dragenter", "dragover", "drop"]) {
    await page.dispatchEvent(selector, type, { dataTransfer });
  }
}
