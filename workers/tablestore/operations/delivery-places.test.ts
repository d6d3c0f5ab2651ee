import { describe, expect, it } from "vitest";
import type { DestinationView } from "@/lib/contracts/destination-body";
import { chooseDestination, embeddedFirst, isOwnSource } from "./delivery-places";

describe("a source points at this table store", () => {
  const own = { instance: "culvert", host: "127.0.0.1", port: 8087 };
  const isOwn = (endpoint: string, more: Partial<typeof own> = {}, instance = "culvert") =>
    isOwnSource({ endpoint, instance }, { ...own, ...more });

  it("by any name of this machine, at its port and instance", () => {
    for (const host of ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"]) {
      expect(isOwn(`http://${host}:8087`)).toBe(true);
    }
    expect(isOwn("http://tables.internal:8087", { host: "tables.internal" })).toBe(true);
    expect(isOwn("http://localhost", { port: 80 })).toBe(true);
    expect(isOwn("https://localhost", { port: 443 })).toBe(true);
  });

  it("by any name at all where it listens on every address", () => {
    expect(isOwn("http://tables.internal:8087", { host: "0.0.0.0" })).toBe(true);
    expect(isOwn("http://tables.internal:8087", { host: "::" })).toBe(true);
  });

  it("not with another port, instance or machine, nor with an address that is none", () => {
    expect(isOwn("http://127.0.0.1:8088")).toBe(false);
    expect(isOwn("http://127.0.0.1:8087", {}, "other")).toBe(false);
    expect(isOwn("https://culvert.cn-hangzhou.ots.aliyuncs.com:8087")).toBe(false);
    expect(isOwn("nonsense")).toBe(false);
  });
});

describe("the destination that a request means", () => {
  const destination = (id: string, bucket: string, endpoint: string | null): DestinationView => ({
    ...{ id, name: id, kind: "s3", endpoint, region: "eu-west-1", bucket },
    ...{ forcePathStyle: false, accessKeyId: "key", tasks: 0, createdAt: "2026-01-01T00:00:00Z" },
  });
  const oss = destination("oss", "shared", "https://oss-cn-hangzhou.aliyuncs.com");
  const aws = destination("aws", "shared", null);
  const local = destination("local", "own", "http://127.0.0.1:9000");
  const choose = (bucket: string, endpoint?: string) => {
    const choice = chooseDestination([oss, aws, local], bucket, endpoint);
    return "destination" in choice ? choice.destination.id : choice.problem.field;
  };

  it("is the only one with the bucket, whatever endpoint is named", () => {
    expect(choose("own", "oss-cn-hangzhou.aliyuncs.com")).toBe("local");
    expect(choose("own")).toBe("local");
  });

  it("is among several the one at the endpoint, written with a protocol or without", () => {
    expect(choose("shared", "oss-cn-hangzhou.aliyuncs.com")).toBe("oss");
    expect(choose("shared", "https://OSS-cn-hangzhou.aliyuncs.com/")).toBe("oss");
    expect(choose("shared", "s3.eu-west-1.amazonaws.com")).toBe("aws");
    expect(choose("shared", "oss-cn-beijing.aliyuncs.com")).toBe("taskConfig.ossEndpoint");
    expect(choose("shared")).toBe("taskConfig.ossEndpoint");
  });

  it("is none that nobody added", () => {
    expect(choose("unknown")).toBe("taskConfig.ossBucket");
  });
});

it("takes what the installation made before what people added, then by name", () => {
  const places = ["b", "embedded", "a"].map((id) => ({ id, name: id }));
  expect(embeddedFirst(places).map(({ id }) => id)).toEqual(["embedded", "a", "b"]);
});
