import type { LiveEvent } from "../api/shapes";

/** Whether the stream is open. */
export type Connection = "connecting" | "open" | "lost";

/** Who wants to hear what the server tells as it happens. */
export interface Listener {
  /** Events, the oldest first; a sample when `leftOut` is not 0. */
  onEvents: (events: LiveEvent[], leftOut: number) => void;
  /** Integrations whose log, counters or books have changed; `all` when too many to name. */
  onChanged: (integrations: string[], all: boolean) => void;
  onConnection: (connection: Connection) => void;
}

/** After how many milliseconds a stream that the browser has given up is opened anew. */
export const AGAIN = 3_000;

interface Stream {
  source: EventSource;
  connection: Connection;
  listeners: Set<Listener>;
  again: ReturnType<typeof setTimeout> | undefined;
}

const streams = new Map<string, Stream>();

/**
 * Listens at an address until the answer is called. All who listen at one address share one connection: a browser
 * opens only six to a server over HTTP/1.1, for all its tabs together.
 */
export function listen(address: string, listener: Listener): () => void {
  const stream = streams.get(address) ?? begin(address);
  stream.listeners.add(listener);
  listener.onConnection(stream.connection);
  return () => {
    stream.listeners.delete(listener);
    if (stream.listeners.size > 0) return;
    clearTimeout(stream.again);
    stream.source.close();
    if (streams.get(address) === stream) streams.delete(address);
  };
}

function begin(address: string): Stream {
  const listeners = new Set<Listener>();
  const source = new EventSource(address);
  const stream: Stream = { source, connection: "connecting", listeners, again: undefined };
  streams.set(address, stream);
  attend(stream, address);
  return stream;
}

function attend(stream: Stream, address: string): void {
  const { source, listeners } = stream;
  const tell = (connection: Connection) => {
    stream.connection = connection;
    for (const listener of listeners) listener.onConnection(connection);
  };
  source.addEventListener("open", () => tell("open"));
  source.addEventListener("error", () => {
    tell("lost");
    // A lost connection is taken up again by the browser; an answer that is no stream is not.
    if (source.readyState !== EventSource.CLOSED) return;
    stream.again = setTimeout(() => {
      stream.source = new EventSource(address);
      attend(stream, address);
    }, AGAIN);
  });
  source.addEventListener("events", (message: MessageEvent<string>) => {
    const { items, left_out } = JSON.parse(message.data) as { items: LiveEvent[]; left_out: number };
    for (const listener of listeners) listener.onEvents(items, left_out);
  });
  source.addEventListener("changed", (message: MessageEvent<string>) => {
    const { integrations, all } = JSON.parse(message.data) as { integrations: string[]; all?: boolean };
    for (const listener of listeners) listener.onChanged(integrations, all ?? false);
  });
}
