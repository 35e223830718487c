import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

/** What the address says behind its question mark. */
export type Asked = Readonly<Record<string, string | undefined>>;

/**
 * What a page is told behind the question mark, as text, and a way to change it. The page stays where it is;
 * what is set to nothing goes.
 */
export function useAddress(): [Asked, (changes: Asked) => void] {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const navigate = useNavigate();
  const asked = useMemo(
    () => Object.fromEntries(Object.entries(search).map(([name, value]) => [name, String(value)])),
    [search],
  );
  const change = useCallback(
    (changes: Asked) =>
      void navigate({
        to: ".",
        search: (old: object) => cleaned({ ...old, ...changes }),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  return [asked, change];
}

function cleaned(search: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== undefined && value !== ""),
  );
}
