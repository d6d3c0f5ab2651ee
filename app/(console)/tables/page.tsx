import type { Metadata } from "next";
import { TableList } from "./_components/table-list";

export const metadata: Metadata = { title: "Tables" };

type Props = { searchParams: Promise<{ source?: string | string[] }> };

/** `?source=<id>` opens that source's tables; without it, the first source's. */
export default async function TablesPage({ searchParams }: Props) {
  const { source } = await searchParams;
  return <TableList source={typeof source === "string" ? source : null} />;
}
