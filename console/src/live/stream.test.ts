import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { AGAIN, listen, type Listener } from "./stream";

class Source extends EventTarget {
  static readonly CLOSED = 2;
  static opened: Source[] = [];
  readyState = 0;
  readonly address: string;

  constructor(address: string) {
    super();
    this.address = address;
    Source.opened.push(this);
  }

  tell(kind: string, data: object) {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }));
  }

  fail(closed: boolean) {
    this.readyState = closed ? 2 : 0;
    this.dispatchEvent(new Event("error"));
  }

  close() {
    this.readyState = 2;
  }
}

beforeEach(() => {
  Source.opened = [];
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Source);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function listener() {
  return {
    onEvents: vi.fn<Listener["onEvents"]>(),
    onChanged: vi.fn<Listener["onChanged"]>(),
    onConnection: vi.fn<Listener["onConnection"]>(),
  };
}

test("all who listen at one address share a connection, which closes with the last of them", () => {
  const [one, two, other] = [listener(), listener(), listener()];
  const stops = [listen("/a", one), listen("/a", two), listen("/b", other)];
  expect(Source.opened.map(({ address }) => address)).toEqual(["/a", "/b"]);

  Source.opened[0]?.tell("events", { items: [], left_out: 3 });
  expect(one.onEvents).toHaveBeenCalledWith([], 3);
  expect(two.onEvents).toHaveBeenCalledWith([], 3);
  expect(other.onEvents).not.toHaveBeenCalled();

  stops[0]?.();
  expect(Source.opened[0]?.readyState).toBe(0);
  stops[1]?.();
  expect(Source.opened[0]?.readyState).toBe(Source.CLOSED);
  stops[2]?.();
});

test("who comes later is told how the connection stands", () => {
  const stop = listen("/a", listener());
  Source.opened[0]?.dispatchEvent(new Event("open"));
  const late = listener();
  const stopLate = listen("/a", late);
  expect(late.onConnection).toHaveBeenLastCalledWith("open");
  stop();
  stopLate();
});

test("a stream that the browser gives up is opened anew after a while; one that it takes up itself is not", () => {
  const one = listener();
  const stop = listen("/a", one);
  Source.opened[0]?.fail(false);
  vi.advanceTimersByTime(AGAIN);
  expect(Source.opened).toHaveLength(1);
  expect(one.onConnection).toHaveBeenLastCalledWith("lost");

  Source.opened[0]?.fail(true);
  vi.advanceTimersByTime(AGAIN);
  expect(Source.opened).toHaveLength(2);
  Source.opened[1]?.tell("changed", { integrations: ["1"] });
  expect(one.onChanged).toHaveBeenCalledWith(["1"], false);
  stop();
  expect(Source.opened[1]?.readyState).toBe(Source.CLOSED);
});

test("nothing is opened anew for nobody", () => {
  const stop = listen("/a", listener());
  Source.opened[0]?.fail(true);
  stop();
  vi.advanceTimersByTime(AGAIN);
  expect(Source.opened).toHaveLength(1);
});
