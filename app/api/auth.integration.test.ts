import { defaultKeyHasher } from "@better-auth/api-key";
import { describe, expect, it } from "vitest";
import { bootstrap } from "@/lib/services/bootstrap";
import { callRoute } from "./testing/call-route";
import { withInstallation } from "./testing/installation";

const installation = withInstallation();
const names = { instance: "culvert", bucket: "culvert-demo" };
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const origin = "http://127.0.0.1:3000";

async function signIn(password: string) {
  return callRoute("POST", "/api/auth/sign-in/email", {
    headers: { origin },
    body: { email: installation().credentials.console.email, password },
  });
}

const cookieOf = (headers: Headers): string =>
  headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");

describe("API key", () => {
  it("opens the API; none, a wrong one and a malformed header do not", async () => {
    const { apiKey } = installation().credentials.console;
    expect((await callRoute("GET", "/api/v1/tasks", { headers: bearer(apiKey) })).status).toBe(200);
    for (const headers of [{}, bearer("x"), bearer(`${apiKey}x`), { authorization: apiKey }]) {
      const answer = await callRoute("GET", "/api/v1/tasks", { headers });
      expect(answer.status).toBe(401);
      expect(answer.body.code).toBe("request.unauthenticated");
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(answer.headers.get("www-authenticate")).toContain("Bearer");
    }
  });

  it("is kept as a hash only", async () => {
    const { services, credentials } = installation();
    const rows = await services.database.prisma.apikey.findMany();
    expect(rows.map(({ key }) => key)).toEqual([
      await defaultKeyHasher(credentials.console.apiKey),
    ]);
    expect(JSON.stringify(rows)).not.toContain(credentials.console.apiKey);
  });
});

