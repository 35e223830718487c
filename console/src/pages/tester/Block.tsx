import classes from "./tester.module.css";

/** Text that scrolls in its own frame; the keyboard can reach it to scroll. */
export function Block({ label, text, wrapped = false }: { label: string; text: string; wrapped?: boolean }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must take the focus.
    <pre tabIndex={0} aria-label={label} className={`${classes.block} ${wrapped ? classes.wrapped : ""}`}>
      {text}
    </pre>
  );
}
