import { describe, expect, it } from "vitest";
import { partitionBytesMax } from "./object-key";
import { adviseOnPrefix, type ExpectedLoad } from "./prefix-advice";
import { describeLayout, listHiveNames } from "./prefix-layout";
import {
  listVariables,
  matchPartition,
  parsePrefixTemplate,
  readPrefixTemplate,
  renderPartition,
} from "./prefix-template";

const minute = { year: 2020, month: 8, day: 31, hour: 16, minute: 3 };
const load: ExpectedLoad = { bytesPerSecond: null, flushSeconds: 120, lanes: 1 };

function template(text: string) {
  const read = readPrefixTemplate(text);
  if (read === null) throw new Error(`not a template: ${text}`);
  return read;
}

function problemsOf(text: string) {
  const parsed = parsePrefixTemplate(text);
  return parsed.kind === "problems" ? parsed.problems : [];
}

describe("parsePrefixTemplate", () => {
  it.each([
    ["myPrefix", "myPrefix"],
    ["myPrefix/$yyyy/$MM/$dd/$HH/$mm", "myPrefix/2020/08/31/16/03"],
    ["myPrefix/year=$yyyy/month=$MM/day=$dd", "myPrefix/year=2020/month=08/day=31"],
    ["ds=$yyyy$MM$dd", "ds=20200831"],
    ["taskTest_02/year=$yyyy/month=$MM", "taskTest_02/year=2020/month=08"],
    ["at $HHh$mmm", "at 16h03m"],
    ["größe/日付=$yyyy-$MM", "größe/日付=2020-08"],
  ])("renders %s", (text, partition) => {
    expect(renderPartition(template(text), minute)).toBe(partition);
  });

  it.each([
    ["", undefined, "cannot be the bucket"],
    ["/a", 0, "start with a slash"],
    ["a/", 1, "end with a slash"],
    ["/", 0, "start with a slash"],
    ["a//b", 2, "empty"],
    ["a/./b", 2, "not a folder name"],
    ["..", 0, "not a folder name"],
    ["a/..", 2, "not a folder name"],
    ["a\u0007b", 1, "U+0007"],
    ["a\u0085", 1, "U+0085"],
    ["a\ud800b", 1, "Half a character"],
    ["\\a", 0, "backslash"],
    ["a/$YYYY", 2, "Did you mean $yyyy?"],
    ["$yy", 0, "Did you mean $yyyy?"],
    ["$year", 0, "Did you mean $yyyy?"],
    ["$DD", 0, "Did you mean $dd?"],
    ["$day", 0, "Did you mean $dd?"],
    ["$hh", 0, "Did you mean $HH?"],
    ["$H", 0, "Did you mean $HH?"],
    ["x=$mn", 2, "Did you mean $mm?"],
    ["$minute", 0, "Did you mean $mm?"],
    ["$m", 0, "Did you mean $mm?"],
    ["$M", 0, "Did you mean $MM?"],
    ["$Month", 0, "Did you mean $MM?"],
    ["$Mm", 0, "$MM (month) or $mm (minute)"],
    [`\${yyyy}`, 0, "Did you mean $yyyy?"],
    ["$ss", 0, "The variables are"],
    ["cost$", 4, "cannot be text"],
    ["$$yyyy", 0, "cannot be text"],
    ["day=$dd/day=$HH", 8, "name the partition column day"],
    ["Day=$dd/day=$HH", 8, "differs only in case"],
  ])("refuses %j and says where", (text, at, message) => {
    const [problem] = problemsOf(text);
    expect(problem?.message).toContain(message);
    expect(problem?.at).toBe(at);
    expect(problem?.field).toBe("prefix");
  });

  it("names every problem of a prefix at once", () => {
    expect(problemsOf("/a//$YYYY/../$/").map((problem) => problem.at)).toEqual([
      0, 14, 3, 10, 4, 13,
    ]);
  });

  it("bounds the folder so that the whole key fits S3's 1024 bytes, counted in UTF-8", () => {
    expect(problemsOf("x".repeat(partitionBytesMax))).toEqual([]);
    expect(problemsOf("x".repeat(partitionBytesMax + 1))[0]?.message).toContain("1024");
    expect(problemsOf("é".repeat(partitionBytesMax / 2 + 1))).toHaveLength(1);
  });

  it("names only the length of a text that is absurdly long", () => {
    expect(problemsOf("$".repeat(100_000))).toHaveLength(1);
  });
});

