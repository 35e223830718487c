import { Title, Typography } from "@mantine/core";
import { useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import Markdown, { type Components } from "react-markdown";

import guide from "../../../../docs/troubleshooting.md?raw";
import { Page } from "../../parts/Page";

/** The guide without its title, which is the page's, and without its pictures, which are of this console. */
const TEXT = guide.replace(/^# .*\n/, "").replaceAll(/^!\[.*\n/gm, "");

const PARTS: Components = {
  // A line may be longer than the page is wide; the keyboard scrolls what has the focus.
  // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
  pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
  h2: ({ children }) => {
    const name = String(children);
    return (
      <Title order={2} size="h4" id={name} style={{ scrollMarginTop: 72 }}>
        {titled(name)}
      </Title>
    );
  },
};

const SHORT = ["dns", "tls"];

/** `nothing-fires` as a title. */
function titled(name: string): string {
  if (SHORT.includes(name)) return name.toUpperCase();
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll("-", " ");
}

/** The troubleshooting guide, by situation; each card links to its own. */
export default function Help() {
  const { hash } = useLocation();
  useEffect(() => document.getElementById(hash)?.scrollIntoView(), [hash]);
  return (
    <Page title="When a webhook does not do what it should">
      <Typography maw={760} fz="sm">
        <Markdown components={PARTS}>{TEXT}</Markdown>
      </Typography>
    </Page>
  );
}
