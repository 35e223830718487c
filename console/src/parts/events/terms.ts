import type { Row } from "./ring";

/** What a filter text asks for: terms of one kind are alternatives, kinds and words must all fit. */
export interface Terms {
  /** Anywhere: in the name, the data or the device. */
  words: string[];
  /** A device's id or name, or a part of either. */
  device: string[];
  /** How the event's name begins, with upper and lower case told apart, as integrations do. */
  event: string[];
  /** In the data. */
  data: string[];
}

/** Names of devices by their ids. */
export type Names = ReadonlyMap<string, string>;

const TERM = /(?:(device|event|data):)?(?:"([^"]*)"?|(\S+))/gi;

/** Reads a filter text. Quotes hold spaces together; a key without a value asks for nothing yet. */
export function termsOf(text: string): Terms {
  const terms: Terms = { words: [], device: [], event: [], data: [] };
  for (const [, key, quoted, plain] of text.matchAll(TERM)) {
    const value = quoted ?? plain ?? "";
    const unfinished = key === undefined && /^(device|event|data):$/i.test(value);
    if (value === "" || unfinished) continue;
    terms[(key?.toLowerCase() as keyof Terms | undefined) ?? "words"].push(value);
  }
  return terms;
}

/** Whether nothing is asked for. */
export function isEmpty({ words, device, event, data }: Terms): boolean {
  return words.length + device.length + event.length + data.length === 0;
}

/** Whether a row has what the terms ask for. */
export function fits(terms: Terms, { event, heardFor }: Row, names: Names): boolean {
  const name = names.get(event.coreid) ?? "";
  const data = event.data ?? "";
  return (
    anyOrNone(terms.event, (start) => event.name.startsWith(start)) &&
    anyOrNone(terms.data, (part) => holds(data, part)) &&
    anyOrNone(
      terms.device,
      (part) => holds(event.coreid, part) || holds(name, part) || heardFor === deviceMeant(part, names),
    ) &&
    terms.words.every((word) => [event.name, data, name, event.coreid].some((text) => holds(text, word)))
  );
}

function anyOrNone(wanted: string[], fit: (one: string) => boolean): boolean {
  return wanted.length === 0 || wanted.some(fit);
}

function holds(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}

/** What the server can filter by itself, so that a busy stream is sampled from the right events. */
export function forServer({ device, event }: Terms, names: Names): { name?: string; device?: string } {
  const [name, otherName] = event;
  const [wanted, otherDevice] = device;
  const id = wanted !== undefined && otherDevice === undefined ? deviceMeant(wanted, names) : undefined;
  return {
    ...(name !== undefined && otherName === undefined ? { name } : {}),
    ...(id === undefined ? {} : { device: id }),
  };
}

/** The device that a term names for certain: by its whole id, or by its whole name when only one has it. */
function deviceMeant(term: string, names: Names): string | undefined {
  const lower = term.toLowerCase();
  if (/^[0-9a-f]{24}$/.test(lower)) return lower;
  const called = [...names].filter(([, name]) => name.toLowerCase() === lower);
  return called.length === 1 ? called[0]?.[0] : undefined;
}