describe("matchPartition", () => {
  it("reads the variables back", () => {
    const values = matchPartition(template("p/ds=$yyyy$MM/$dd"), "p/ds=202008/31");
    expect(Object.fromEntries(values ?? [])).toEqual({ yyyy: "2020", MM: "08", dd: "31" });
  });

  it.each(["p/2020/8", "p/2020/08/", "q/2020/08", "p/20x0/08", "p/2020", "p/2020/08/01", ""])(
    "refuses %j, which the template cannot have made",
    (partition) => {
      expect(matchPartition(template("p/$yyyy/$MM"), partition)).toBeNull();
    },
  );

  it("refuses a folder in which one variable has two values", () => {
    const repeated = template("$yyyy/$yyyy-$MM");
    expect(matchPartition(repeated, "2020/2020-08")).not.toBeNull();
    expect(matchPartition(repeated, "2020/2021-08")).toBeNull();
  });
});

describe("describeLayout", () => {
  it("sees one folder without variables, even when it is named like a partition", () => {
    expect(describeLayout(template("lake/region=eu"))).toEqual({
      kind: "single",
      root: "lake/region=eu",
      columns: [],
    });
  });

  it("sees Hive-style folders, a lone variable as a number and anything else as text", () => {
    const layout = describeLayout(template("lake/year=$yyyy/region=eu/ds=$yyyy$MM/w=d$dd"));
    expect(layout.kind).toBe("hive");
    expect(layout.root).toBe("lake");
    expect(layout.columns.map(({ name, type }) => [name, type])).toEqual([
      ["year", "int"],
      ["region", "string"],
      ["ds", "string"],
      ["w", "string"],
    ]);
  });

  it("splits name and value at the first equals sign", () => {
    const [column] = describeLayout(template("a=b=$yyyy")).columns;
    expect(column).toEqual({
      name: "a",
      type: "string",
      value: [
        { kind: "text", text: "b=" },
        { kind: "variable", name: "yyyy" },
      ],
    });
  });

  it.each(["lake/$yyyy/$MM", "year=$yyyy/$MM", "=$yyyy", "$yyyy=x", "lake/year=$yyyy/rest"])(
    "sees plain time folders in %s",
    (text) => {
      expect(describeLayout(template(text))).toMatchObject({ kind: "time", columns: [] });
    },
  );

  it("lists the names of all name=value folders, constant ones too", () => {
    expect(listHiveNames(template("region=eu/$yyyy/month=$MM"))).toEqual(["region", "month"]);
  });

  it("lists variables coarsest first, each once", () => {
    expect(listVariables(template("$mm/$yyyy/$yyyy$dd"))).toEqual(["yyyy", "dd", "mm"]);
  });
});

describe("adviseOnPrefix", () => {
  const advise = (text: string, expected = load) =>
    adviseOnPrefix(template(text), expected).map((problem) => problem.message);

  it("has nothing to say about the documented advice followed", () => {
    expect(advise("orders/year=$yyyy/month=$MM/day=$dd/hour=$HH")).toEqual([]);
    expect(advise("orders", { ...load, bytesPerSecond: 1_000_000 })).toEqual([]);
  });

  it("advises against minute folders, as documented", () => {
    const [warning] = adviseOnPrefix(template("p/$yyyy/$MM/$dd/$HH/$mm"), load);
    expect(warning).toMatchObject({ at: 20, message: expect.stringContaining("by day or hour") });
  });

  it("warns when objects below 4 MB are to be expected", () => {
    const slow = { bytesPerSecond: 10_000, flushSeconds: 120, lanes: 1 };
    expect(advise("p", slow)[0]).toContain("1.1 MB");
    expect(advise("p", { ...slow, flushSeconds: 900 })).toEqual([]);
    expect(advise("p", { ...slow, flushSeconds: 900, lanes: 3 })[0]).toContain("2.9 MB");
    expect(advise("p", { ...slow, bytesPerSecond: 1 })[0]).toContain("120 bytes");
    const minutes = advise("$yyyy$MM$dd$HH$mm", {
      ...slow,
      bytesPerSecond: 60_000,
      flushSeconds: 900,
    });
    expect(minutes[1]).toContain("3.4 MB");
  });

  it.each([
    ["$MM/$dd", "Without $yyyy"],
    ["$yyyy/$dd", "Without $MM"],
    ["$yyyyMM", "Put a $ before"],
    ["_hidden/a", "skip folders"],
    ["a/.b", "skip folders"],
    ["a/[b]", "meaning of its own"],
    ["a b", "meaning of its own"],
    ["Year=$yyyy", "lower case"],
    ["x".repeat(240), "255 bytes"],
  ])("warns about %s", (text, message) => {
    expect(advise(text).join()).toContain(message);
  });
});
