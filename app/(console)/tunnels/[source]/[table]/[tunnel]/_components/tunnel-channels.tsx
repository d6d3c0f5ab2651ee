import { Split, Waves } from "lucide-react";
import { Badge, type Tone } from "@/app/_ui/badge";
import { Card, CardHeader } from "@/app/_ui/card";
import { formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { EmptyState } from "@/app/_ui/states";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import { RoleButton } from "@/app/(console)/_components/role-button";
import type { TunnelView } from "@/lib/contracts/tunnel-body";

type Channel = TunnelView["channels"][number];

const tones: Readonly<Record<Channel["status"], Tone>> = {
  waiting: "neutral",
  open: "busy",
  closing: "warn",
  closed: "neutral",
  terminated: "good",
};

/** One that has ended, or is about to, has nothing left to split. */
const isWritten = ({ kind, status }: Channel) =>
  kind === "stream" && (status === "open" || status === "waiting");

export function TunnelChannels(props: {
  channels: readonly Channel[];
  onSplit: (channelId: string) => void;
}) {
  const { channels, onSplit } = props;
  return (
    <Card>
      <CardHeader
        title="Channels"
        description={`${formatNumber(channels.length, "channel")}, each ordered by itself and held by one client at a time.`}
      />
      {channels.length === 0 ? (
        <EmptyState icon={<Waves aria-hidden />} title="No channels yet">
          The tunnel is being set up.
        </EmptyState>
      ) : (
        <Table>
          <thead>
            <tr>
              <Th>Channel</Th>
              <Th>State</Th>
              <Th numeric>Records</Th>
              <Th>Consumed through</Th>
              <Th>Client</Th>
              <Th>
                <span className="sr-only">Actions</span>
              </Th>
            </tr>
          </thead>
          <tbody>
            {channels.map((channel) => (
              <tr key={channel.channelId}>
                <Td className="max-w-72">
                  <span className="block truncate font-mono text-xs" title={channel.channelId}>
                    {channel.channelId}
                  </span>
                  <div className="text-xs text-ink-muted">
                    {channel.kind === "base" ? "base data" : "stream"}
                  </div>
                </Td>
                <Td>
                  <Badge tone={tones[channel.status]} dot>
                    {channel.status}
                  </Badge>
                </Td>
                <Td numeric>{channel.records === null ? "–" : formatCount(channel.records)}</Td>
                <Td>
                  <TimeAgo at={channel.consumedThrough} />
                </Td>
                <Td className="max-w-48">
                  <span
                    className="block truncate font-mono text-xs text-ink-muted"
                    title={channel.clientId ?? undefined}
                  >
                    {channel.clientId ?? "–"}
                  </span>
                </Td>
                <Td>
                  {isWritten(channel) && (
                    <RoleButton
                      needs="administrator"
                      look="ghost"
                      size="icon"
                      aria-label={`Split channel ${channel.channelId}`}
                      title="Split"
                      onClick={() => onSplit(channel.channelId)}
                    >
                      <Split />
                    </RoleButton>
                  )}
                </Td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
    </Card>
  );
}
