import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { prismaAdapter } from "better-auth/adapters/prisma";
import { expect, test } from "vitest";
import { withDatabase } from "./testing/test-database";

const given = withDatabase();

test("better-auth finds every column it needs: sign-up, sign-in, sessions and API keys work", async () => {
  const { prisma } = given.database();
  const auth = betterAuth({
    baseURL: "http://127.0.0.1:3000",
    secret: "a secret of this test alone, long enough",
    database: prismaAdapter(prisma, { provider: "postgresql" }),
    emailAndPassword: { enabled: true },
    user: { additionalFields: { role: { type: "string", defaultValue: "viewer", input: false } } },
    plugins: [apiKey()],
  });
  const person = { email: "a@example.com", password: "correct horse battery", name: "A" };
  const { user } = await auth.api.signUpEmail({ body: person });
  expect(await prisma.user.findUnique({ where: { id: user.id } })).toMatchObject({
    role: "viewer",
  });
  const signedIn = await auth.api.signInEmail({ body: person });
  expect(await prisma.session.count({ where: { token: signedIn.token } })).toBe(1);

  const { key } = await auth.api.createApiKey({ body: { userId: user.id, name: "ci" } });
  expect(await auth.api.verifyApiKey({ body: { key } })).toMatchObject({ valid: true });
  const [stored] = await prisma.apikey.findMany();
  expect(stored).toMatchObject({ name: "ci", referenceId: user.id });
  expect(stored!.key).not.toBe(key);
});

test("a role that nobody knows is refused", async () => {
  const promotion = given.database().prisma.user.create({
    data: { id: "x", name: "X", email: "x@example.com", role: "root" },
  });
  await expect(promotion).rejects.toThrow();
});
