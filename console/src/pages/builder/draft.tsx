/** The template being written: one text, which both tabs and the preview read. */
import { createContext, type ReactNode, use, useMemo, useState } from "react";

import type { Schemas } from "../../api/client";
import { apiScope, base, type Scope } from "../../api/scope";
import type { Finding } from "./model/findings";
import { JsonFault } from "./model/json";
import type { Shelf } from "./model/payload";
import { parse, type Template, textOf } from "./model/template";
import type { SampleEvent } from "./model/variables";
import { type Trial, useRendered } from "./rendered";

export interface Draft {
  /** Whose integration it is; where the routes of the scope begin; and the scope as the API writes it. */
  scope: Scope;
  base: string;
  apiScope: string;
  /** The integration that is being changed; absent for a new one. */
  integration: string | undefined;
  text: string;
  /** Whether there is something to save. */
  dirty: boolean;
  /** The text, read; of a text that is no template, the last one that was. */
  template: Template;
  /** Why the text is no template. */
  fault: JsonFault | undefined;
  /** Changes the template by way of what it is now. */
  edit: (change: (template: Template) => string) => void;
  setText: (text: string) => void;
  /** What the preview is made with. */
  event: SampleEvent;
  setEvent: (event: SampleEvent) => void;
  /** The draft as the server is asked about it: the last text that was a template. */
  trial: Trial;
  /** Whether there is enough of it to be tried: an empty form is no mistake yet. */
  begun: boolean;
  rendered: ReturnType<typeof useRendered>;
  /** What the server found in the draft, for the fields at fault to show. */
  findings: Finding[];
  /** Shows what saving found; until the next change, which it may have put right. */
  setRefused: (findings: Finding[]) => void;
  /** The draft as it was before its variables were replaced by values, while they are. */
  before: Before | undefined;
  setBefore: (before: Before | undefined) => void;
  shelf: Shelf;
  setShelf: (shelf: Shelf) => void;
  /** What the endpoint answered to a test, for the response template to choose from. */
  answer: Schemas["Answer"] | undefined;
  setAnswer: (answer: Schemas["Answer"] | undefined) => void;
}

/** A draft with variables, what it became with values, and the names that were kept. */
export interface Before {
  text: string;
  fixed: string;
  kept: string[];
}

const Context = createContext<Draft | null>(null);
const NOTHING: Finding[] = [];

/** The draft of the page one is on. */
export function useDraft(): Draft {
  const draft = use(Context);
  if (!draft) throw new Error("useDraft outside a draft");
  return draft;
}

export function DraftProvider({
  begin,
  dirtyFrom = begin,
  sample,
  scope,
  integration,
  children,
}: {
  /** The text to begin with, and the one that counts as saved when that is another. */
  begin: string;
  dirtyFrom?: string;
  /** The event to begin with. */
  sample: SampleEvent;
  scope: Scope;
  integration?: string;
  children: ReactNode;
}) {
  const [text, setText] = useState(begin);
  const [template, setTemplate] = useState(() => mustParse(begin));
  const [event, setEvent] = useState(sample);
  const [refused, setRefused] = useState({ text: "", findings: NOTHING });
  const [before, setBefore] = useState<Before>();
  const [shelf, setShelf] = useState<Shelf>({});
  const [answer, setAnswer] = useState<Schemas["Answer"]>();

  const parsed = useMemo(() => parse(text), [text]);
  const fault = parsed instanceof JsonFault ? parsed : undefined;
  if (!(parsed instanceof JsonFault) && parsed !== template) setTemplate(parsed);

  const owner = apiScope(scope);
  const trial = useMemo(
    (): Trial => ({ text: template.text, scope: owner, integration }),
    [template, owner, integration],
  );
  const begun = [textOf(template, "event"), textOf(template, "url")].every(
    (text) => text !== undefined && text !== "",
  );
  const rendered = useRendered(trial, event, begun);
  const previewed = begun ? (rendered.data?.findings ?? NOTHING) : NOTHING;
  return (
    <Context
      value={{
        scope,
        base: base(scope),
        apiScope: owner,
        integration,
        text,
        dirty: text !== dirtyFrom,
        template,
        fault,
        edit: (change) => setText((now) => changed(now, change)),
        setText,
        event,
        setEvent,
        trial,
        rendered,
        begun,
        findings: refused.text === text ? refused.findings : previewed,
        setRefused: (findings) => setRefused({ text, findings }),
        before,
        setBefore,
        shelf,
        setShelf,
        answer,
        setAnswer,
      }}
    >
      {children}
    </Context>
  );
}

/** Several changes may come before the page is drawn again: each takes the text as the one before left it. */
function changed(text: string, change: (template: Template) => string): string {
  const template = parse(text);
  return template instanceof JsonFault ? text : change(template);
}

function mustParse(text: string): Template {
  const template = parse(text);
  if (template instanceof JsonFault) throw template;
  return template;
}
