import { expect, test } from "vitest";
import { mergeSettingsBodySchema } from "./merge-body";
import { mergeRoutes } from "./merge-routes";

test("an empty body is what the modelled service does: 64 MB is small, and both copies stay an hour", () => {
  expect(mergeSettingsBodySchema.parse({})).toEqual({
    isEnabled: true,
    order: { kind: "none", columns: [] },
    smallBytes: 64 * 1024 * 1024,
    objectsMin: 10,
    targetBytes: 256 * 1024 * 1024,
    rowGroupRows: null,
    originals: "keep",
    graceSeconds: 3_600,
  });
});

test("whoever may look may see what settings would do, and only an administrator sets them", () => {
  const roles = Object.fromEntries(
    Object.entries(mergeRoutes).map(([name, { role }]) => [name, role]),
  );
  expect(roles).toEqual({
    setMergeSettings: "administrator",
    previewMerges: "viewer",
    listMerges: "viewer",
    askForMerges: "operator",
  });
});

test("what cannot be merged by is refused by shape", () => {
  const refused = [
    { objectsMin: 1 },
    { graceSeconds: -1 },
    { order: { kind: "random" } },
    { originals: "move" },
    { rowGroupRows: 1 },
    { colour: "red" },
  ];
  for (const body of refused) expect(mergeSettingsBodySchema.safeParse(body).success).toBe(false);
});
