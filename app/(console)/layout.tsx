import type { ReactNode } from "react";
import { requirePerson } from "../_session/require-person";
import { Frame } from "./_components/navigation";
import { RoleProvider } from "./_components/person-role";
import { QueryProvider } from "./_components/query-provider";

export default async function ConsoleLayout({ children }: { children: ReactNode }) {
  const { email, role } = await requirePerson();
  return (
    <QueryProvider>
      <RoleProvider role={role}>
        <Frame person={{ email, role }}>{children}</Frame>
      </RoleProvider>
    </QueryProvider>
  );
}
