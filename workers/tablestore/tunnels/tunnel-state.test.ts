import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  beat,
  type ChannelReport,
  type ChannelState,
  connectClient,
  shutDownClient,
  stageOf,
  type TunnelState,
  terminateChannel,
} from "./tunnel-state";

const base = (id: string): ChannelState => ({
  id,
  kind: "base",
  status: "wait",
  version: 0,
  owner: null,
  parents: [],
  hasEnd: true,
});
const stream = (id: string, parents: string[] = [], hasEnd = false): ChannelState => ({
  ...base(id),
  kind: "stream",
  parents,
  hasEnd,
});
const tunnel = (...channels: ChannelState[]): TunnelState => ({ channels, clients: [], gone: [] });

/** A client as the official SDKs behave, with a server in between. */
class World {
  state: TunnelState;
  nowMs = 0;
  readonly local = new Map<string, Map<string, ChannelReport>>();

  constructor(...channels: ChannelState[]) {
    this.state = tunnel(...channels);
  }

  connect(id: string, timeoutMs = 1000): void {
    this.state = connectClient(this.state, { id, timeoutMs }, this.nowMs);
    this.local.set(id, new Map());
  }

  /** Reports what the client holds and merges the answer; null when the client is gone. */
  beat(id: string): readonly ChannelReport[] | null {
    const held = this.local.get(id) ?? new Map<string, ChannelReport>();
    const { state, answer } = beat(this.state, id, [...held.values()], this.nowMs);
    this.state = state;
    if (answer === null) {
      this.local.delete(id);
      return null;
    }
    const merged = answer.map((told) => {
      const known = held.get(told.id);
      return known !== undefined && known.version > told.version ? known : told;
    });
    this.local.set(id, new Map(merged.map((channel) => [channel.id, channel])));
    return answer;
  }

  /** The client changes a channel on its own side, to be reported at its next heartbeat. */
  set(id: string, channelId: string, status: ChannelReport["status"]): void {
    const held = this.local.get(id)?.get(channelId);
    if (held === undefined) return;
    this.local.get(id)?.set(channelId, { ...held, version: held.version + 1, status });
  }

  channel(id: string): ChannelState {
    return this.state.channels.find((channel) => channel.id === id) as ChannelState;
  }
}

describe("base data goes before the stream", () => {
  it("S3: stream channels wait for every base channel", () => {
    const world = new World(base("b1"), base("b2"), stream("s1"), stream("s2"));
    world.connect("one");
    expect(world.beat("one")?.map(({ id }) => id)).toEqual(["b1", "b2"]);
    world.set("one", "b1", "terminated");
    expect(world.beat("one")?.map(({ id }) => id)).toEqual(["b2"]);
    expect(stageOf(world.state.channels)).toBe("base");
    world.set("one", "b2", "terminated");
    expect(world.beat("one")?.map(({ id }) => id)).toEqual(["s1", "s2"]);
    expect(stageOf(world.state.channels)).toBe("stream");
  });

  it("S3: a channel waits for its parents", () => {
    const world = new World(stream("parent", [], true), stream("child", ["parent"]));
    world.connect("one");
    expect(world.beat("one")?.map(({ id }) => id)).toEqual(["parent"]);
    world.state = terminateChannel(world.state, "parent");
    expect(world.beat("one")?.map(({ id }) => id)).toEqual(["child"]);
  });

  it("an end that cannot be is taken for a reader that let go", () => {
    const world = new World(stream("s1"));
    world.connect("one");
    world.beat("one");
    world.set("one", "s1", "terminated");
    const told = world.beat("one");
    expect(told).toMatchObject([{ id: "s1", status: "open" }]);
  });
});

describe("the documented exchange of two clients", () => {
  it("hands one of two channels over", () => {
    const world = new World(stream("A"), stream("B"));
    world.connect("w1");
    expect(world.beat("w1")).toEqual([
      { id: "A", version: 1, status: "open" },
      { id: "B", version: 1, status: "open" },
    ]);
    world.connect("w2");
    expect(world.beat("w2")).toEqual([]);
    const asked = world.beat("w1");
    expect(asked).toContainEqual({ id: "A", version: 2, status: "closing" });
    expect(world.beat("w1")).toEqual(asked);
    world.set("w1", "A", "close");
    expect(world.beat("w1")).toEqual([{ id: "B", version: 1, status: "open" }]);
    expect(world.beat("w2")).toEqual([{ id: "A", version: 4, status: "open" }]);
  });
});

