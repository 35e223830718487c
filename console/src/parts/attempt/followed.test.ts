import { expect, test } from "vitest";

import { byTopic } from "./followed";

const reply = (name: string, bytes = 512) => ({ name, bytes, listeners: 2, operations: 1 });

test("the parts of an answer are one line, with their sum", () => {
  const found = byTopic([
    reply("hook-sent/meter/tariff", 0),
    reply("de00/hook-response/meter/tariff/0"),
    reply("de00/hook-response/meter/tariff/1"),
    reply("de00/hook-response/meter/tariff/2", 76),
  ]);
  expect(
    found.map(({ topic, parts, bytes, operations }) => [topic, parts.length, bytes, operations]),
  ).toEqual([
    ["hook-sent/meter/tariff", 1, 0, 1],
    ["de00/hook-response/meter/tariff", 3, 1_100, 3],
  ]);
});

test("a number that belongs to the event's own name is not taken for a part", () => {
  const found = byTopic([reply("hook-sent/sensor/7"), reply("hook-error/sensor/7/0")]);
  expect(found.map(({ topic }) => topic)).toEqual(["hook-sent/sensor/7", "hook-error/sensor/7"]);
});

test("an attempt that nothing followed has no lines", () => {
  expect(byTopic([])).toEqual([]);
});
