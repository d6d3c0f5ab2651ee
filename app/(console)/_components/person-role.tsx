"use client";

import { createContext, type ReactNode, useContext } from "react";
import { type Role, rolesWithin } from "@/lib/contracts/api-route";

/** Who knows nothing of the person offers only what everybody may. */
const RoleContext = createContext<Role>("viewer");

export function RoleProvider({ role, children }: { role: Role; children: ReactNode }) {
  return <RoleContext.Provider value={role}>{children}</RoleContext.Provider>;
}

/** Whether the person may do what takes this role; for forms that anybody may read. */
export function useMay(needed: Role): boolean {
  return rolesWithin[useContext(RoleContext)].includes(needed);
}

/** Why the person may not do what takes this role, as a sentence; null when they may. The API decides, too. */
export function useRefusal(needed: Role): string | null {
  const role = useContext(RoleContext);
  if (rolesWithin[role].includes(needed)) return null;
  const enough = needed === "administrator" ? needed : `${needed} or administrator`;
  return `This takes the role ${enough}; yours is ${role}.`;
}