describe("clients come and go", () => {
  it("the channels of a silent client go to others once its time is up", () => {
    const world = new World(stream("A"));
    world.connect("w1", 1000);
    world.beat("w1");
    world.connect("w2", 10_000);
    world.nowMs = 1000;
    expect(world.beat("w2")).toEqual([]);
    world.nowMs = 1001;
    expect(world.beat("w2")).toMatchObject([{ id: "A", status: "open" }]);
    expect(world.beat("w1")).toBeNull();
  });

  it("a client that has shut down stays away", () => {
    const world = new World(stream("A"));
    world.connect("w1");
    world.beat("w1");
    world.state = shutDownClient(world.state, "w1");
    expect(world.channel("A")).toMatchObject({ status: "close", owner: null });
    expect(world.beat("w1")).toBeNull();
  });

  it("a client that nobody knows is taken in", () => {
    const world = new World(stream("A"));
    expect(world.beat("stranger")).toMatchObject([{ id: "A", status: "open" }]);
  });

  it("a client that never asks is given nothing", () => {
    const world = new World(stream("A"));
    world.connect("idle");
    world.connect("w1");
    expect(world.beat("w1")).toHaveLength(1);
  });

  it("reports of a channel that is another's now are not heard", () => {
    const world = new World(stream("A"));
    world.connect("w1");
    world.beat("w1");
    const stale = [{ id: "A", version: 99, status: "close" as const }];
    world.connect("w2");
    world.state = beat(world.state, "w2", stale, 0).state;
    expect(world.channel("A")).toMatchObject({ owner: "w1", status: "open", version: 1 });
  });
});

describe("any schedule", () => {
  type Action =
    | { kind: "connect" | "beat" | "shutdown"; client: number }
    | { kind: "set"; client: number; channel: number; status: "close" | "terminated" }
    | { kind: "wait"; ms: number };
  const client = fc.nat({ max: 3 });
  const action: fc.Arbitrary<Action> = fc.oneof(
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("connect" as const), client }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("beat" as const), client }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("shutdown" as const), client }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("set" as const),
        client,
        channel: fc.nat({ max: 4 }),
        status: fc.constantFrom("close" as const, "terminated" as const),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat({ max: 700 }) }),
    },
  );
  const channels = () => [base("b1"), base("b2"), stream("s1"), stream("s2"), stream("s3")];

  function run(world: World, one: Action): readonly ChannelReport[] | null | undefined {
    switch (one.kind) {
      case "connect":
        if (!world.local.has(`c${one.client}`)) world.connect(`c${one.client}`);
        return undefined;
      case "beat":
        if (!world.local.has(`c${one.client}`)) return undefined;
        return world.beat(`c${one.client}`);
      case "shutdown":
        world.state = shutDownClient(world.state, `c${one.client}`);
        return undefined;
      case "set":
        world.set(`c${one.client}`, channels()[one.channel]?.id ?? "", one.status);
        return undefined;
      case "wait":
        world.nowMs += one.ms;
        return undefined;
    }
  }

  it("keeps S1 to S5 at every step", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const world = new World(...channels());
        for (const one of actions) {
          const before = world.state.channels;
          const answer = run(world, one);
          for (const [index, channel] of world.state.channels.entries()) {
            const earlier = before[index] as ChannelState;
            const isSame = channel.status === earlier.status && channel.owner === earlier.owner;
            if (!isSame) expect(channel.version).toBeGreaterThan(earlier.version);
            expect(channel.version).toBeGreaterThanOrEqual(earlier.version);
            const isHeld = channel.status === "open" || channel.status === "closing";
            expect(channel.owner !== null).toBe(isHeld);
            if (earlier.status === "terminated") expect(channel.status).toBe("terminated");
            if (channel.kind === "stream" && isHeld) {
              expect(stageOf(world.state.channels)).toBe("stream");
            }
          }
          if (answer === undefined || answer === null || one.kind !== "beat") continue;
          for (const { id, status } of answer) {
            expect(world.channel(id).owner).toBe(`c${one.client}`);
            expect(["open", "closing"]).toContain(status);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("S6: once clients only listen, every channel has a reader and shares are even", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const world = new World(
          stream("s1"),
          stream("s2"),
          stream("s3"),
          stream("s4"),
          stream("s5"),
        );
        for (const one of actions) run(world, one);
        world.connect("last");
        for (let round = 0; round < 12; round++) {
          for (const [id, held] of world.local) {
            for (const { id: channelId, status } of held.values()) {
              if (status === "closing") world.set(id, channelId, "close");
            }
            world.beat(id);
          }
        }
        const shares = new Map([...world.local.keys()].map((id) => [id, 0]));
        for (const { status, owner } of world.state.channels) {
          expect(status).toBe("open");
          shares.set(owner as string, (shares.get(owner as string) ?? 0) + 1);
        }
        expect(Math.max(...shares.values()) - Math.min(...shares.values())).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });
});
