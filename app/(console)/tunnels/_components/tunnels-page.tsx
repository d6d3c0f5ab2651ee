"use client";

import { PageHeader } from "@/app/_ui/page-header";
import { SourceSelect, WithSource } from "@/app/(console)/tables/_components/source-select";
import { useSourceChoice } from "@/app/(console)/tables/_components/use-source-choice";
import { TunnelList } from "./tunnel-list";

export function TunnelsPage({ source }: { source: string | null }) {
  const choice = useSourceChoice(source);
  return (
    <>
      <PageHeader
        title="Tunnels"
        description="The streams that readers take a table's data and changes from, each with its own position."
        actions={<SourceSelect {...choice} />}
      />
      <WithSource choice={choice}>
        {({ id }) => <TunnelList key={id} source={id} table={null} />}
      </WithSource>
    </>
  );
}
