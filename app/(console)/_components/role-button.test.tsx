import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import type { Role } from "@/lib/contracts/api-route";
import { RoleProvider } from "./person-role";
import { RoleButton } from "./role-button";

const roles: readonly Role[] = ["viewer", "downloader", "operator", "administrator"];

const renderFor = (role: Role, needs: Role, href?: string) =>
  renderToStaticMarkup(
    <RoleProvider role={role}>
      <RoleButton needs={needs} type="submit" title="Own" {...(href ? { href } : {})}>
        Act
      </RoleButton>
    </RoleProvider>,
  );

test("who may gets the button or the link; nobody else does, and is told which role it takes", () => {
  const allowed = roles.map((role) =>
    roles.filter((needs) => !renderFor(role, needs).includes('aria-disabled="true"')),
  );
  expect(allowed).toEqual([
    ["viewer"],
    ["viewer", "downloader"],
    ["viewer", "operator"],
    ["viewer", "downloader", "operator", "administrator"],
  ]);
  expect(renderFor("administrator", "operator", "/tasks/new")).toMatch(/^<a .*href="\/tasks\/new"/);
});

test("what is refused stays in its place, submits nothing, leads nowhere, and says why", () => {
  const refused = renderFor("operator", "downloader", "/tasks/new");
  expect(refused).toContain("Act");
  expect(refused).not.toContain("href");
  expect(refused).not.toContain("submit");
  const [, described] = /aria-describedby="([^"]+)"/.exec(refused) ?? [];
  const reason = "This takes the role downloader or administrator; yours is operator.";
  expect(refused).toContain(`<span id="${described}" hidden="">${reason}</span>`);
  expect(refused).toContain(`title="${reason}"`);
});
