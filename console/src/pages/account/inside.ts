const HERE = "http://inside.invalid";

/**
 * The path to go to after sign-in, when the address names one inside the console; else the start. A link from
 * elsewhere must not be able to send a person who has just given a password to another site.
 */
export function inside(to: string | undefined): string {
  if (to === undefined || !to.startsWith("/")) return "/";
  const url = URL.canParse(to, HERE) ? new URL(to, HERE) : undefined;
  if (url?.origin !== HERE || url.pathname.startsWith("//")) return "/";
  if (url.pathname === "/sign-in" || url.pathname === "/setup") return "/";
  return url.pathname + url.search + url.hash;
}