describe("sign-in", () => {
  it("with the file's password opens the API by cookie; a wrong one does not", async () => {
    const { password, email } = installation().credentials.console;
    expect((await signIn("wrong-password")).status).toBe(401);
    const answer = await signIn(password);
    expect(answer.status).toBe(200);
    const line = answer.headers.getSetCookie().join("\n");
    expect(line).toMatch(/culvert\.session_token=.*HttpOnly/i);
    expect(line).toMatch(/SameSite=Lax/i);
    const cookie = cookieOf(answer.headers);
    expect((await callRoute("GET", "/api/v1/tasks", { headers: { cookie } })).status).toBe(200);
    const session = await callRoute("GET", "/api/auth/get-session", { headers: { cookie } });
    expect(session.body.user).toMatchObject({ email, role: "administrator" });
  });

  it("is the only way in: nobody signs up, nobody makes keys or changes a role", async () => {
    const body = { email: "eve@example.com", password: "a-long-password", name: "Eve" };
    const signUp = await callRoute("POST", "/api/auth/sign-up/email", {
      headers: { origin },
      body,
    });
    expect(signUp.status).toBeGreaterThanOrEqual(400);
    const cookie = cookieOf((await signIn(installation().credentials.console.password)).headers);
    for (const path of ["api-key/create", "api-key/update", "update-user", "change-password"]) {
      const answer = await callRoute("POST", `/api/auth/${path}`, {
        headers: { origin, cookie },
        body: { name: "x", role: "administrator" },
      });
      expect(answer.status, path).toBe(404);
    }
    expect(await installation().services.database.prisma.user.count()).toBe(1);
  });

  it("is over for whoever polls with it as soon as its person signs out", async () => {
    const cookie = cookieOf((await signIn(installation().credentials.console.password)).headers);
    const poll = () => callRoute("GET", "/api/v1/tasks", { headers: { cookie } });
    expect((await poll()).status).toBe(200);
    const signOut = await callRoute("POST", "/api/auth/sign-out", { headers: { origin, cookie } });
    expect(signOut.status).toBe(200);
    expect((await poll()).status).toBe(401);
    expect((await callRoute("GET", "/api/v1/tasks", { headers: {} })).status).toBe(401);
  });

  it("refuses a change that another site makes with the cookie", async () => {
    const cookie = cookieOf((await signIn(installation().credentials.console.password)).headers);
    const change = (headers: Record<string, string>) =>
      callRoute("POST", "/api/v1/destinations/embedded/probe", { headers: { cookie, ...headers } });
    expect((await change({ origin: "https://evil.example" })).body.code).toBe("request.cross_site");
    expect((await change({})).body.code).toBe("request.cross_site");
    expect((await change({ "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await change({ origin })).status).toBe(200);
    expect((await change({ "sec-fetch-site": "same-origin" })).status).toBe(200);
  });
});

describe("sign-in limit", () => {
  it("stops guessing at one account with 429 whatever address is claimed, and lets others in", async () => {
    const guess = (email: string, password: string) =>
      callRoute("POST", "/api/auth/sign-in/email", {
        headers: { origin, "x-forwarded-for": `10.0.0.${Math.floor(Math.random() * 255)}` },
        body: { email, password },
      });
    const guesses = await Promise.all(
      Array.from({ length: 22 }, (_, n) => guess("victim@example.com", `guess-number-${n}`)),
    );
    const statuses = guesses.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(2);
    const { email, password } = installation().credentials.console;
    expect((await guess(email, password)).status).toBe(200);
  });
});

describe("roles", () => {
  it.each([
    ["viewer", 403, 403],
    ["operator", 404, 403],
    ["administrator", 404, 404],
  ])("%s pauses with %i and deletes with %i", async (role, pause, remove) => {
    const { services } = installation();
    const key = `key-of-${role}-0123456789`;
    const at = new Date();
    const user = await services.database.prisma.user.create({
      data: { id: role, name: role, email: `${role}@example.com`, role },
    });
    await services.database.prisma.apikey.create({
      data: {
        id: role,
        key: await defaultKeyHasher(key),
        referenceId: user.id,
        rateLimitEnabled: false,
        createdAt: at,
        updatedAt: at,
      },
    });
    const headers = bearer(key);
    expect((await callRoute("GET", "/api/v1/tasks", { headers })).status).toBe(200);
    const paused = await callRoute("POST", "/api/v1/tasks/none/pause", { headers });
    expect(paused.status).toBe(pause);
    expect((await callRoute("DELETE", "/api/v1/tasks/none", { headers })).status).toBe(remove);
    if (pause === 403) expect(paused.body.cause).toContain("operator");
  });
});

describe("bootstrap", () => {
  it("can be repeated and run twice at once, and changes nothing then", async () => {
    const { services, credentials } = installation();
    const { prisma } = services.database;
    const look = async () => [
      await prisma.user.findMany({
        where: { email: credentials.console.email },
        omit: { updatedAt: true },
      }),
      await prisma.account.findMany(),
      await prisma.apikey.findMany({
        where: { name: "credentials.json" },
        omit: { updatedAt: true },
      }),
      await prisma.source.findMany(),
      await prisma.destination.findMany(),
    ];
    const before = await look();
    await Promise.all([
      bootstrap(services, credentials, names),
      bootstrap(services, credentials, names),
    ]);
    expect(await look()).toEqual(before);
  });

  it("follows the file: a new password and key replace the old ones", async () => {
    const { services, credentials } = installation();
    const old = credentials.console;
    const changed = { ...old, password: "another-password", apiKey: `${old.apiKey}-new` };
    await bootstrap(services, { ...credentials, console: changed }, names);
    expect((await signIn(old.password)).status).toBe(401);
    expect((await signIn(changed.password)).status).toBe(200);
    expect((await callRoute("GET", "/api/v1/tasks", { headers: bearer(old.apiKey) })).status).toBe(
      401,
    );
    expect(
      (await callRoute("GET", "/api/v1/tasks", { headers: bearer(changed.apiKey) })).status,
    ).toBe(200);
    await bootstrap(services, credentials, names);
  });

  it("keeps a bucket that a person chose since", async () => {
    const { services, credentials } = installation();
    const headers = bearer(credentials.console.apiKey);
    const choose = (bucket: string) =>
      callRoute("PATCH", "/api/v1/destinations/embedded", { headers, body: { bucket } });
    expect((await choose("chosen")).status).toBe(200);
    await bootstrap(services, credentials, names);
    const list = await callRoute("GET", "/api/v1/destinations", { headers });
    expect(list.body.items[0].bucket).toBe("chosen");
    await choose("culvert-demo");
  });
});
