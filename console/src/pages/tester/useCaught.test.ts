import { expect, test } from "vitest";

import type { Caught } from "./request";
import { flat, joined } from "./useCaught";

const request = (number: number): Caught => ({
  number,
  at: "2026-01-02T03:04:05.678Z",
  method: "POST",
  path: "",
  http: "HTTP/1.1",
  headers: [],
  body: { text: "", bytes: 0 },
  fault: "none",
});
const pages = (...all: number[][]) => ({
  pages: all.map((numbers) => ({ items: numbers.map(request), next: null })),
  pageParams: all.map(() => ""),
});
const numbers = (data: ReturnType<typeof joined>) => flat(data).map(({ number }) => number);

test("news comes first, and what the list has already is not shown twice", () => {
  expect(numbers(joined(pages([3, 2], [1]), [request(3), request(4), request(5)]))).toEqual([5, 4, 3, 2, 1]);
});

test("news before the first answer is left to that answer", () => {
  expect(joined(undefined, [request(1)])).toBeUndefined();
});

test("a list left open keeps no more than the server does", () => {
  const news = Array.from({ length: 500 }, (_, at) => request(at + 10));
  expect(flat(joined(pages([3, 2, 1]), news))).toHaveLength(200);
});

test("pages that overlap show each request once", () => {
  expect(numbers(pages([5, 4, 3], [4, 3, 2]))).toEqual([5, 4, 3, 2]);
});
